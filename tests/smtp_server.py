"""A real SMTP server over TCP that says what a test wants, and sockets that behave worse than any server."""

import asyncio
import email.policy
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Inbox:
    """What arrived, and what to answer; a reply by verb, `250 OK` when there is none."""

    def __init__(self, **replies: str) -> None:
        self.replies = replies
        self.envelopes: list[Envelope] = []
        self.was_tls: list[bool] = []
        self.hellos: list[str] = []
        self.seconds_before_the_answer = 0.0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.hellos.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.replies.get("mail", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such person"
        if "rcpt" not in self.replies:
            envelope.rcpt_tos.append(address)
        return self.replies.get("rcpt", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "data" in self.replies:
            return self.replies["data"]
        self.envelopes.append(envelope)
        self.was_tls.append(session.ssl is not None)
        await asyncio.sleep(self.seconds_before_the_answer)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.replies.get("quit", "221 Bye")

    @property
    def mails(self) -> list[EmailMessage]:
        contents = [cast(bytes, envelope.content) for envelope in self.envelopes]
        return [cast(EmailMessage, message_from_bytes(content, policy=email.policy.default)) for content in contents]

    def last(self) -> EmailMessage:
        return self.mails[-1]


@contextmanager
def serving(inbox: Inbox, *, port: int = 0, **options: Any) -> Iterator[int]:
    """The port of a server that fills `inbox`."""
    controller = Controller(inbox, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def misbehaving(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of something that does `talk` to whoever connects, until the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        lines: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    lines.append(listener.accept()[0])
                    threading.Thread(target=_quietly, args=(talk, lines[-1]), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    for line in lines:
        line.close()


def _quietly(talk: Callable[[socket.socket], None], line: socket.socket) -> None:
    with suppress(OSError):
        talk(line)
