"""A mail as an SMTP server gets it, over TCP (RFC 5321, RFC 5322)."""

import email.policy
import smtplib
import socket
import ssl
import uuid
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from idp.mail import transport
from tests.unit.mail.certificate import write_certificate

PAYLOAD = {
    "to": "ada@example.com",
    "sender_name": "Müller & Söhne",
    "subject": "Your Müller account",
    "text": "Sign in at https://id.example.com/t/acme/login",
    "html": "<p>Sign in</p>",
}


class Inbox:
    """What arrived."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.was_tls: list[bool] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.was_tls.append(session.ssl is not None)
        return "250 OK"

    def last(self) -> EmailMessage:
        content = cast(bytes, self.envelopes[-1].content)
        return cast(EmailMessage, message_from_bytes(content, policy=email.policy.default))


def serve(inbox: Inbox, **options: Any) -> Controller:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    return controller


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def url(inbox: Inbox) -> Iterator[str]:
    controller = serve(inbox)
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


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
    assert mail["Date"] is not None
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert "https://id.example.com/t/acme/login" in cast(EmailMessage, text).get_content()
    assert inbox.envelopes[-1].mail_from == "no-reply@id.example.com"


def test_a_second_delivery_has_the_same_message_id(url: str, inbox: Inbox) -> None:
    transport.send(url, compose())
    first = inbox.last()["Message-ID"]
    transport.send(url, compose())
    assert inbox.last()["Message-ID"] == first == f"<{uuid.UUID(int=7)}@id.example.com>"


@pytest.mark.parametrize("field", ["to", "sender_name", "subject"])
def test_a_line_break_cannot_add_a_header(field: str) -> None:
    """R56."""
    with pytest.raises((ValueError, IndexError)):
        compose(**{field: "x@example.com\r\nBcc: everyone@example.com"}).as_bytes()


def test_a_mail_has_one_recipient(url: str, inbox: Inbox) -> None:
    transport.send(url, compose())
    assert inbox.envelopes[-1].rcpt_tos == ["ada@example.com"]


def test_a_refused_recipient_is_an_error(url: str, inbox: Inbox) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        transport.send(url, compose(to="nobody@example.com"))
    assert inbox.envelopes == []


def test_a_server_that_is_away_is_an_error(url: str, inbox: Inbox) -> None:
    with pytest.raises(OSError, match="refused"):
        transport.send("smtp://127.0.0.1:1", compose())


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context, whose certificate this process trusts from now on."""
    certificate, key = write_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return context


def test_the_password_goes_through_starttls_only(inbox: Inbox, tls: ssl.SSLContext) -> None:
    seen: list[LoginPassword] = []

    def authenticate(_server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        assert session.ssl is not None
        seen.append(data)
        return AuthResult(success=True)

    controller = serve(inbox, tls_context=tls, require_starttls=True, auth_required=True, authenticator=authenticate)
    try:
        transport.send(f"smtp://us%40er:p%3Ass@localhost:{controller.port}", compose())
    finally:
        controller.stop()
    assert (seen[0].login, seen[0].password) == (b"us@er", b"p:ss")
    assert inbox.was_tls == [True]


def test_a_certificate_of_another_name_is_refused(inbox: Inbox, tls: ssl.SSLContext) -> None:
    controller = serve(inbox, tls_context=tls)
    try:
        with pytest.raises(ssl.SSLCertVerificationError):
            transport.send(f"smtp://127.0.0.1:{controller.port}", compose())
    finally:
        controller.stop()
    assert inbox.envelopes == []


def test_smtps(inbox: Inbox, tls: ssl.SSLContext) -> None:
    controller = serve(inbox, ssl_context=tls)
    try:
        transport.send(f"smtps://localhost:{controller.port}", compose())
    finally:
        controller.stop()
    assert len(inbox.envelopes) == 1
