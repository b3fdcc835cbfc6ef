"""Whom PostgreSQL runs as. It refuses to be root, so root lends it an account that can do little."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.dev.errors import CannotStart

CLEAN_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""For servers: a PGPORT or LD_PRELOAD of the developer's shell must not reach them."""


@dataclass(frozen=True)
class Account:
    """A user of this machine, by number."""

    uid: int
    gid: int

    def runs(self, argv: Sequence[str | Path]) -> bool:
        """Whether `argv` succeeds as this user: the one answer that knows of modes, ACLs and mount options."""
        try:
            done = subprocess.run(
                argv,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                env=CLEAN_ENVIRONMENT,
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can reach and enter `folder`."""
        return self.runs(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder])


def server_account() -> Account | None:
    """Whom PostgreSQL runs as: None, ourselves, unless we are root.

    Raises:
        CannotStart: we are root in name only, and cannot become anyone else.
    """
    if os.geteuid() != 0:
        return None
    account = _nobody()
    if not account.runs(["/bin/sh", "-c", ":"]):
        raise CannotStart(
            "PostgreSQL does not run as root, and this root cannot become another user; be an ordinary user."
        )
    return account


def _nobody() -> Account:
    for name in ("nobody", "postgres"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise CannotStart("PostgreSQL does not run as root, and there is no user `nobody` here to run it as.")
