"""Files and folders that nobody else may read, replace or pre-empt, and locks that die with their holders."""

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from idp.dev.accounts import Account
from idp.dev.errors import AlreadyRunning, CannotStart

SOCKET_PATH_BYTES = 103  # sun_path less its NUL: 107 on Linux, 103 on macOS
LAST_BREATH = 30.0  # seconds in which what a killed run left behind ends; PostgreSQL writes a checkpoint


def data_folder(path: Path) -> Path:
    """Make the folder of an instance. Root's can be passed through, not listed, so that servers get to theirs."""
    path = path.absolute()
    with _explained(path):
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path.resolve()


def private_folder(path: Path, account: Account | None = None) -> Path:
    """Make `path` a 0700 folder of ours, or of `account`.

    Raises:
        CannotStart: something that we would have to trust is there already and belongs to somebody else.
    """
    owner = account.uid if account else os.geteuid()
    with _explained(path):
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode):
                raise CannotStart(f"{path} must be a folder; remove what is in its place.") from None
            if found.st_uid != owner:
                raise CannotStart(f"{path} must belong to user id {owner}, not {found.st_uid}.") from None
        else:
            if account:
                os.chown(path, account.uid, account.gid, follow_symlinks=False)
        path.chmod(0o700)
    return path


def write_private(path: Path, text: str, account: Account | None = None) -> None:
    """Write a 0600 file of ours, or of `account`: whole or not at all, even through a crash."""
    with _explained(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 from the start
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                if account:
                    os.fchown(file.fileno(), account.uid, account.gid)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def socket_folder(preferred: Path, longest_name: str, account: Account | None = None) -> Path:
    """Make a folder for sockets: `preferred`, or a short one where an address cannot hold their paths."""

    def fits(folder: Path) -> bool:
        path = os.fsencode(folder / longest_name)
        return len(path) <= SOCKET_PATH_BYTES and b"," not in path  # libpq takes a comma for a second host

    if not fits(preferred):
        preferred = Path(tempfile.gettempdir()) / f"idp-{path_digest(preferred)}"
    if not fits(preferred):
        raise CannotStart(f"{preferred} is no path for a socket; set TMPDIR to a shorter folder.")
    return private_folder(preferred, account)


def path_digest(path: Path) -> str:
    """A short name for a path, the same in every run and different for every user."""
    return hashlib.sha256(b"%d:%b" % (os.geteuid(), os.fsencode(path))).hexdigest()[:16]


class Lock:
    """An exclusive lock on a file, held until every process that inherited `fd` has ended.

    Raises:
        AlreadyRunning: it stayed taken for `patience` seconds; the message is `taken`.
    """

    def __init__(self, path: Path, *, taken: str, patience: float = 0.5) -> None:
        with _explained(path):
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while not _try(self.fd, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                holder = os.pread(self.fd, 20, 0).decode("ascii", "replace").strip()
                self.close()
                raise AlreadyRunning(f"{taken.removesuffix('.')} (process {holder})." if holder else taken)
            time.sleep(0.02)

    def sign(self, pid: int) -> None:
        """Leave the holder's pid in the file, for whoever finds the lock taken."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, b"%d\n" % pid, 0)

    def close(self) -> None:
        """Let go of our hold; children that inherited it keep theirs."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def is_locked(path: Path) -> bool:
    """Whether a living process holds the `Lock` on `path`."""
    try:
        with _explained(path):
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try(fd, fcntl.LOCK_SH)
    finally:
        os.close(fd)


def _try(fd: int, operation: int) -> bool:
    try:
        fcntl.flock(fd, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the two refusals that people meet into sentences."""
    try:
        yield
    except PermissionError as error:
        raise CannotStart(f"{path} belongs to another user; run as that user, or choose another folder.") from error
    except (NotADirectoryError, FileExistsError) as error:
        raise CannotStart(f"{path} cannot be made: something else is in its place.") from error
