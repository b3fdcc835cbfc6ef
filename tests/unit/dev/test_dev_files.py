import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from idp.dev import files
from idp.dev.accounts import Account
from idp.dev.errors import AlreadyRunning, CannotStart

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs another user's files")


def test_a_private_file_is_whole_and_only_ours(folder: Path) -> None:
    path = folder / "secret"
    path.write_text("a longer text than the next")
    path.chmod(0o644)
    files.write_private(path, "short")
    assert path.read_text() == "short"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*folder.iterdir()] == [path]


def test_a_link_planted_where_a_private_folder_belongs_is_refused(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "planted").symlink_to("elsewhere")
    with pytest.raises(CannotStart, match="must be a folder"):
        files.private_folder(folder / "planted")


@as_root
def test_a_private_folder_of_somebody_else_is_refused(folder: Path) -> None:
    files.private_folder(folder / "theirs", Account(65534, 65534))
    with pytest.raises(CannotStart, match="must belong to user id 0, not 65534"):
        files.private_folder(folder / "theirs")


def test_a_private_folder_that_was_open_is_closed(folder: Path) -> None:
    (folder / "open").mkdir(mode=0o777)
    assert files.private_folder(folder / "open").stat().st_mode & 0o777 == 0o700


def test_sockets_with_long_paths_move_to_a_short_private_folder(folder: Path) -> None:
    deep = folder / ("d" * 90)
    deep.mkdir()
    moved = files.socket_folder(deep, "server.sock")
    try:
        assert len(os.fsencode(moved / "server.sock")) <= files.SOCKET_PATH_BYTES
        assert moved.stat().st_mode & 0o777 == 0o700
        assert files.socket_folder(deep, "server.sock") == moved
    finally:
        moved.rmdir()


def test_a_lock_names_its_holder_to_the_second_comer(folder: Path) -> None:
    lock = files.Lock(folder / "lock", taken="Taken.")
    lock.sign(4711)
    with pytest.raises(AlreadyRunning, match=r"^Taken \(process 4711\)\.$"):
        files.Lock(folder / "lock", taken="Taken.", patience=0)
    lock.close()
    files.Lock(folder / "lock", taken="Taken.").close()


def test_a_lock_ends_with_its_holder_however_it_dies(folder: Path) -> None:
    program = (
        "import sys, time, pathlib; from idp.dev.files import Lock\n"
        "lock = Lock(pathlib.Path(sys.argv[1]), taken=''); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, folder / "lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert files.is_locked(folder / "lock")
        holder.send_signal(signal.SIGKILL)
    assert not files.is_locked(folder / "lock")
    assert not files.is_locked(folder / "never made")
