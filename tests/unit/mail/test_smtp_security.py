"""What a mail server must show before it gets a password, and where a tenant's own may stand (R52; RFC 3207, 8314)."""

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session

from idp import outbound
from idp.mail import smtp, transport
from idp.mail.smtp import NoTLS
from idp.outbound import Outbound, OutboundRefused
from tests.smtp_server import Inbox, misbehaving, serving
from tests.unit.mail.certificate import write_certificate
from tests.unit.mail.test_transport import compose

HERE = Outbound(["127.0.0.0/8"])


class Doorman:
    """Remembers what it was told, and lets everybody in who is not `mallory`."""

    def __init__(self) -> None:
        self.seen: list[LoginPassword] = []

    def __call__(self, _server: SMTP, session: Session, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.seen.append(data)
        return AuthResult(success=data.login != b"mallory", handled=data.login != b"mallory")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context, whose certificate this process trusts from now on."""
    certificate, key = write_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return context


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback passes for another machine."""
    monkeypatch.setattr(smtp, "_is_this_machine", lambda _connected: False)


@pytest.mark.usefixtures("elsewhere")
def test_the_password_goes_through_starttls(inbox: Inbox, tls: ssl.SSLContext) -> None:
    doorman = Doorman()
    with serving(inbox, tls_context=tls, require_starttls=True, auth_required=True, authenticator=doorman) as port:
        transport.send(f"smtp://us%40er:p%3Ass@localhost:{port}", compose())
    assert [(seen.login, seen.password) for seen in doorman.seen] == [(b"us@er", b"p:ss")]
    assert inbox.was_tls == [True]


@pytest.mark.usefixtures("elsewhere")
def test_without_tls_another_machine_gets_no_password(inbox: Inbox) -> None:
    doorman = Doorman()
    with serving(inbox, auth_require_tls=False, authenticator=doorman) as port, pytest.raises(NoTLS):
        transport.send(f"smtp://user:password@127.0.0.1:{port}", compose())
    assert doorman.seen == []
    assert inbox.envelopes == []


def test_a_relay_on_this_machine_may_do_without(inbox: Inbox) -> None:
    doorman = Doorman()
    with serving(inbox, auth_require_tls=False, authenticator=doorman) as port:
        transport.send(f"smtp://user:password@127.0.0.1:{port}", compose())
    assert len(doorman.seen) == len(inbox.envelopes) == 1


def test_a_wrong_password_is_worth_another_try(inbox: Inbox) -> None:
    with (
        serving(inbox, auth_require_tls=False, authenticator=Doorman()) as port,
        pytest.raises(smtp.smtplib.SMTPAuthenticationError),
    ):
        transport.send(f"smtp://mallory:password@127.0.0.1:{port}", compose())
    assert inbox.envelopes == []


def test_a_certificate_of_another_name_is_refused(inbox: Inbox, tls: ssl.SSLContext) -> None:
    with serving(inbox, tls_context=tls) as port, pytest.raises(ssl.SSLCertVerificationError):
        transport.send(f"smtp://127.0.0.1:{port}", compose())
    assert inbox.envelopes == []


def test_smtps(inbox: Inbox, tls: ssl.SSLContext) -> None:
    with serving(inbox, ssl_context=tls) as port:
        transport.send(f"smtps://localhost:{port}", compose())
    assert len(inbox.envelopes) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]"]
)
def test_a_tenants_server_does_not_stand_in_our_network(host: str) -> None:
    """R52."""
    asked: list[socket.socket] = []
    with misbehaving(asked.append) as port, pytest.raises(OutboundRefused):
        transport.send(f"smtp://{host}:{port}", compose(), outbound=Outbound())
    assert asked == []


def test_a_tenants_server_listens_where_mail_servers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, int]] = []

    def connect(addresses: list[object], port: int) -> socket.socket:
        called.append((str(addresses[0]), port))
        raise ConnectionRefusedError

    monkeypatch.setattr(outbound, "_connect", connect)
    for port, error in ((587, ConnectionRefusedError), (22, OutboundRefused), (443, OutboundRefused)):
        with pytest.raises(error):
            transport.send(f"smtp://93.184.216.34:{port}", compose(), outbound=Outbound())
    assert called == [("93.184.216.34", 587)]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_tenants_server_shows_a_certificate_of_its_name(scheme: str, inbox: Inbox, tls: ssl.SSLContext) -> None:
    """The address that was checked is the one that is called; the certificate is of the name."""
    context = {"tls_context" if scheme == "smtp" else "ssl_context": tls}
    with serving(inbox, **context) as port:
        transport.send(f"{scheme}://localhost:{port}", compose(), outbound=HERE)
        with pytest.raises(ssl.SSLCertVerificationError):
            transport.send(f"{scheme}://127.0.0.1:{port}", compose(), outbound=HERE)
    assert len(inbox.envelopes) == 1


@pytest.mark.usefixtures("elsewhere")
def test_a_tenants_server_without_tls_gets_nothing(inbox: Inbox) -> None:
    with serving(inbox) as port, pytest.raises(NoTLS):
        transport.send(f"smtp://127.0.0.1:{port}", compose(), outbound=HERE)
    assert inbox.envelopes == []
