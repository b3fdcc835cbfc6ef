"""A mail as an SMTP server gets it, over TCP (RFC 5321, RFC 5322)."""

import smtplib
import socket
import time
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from typing import cast

import pytest

from idp.mail import transport
from idp.mail.errors import MailSettingsInvalid, Undeliverable
from tests.smtp_server import Inbox, misbehaving, serving

PAYLOAD = {
    "to": "ada@example.com",
    "sender_name": "Müller & Söhne",
    "subject": "Your Müller account",
    "text": "Sign in at https://id.example.com/t/acme/login",
    "html": "<p>Sign in</p>",
}


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def url(inbox: Inbox) -> Iterator[str]:
    with serving(inbox) as port:
        yield f"smtp://127.0.0.1:{port}"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bound, smaller."""
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.7)


def compose(**changes: str) -> EmailMessage:
    return transport.compose(PAYLOAD | changes, message_id=uuid.UUID(int=7), mail_from="no-reply@id.example.com")


def test_both_parts_arrive_from_the_tenant_by_name(url: str, inbox: Inbox) -> None:
    transport.send(url, compose())
    mail = inbox.last()
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Müller & Söhne", "no-reply@id.example.com")
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"] == "Your Müller account"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] is None
    assert mail["Date"] is not None
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "https://id.example.com/t/acme/login" in cast(EmailMessage, text).get_content()
    assert inbox.envelopes[-1].mail_from == "no-reply@id.example.com"


def test_a_server_is_not_told_the_name_of_our_machine(url: str, inbox: Inbox) -> None:
    transport.send(url, compose())
    assert inbox.hellos == ["id.example.com"]


def test_a_second_delivery_has_the_same_message_id(url: str, inbox: Inbox) -> None:
    transport.send(url, compose())
    first = inbox.last()["Message-ID"]
    transport.send(url, compose())
    assert inbox.last()["Message-ID"] == first == f"<{uuid.UUID(int=7)}@id.example.com>"


def test_the_message_id_stays_when_the_sender_changes() -> None:
    one, other = (
        transport.compose(PAYLOAD, message_id=uuid.UUID(int=7), mail_from=sender, host="id.example.com")
        for sender in ("no-reply@id.example.com", "hello@acme.example")
    )
    assert one["Message-ID"] == other["Message-ID"]


@pytest.mark.parametrize("field", ["to", "sender_name", "subject"])
def test_a_line_break_cannot_add_a_header(field: str) -> None:
    """R56."""
    with pytest.raises(Undeliverable):
        compose(**{field: "x@example.com\r\nBcc: everyone@example.com"}).as_bytes()


def test_a_mail_has_one_recipient(url: str, inbox: Inbox) -> None:
    transport.send(url, compose())
    assert inbox.envelopes[-1].rcpt_tos == ["ada@example.com"]


def test_a_domain_in_another_script_needs_no_more_than_an_old_server() -> None:
    """Only a local part of its own script needs SMTPUTF8 (RFC 6531); the ß of a domain is not its ss (IDNA 2008)."""
    inbox = Inbox()
    with serving(inbox, enable_SMTPUTF8=False) as port:
        mail = transport.compose(
            PAYLOAD | {"to": "ada@straße.example"}, message_id=uuid.UUID(int=7), mail_from="no-reply@münchen.example"
        )
        transport.send(f"smtp://127.0.0.1:{port}", mail)
    assert inbox.envelopes[-1].rcpt_tos == ["ada@xn--strae-oqa.example"]
    assert inbox.envelopes[-1].mail_from == "no-reply@xn--mnchen-3ya.example"
    assert inbox.hellos == ["xn--mnchen-3ya.example"]


@pytest.mark.parametrize("verb", ["rcpt", "data"])
def test_a_5yz_about_this_mail_is_for_good(verb: str) -> None:
    """RFC 5321 §4.2.1."""
    inbox = Inbox(**{verb: "554 we do not want it"})
    with serving(inbox) as port, pytest.raises(Undeliverable, match="554 we do not want it"):
        transport.send(f"smtp://127.0.0.1:{port}", compose())
    assert inbox.envelopes == []


@pytest.mark.parametrize(
    ("verb", "reply", "error"),
    [
        ("rcpt", "450 greylisted", smtplib.SMTPRecipientsRefused),
        ("rcpt", "421 going down", smtplib.SMTPRecipientsRefused),
        ("data", "451 not now", smtplib.SMTPDataError),
        ("mail", "550 not as this sender", smtplib.SMTPSenderRefused),  # ours to mend, and not this mail's fault
    ],
)
def test_anything_else_may_pass(verb: str, reply: str, error: type[Exception]) -> None:
    with serving(Inbox(**{verb: reply})) as port, pytest.raises(error):
        transport.send(f"smtp://127.0.0.1:{port}", compose())


def test_a_server_that_is_away_is_an_error() -> None:
    with pytest.raises(OSError, match="refused"):
        transport.send("smtp://127.0.0.1:1", compose())


def hang(line: socket.socket) -> None:
    time.sleep(3)


def trickle(line: socket.socket) -> None:
    while True:
        line.sendall(b"2")
        time.sleep(0.05)


def go_on_for_ever(line: socket.socket) -> None:
    while True:
        line.sendall(b"220-" + b"x" * 500 + b"\r\n")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("talk", [hang, trickle])
def test_a_slow_server_costs_a_bounded_time(talk: object) -> None:
    began = time.monotonic()
    with misbehaving(talk) as port, pytest.raises(TimeoutError):  # type: ignore[arg-type]
        transport.send(f"smtp://127.0.0.1:{port}", compose())
    assert time.monotonic() - began < 2


def test_a_server_that_talks_too_much_is_cut_off() -> None:
    with misbehaving(go_on_for_ever) as port, pytest.raises((OSError, smtplib.SMTPException)):
        transport.send(f"smtp://127.0.0.1:{port}", compose())


@pytest.mark.parametrize("reply", ["421 whatever", "554 no"])
def test_what_happens_after_the_mail_was_taken_is_no_failure(reply: str) -> None:
    inbox = Inbox(quit=reply)
    with serving(inbox) as port:
        transport.send(f"smtp://127.0.0.1:{port}", compose())
    assert len(inbox.envelopes) == 1


def taking_it_and_hanging(line: socket.socket) -> None:
    file = line.makefile("rb")
    line.sendall(b"220 here\r\n")
    for said in iter(file.readline, b""):
        if said.lower().startswith(b"data"):
            line.sendall(b"354 go\r\n")
            while file.readline() != b".\r\n":
                pass
        elif said.lower().startswith(b"quit"):
            time.sleep(3)
        line.sendall(b"250 OK\r\n")


@pytest.mark.usefixtures("hasty")
def test_a_server_that_hangs_after_it_took_the_mail_has_it() -> None:
    with misbehaving(taking_it_and_hanging) as port:
        transport.send(f"smtp://127.0.0.1:{port}", compose())


@pytest.mark.parametrize(
    "url", ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://x:99999", "smtp:///x"]
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(MailSettingsInvalid):
        transport.send(url, compose())
