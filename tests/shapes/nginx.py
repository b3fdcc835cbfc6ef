"""nginx before web hosts, by the file of nginx.md, with a certificate of its own."""

import datetime as dt
import ipaddress
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.dev.accounts import CLEAN_ENVIRONMENT
from idp.dev.process import Child
from tests.live.programs import answers, free_port
from tests.shapes import debian
from tests.shapes.pages import configuration

MAIN = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/idp.conf;
}}
"""


class Nginx:
    """One nginx.  Start it from the main thread.

    Args:
        folder: for its files; made by the caller.
        hosts: ports of the two web hosts.
        port: where it speaks TLS.
    """

    def __init__(self, folder: Path, hosts: Sequence[int], port: int) -> None:
        self.folder, self.port, self.plain_port = folder, port, free_port()
        self.certificate = folder / "idp.crt"
        write_certificate(self.certificate, folder / "idp.key")
        first, second = hosts
        here = {
            "10.0.0.11:8000": f"127.0.0.1:{first}",
            "10.0.0.12:8000": f"127.0.0.1:{second}",
            "listen 443": f"listen 127.0.0.1:{port}",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "id.example.com": "localhost",
            "/etc/nginx": str(folder),
            "/var/log/nginx": str(folder),
        }
        (folder / "idp.conf").write_text(configuration("nginx", "idp.conf", here))
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def start(self) -> None:
        """Start, and wait until it listens."""
        program = debian.find("nginx")
        argv = [program.path, "-p", str(self.folder), "-e", self.folder / "early.log", "-c", self.folder / "nginx.conf"]
        self.child = Child("nginx", argv, log=self.folder / "said.log", env={**CLEAN_ENVIRONMENT, **program.env})
        self.child.wait_until(lambda: answers(self.port), timeout=15)

    def log(self) -> list[str]:
        """What it wrote of each request so far."""
        return (self.folder / "idp.log").read_text().splitlines()

    def stop(self) -> None:
        if hasattr(self, "child"):
            self.child.stop()


def write_certificate(certificate: Path, key_file: Path) -> None:
    """A certificate of localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*form))
    key_file.chmod(0o600)


@contextmanager
def proxied(hosts: Sequence[int], *, port: int = 0) -> Iterator[Nginx]:
    """An nginx in a folder of its own, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="idp-nginx-"))
    nginx = Nginx(folder, hosts, port or free_port())
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
        shutil.rmtree(folder, ignore_errors=True)
