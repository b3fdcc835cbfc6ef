"""Apache with mod_auth_openidc as relying party, on a loopback port, with a configuration of its own."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from node import locked
from programs import program

PROGRAM = Path("/usr/sbin/apache2")
MODULES = Path("/usr/lib/apache2/modules")
POLICY = Path("/usr/sbin/policy-rc.d")
PACKAGES = ("apache2-bin", "libapache2-mod-auth-openidc")

CONFIGURATION = """
ServerName localhost
Listen 127.0.0.1:{port}
ServerRoot {home}
PidFile {home}/apache.pid
Mutex file:{home} default
ErrorLog {home}/error.log
LogLevel warn auth_openidc:info
{load}
{identity}
DocumentRoot {home}/htdocs

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://localhost:{port}/oidc/callback
OIDCDefaultLoggedOutURL http://localhost:{port}/
OIDCCryptoPassphrase {passphrase}
OIDCScope "openid email profile"
OIDCPKCEMethod S256
OIDCResponseMode query

<Directory {home}/htdocs>
  Require all granted
</Directory>
<LocationMatch "^/(private|oidc)">
  AuthType openid-connect
  Require valid-user
  Header always set X-Claim-Email "%{{OIDC_CLAIM_email}}e"
  Header always set X-Claim-Iss "%{{OIDC_CLAIM_iss}}e"
  Header always set X-Claim-Sub "%{{OIDC_CLAIM_sub}}e"
</LocationMatch>
"""


@cache
def unavailable() -> str | None:
    """Why there is no Apache here, in one line; None when there is one.  Installs it where that is allowed."""
    if _installed():
        return None
    if not shutil.which("apt-get"):
        return "Apache with mod_auth_openidc is missing, and only Debian's and Ubuntu's packages are known here."
    if os.geteuid() != 0:
        return f"Apache with mod_auth_openidc is missing (apt install {' '.join(PACKAGES)})."
    with locked("apt"):
        return None if _installed() else _install()


def _installed() -> bool:
    return PROGRAM.exists() and (MODULES / "mod_auth_openidc.so").exists()


def _install() -> str | None:
    starts_services = not POLICY.exists()
    if starts_services:  # a package's service must not start: it would take port 80
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
            done = subprocess.run(
                ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *arguments],
                check=False,
                capture_output=True,
                text=True,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                timeout=300,
            )
            if done.returncode:
                said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                return f"Apache with mod_auth_openidc could not be installed: {said}"
    finally:
        if starts_services:
            POLICY.unlink()
    return None if _installed() else "Apache's packages are installed, but mod_auth_openidc is not among them."


@contextmanager
def apache(*, port: int, issuer: str, client_id: str, client_secret: str) -> Iterator[str]:
    """Apache in the foreground as our child; yields its address.  `/private/` needs a sign-in and says who it is."""
    home = Path(tempfile.mkdtemp(prefix="idp-apache-"))
    modules = ["mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc", "headers", "env", "dir"]
    present = [name for name in modules if (MODULES / f"mod_{name}.so").exists()]
    text = CONFIGURATION.format(
        home=home,
        port=port,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        passphrase=secrets.token_hex(16),
        load="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in present),
        identity="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
    )
    (home / "apache.conf").write_text(text)
    (home / "apache.conf").chmod(0o600)
    (home / "htdocs" / "private").mkdir(parents=True)
    (home / "htdocs" / "index.html").write_text("public")
    (home / "htdocs" / "private" / "index.html").write_text("private")
    home.chmod(0o755)
    try:
        with program([str(PROGRAM), "-d", str(home), "-f", "apache.conf", "-DFOREGROUND"], port) as address:
            yield address
    except AssertionError as failure:
        log = home / "error.log"
        failure.add_note(log.read_text()[-2000:] if log.exists() else "Apache left no log.")
        raise
    finally:
        shutil.rmtree(home, ignore_errors=True)
