"""A name server on loopback that speaks the real protocol over UDP: a few TXT records, and every way not to answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """What it knows, by name.

    Attributes:
        records: TXT records by absolute name, as between the quotes of a zone file; other names do not exist.
        broken: names that are answered with SERVFAIL.
        silent: names that are not answered.
        garbled: names that are answered with noise.
        truncated: names whose answer is too large for a datagram; nobody is there to be asked by TCP.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.garbled: set[str] = set()
        self.truncated: set[str] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            wire, peer = self._socket.recvfrom(4096)
            if not wire:
                self._socket.close()
                return
            query = dns.message.from_wire(wire)
            name = query.question[0].name.to_text().rstrip(".")
            if name not in self.silent:
                self._socket.sendto(b"\x00noise" if name in self.garbled else self._answer(query, name), peer)

    def stop(self) -> None:
        """An empty datagram is what it stops at."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            host, _, port = self.address.partition(":")
            sender.sendto(b"", (host, int(port)))

    def _answer(self, query: dns.message.Message, name: str) -> bytes:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.truncated:
            answer.flags |= dns.flags.TC
        elif name in self.records:
            texts = [f'"{text}"' for text in self.records[name]]
            answer.answer.append(dns.rrset.from_text_list(query.question[0].name, 60, "IN", "TXT", texts))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire(max_size=65_535)


@contextmanager
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(5)
