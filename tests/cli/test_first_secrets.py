import base64
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from idp.config import Settings
from idp.db import provision
from tests.cli.conftest import Terminal

URLS = ("IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL", "IDP_OWNER_DATABASE_URL")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    serving, migrating = tmp_path / "serving", tmp_path / "migrating"
    serving.mkdir()
    migrating.mkdir()
    return serving, migrating


def write(idp: Terminal, folders: tuple[Path, Path]) -> list[str]:
    serving, migrating = folders
    return idp.json("secrets", "--serving", str(serving), "--migrating", str(migrating))["made"]


def contents(folders: tuple[Path, Path]) -> dict[str, str]:
    return {path.name: path.read_text() for folder in folders for path in folder.iterdir()}


def test_what_it_writes_are_settings_that_production_takes(idp: Terminal, folders: tuple[Path, Path]) -> None:
    write(idp, folders)
    serving, migrating = folders
    files = {f"{path.name}_FILE": str(path) for path in (*serving.iterdir(), migrating / "IDP_OWNER_DATABASE_URL")}
    settings = Settings.load(files | {"IDP_BASE_URL": "https://id.example.com"})
    wanted = provision.Configured.by(settings)
    assert wanted.database == "idp"
    assert len({*wanted.passwords.values()}) == 3
    assert list(settings.key_encryption_keys) == ["k1"]


def test_whoever_serves_gets_no_password_that_could_change_the_schema(
    idp: Terminal, folders: tuple[Path, Path]
) -> None:
    write(idp, folders)
    serving, migrating = folders
    assert sorted(path.name for path in serving.iterdir()) == [
        "IDP_DATABASE_URL",
        "IDP_MASTER_KEYS",
        "IDP_PLATFORM_DATABASE_URL",
    ]
    served = "".join(path.read_text() for path in serving.iterdir())
    for name in ("IDP_OWNER_DATABASE_URL", "ADMIN_DATABASE_URL"):
        password = make_url((migrating / name).read_text()).password
        assert password
        assert password not in served
    assert make_url((migrating / "ADMIN_DATABASE_URL").read_text()).password == contents(folders)["POSTGRES_PASSWORD"]


def test_a_server_on_the_same_machine_is_found_by_the_folder_of_its_socket(
    idp: Terminal, folders: tuple[Path, Path]
) -> None:
    serving, migrating = folders
    idp.json("secrets", "--serving", str(serving), "--migrating", str(migrating), "--database-host", "/run/postgresql")
    url = make_url((serving / "IDP_DATABASE_URL").read_text())
    assert (url.host, url.query["host"], url.database) == (None, "/run/postgresql", "idp")


def test_secrets_that_are_there_stay_and_those_that_are_missing_come(idp: Terminal, folders: tuple[Path, Path]) -> None:
    assert len(write(idp, folders)) == 6
    before = contents(folders)
    assert write(idp, folders) == []
    (folders[1] / "ADMIN_DATABASE_URL").unlink()
    assert write(idp, folders) == ["ADMIN_DATABASE_URL"]
    assert contents(folders) == before


def test_nobody_else_may_read_them_and_the_terminal_shows_none(idp: Terminal, folders: tuple[Path, Path]) -> None:
    serving, migrating = folders
    shown = idp("secrets", "--serving", str(serving), "--migrating", str(migrating)).output
    modes = {path.name: path.stat().st_mode & 0o777 for folder in folders for path in folder.iterdir()}
    assert modes.pop("POSTGRES_PASSWORD") == 0o640  # the server of the database is in our group
    assert {*modes.values()} == {0o600}
    assert not [name for name, secret in contents(folders).items() if secret in shown]


def test_two_installations_have_no_secret_in_common(idp: Terminal, tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        pair = (tmp_path / name / "serving", tmp_path / name / "migrating")
        for folder in pair:
            folder.mkdir(parents=True)
        write(idp, pair)
        found.append(contents(pair))
    assert not {*found[0].values()} & {*found[1].values()}
    keys = [base64.b64decode(files["IDP_MASTER_KEYS"].removeprefix("k1:")) for files in found]
    assert [len(key) for key in keys] == [32, 32]


def test_the_database_comes_to_be_as_the_settings_name_it(
    idp: Terminal, addresses: dict[str, str], tmp_path: Path
) -> None:
    admin = tmp_path / "admin"
    admin.write_text(addresses["admin_url"] + "\n")
    urls = {
        name: make_url(idp.environment[name]).set(database="idp_from_settings").render_as_string(hide_password=False)
        for name in URLS
    }
    terminal = Terminal(idp.environment | urls)
    try:
        for _ in range(2):
            made = terminal.json("db", "init", "--admin-url-file", str(admin), "--from-settings")
            assert made == {"database": "idp_from_settings"}
        assert terminal.json("db", "upgrade")["before"] is None
        assert {found["state"] for found in terminal.json("doctor")} == {"well"}
    finally:
        with psycopg.connect(addresses["admin_url"], autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS idp_from_settings WITH (FORCE)")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (("IDP_DATABASE_URL", "postgresql://idp_owner:x@db/idp"), "IDP_DATABASE_URL must be of the role idp_app"),
        (("IDP_OWNER_DATABASE_URL", "postgresql://idp_owner@db/idp"), "idp_owner, with a password."),
        (("IDP_PLATFORM_DATABASE_URL", "postgresql://idp_platform:x@db/other"), "must name one database."),
    ],
)
def test_urls_that_cannot_be_made_true_are_refused(idp: Terminal, changed: tuple[str, str], sentence: str) -> None:
    name, url = changed
    said = idp.sentence(
        "db", "init", "--admin-url", "postgresql://nobody@127.0.0.1:1/x", "--from-settings", **{name: url}
    )
    assert sentence in said


def test_one_way_to_the_administrator_is_asked_for(idp: Terminal) -> None:
    assert "--admin-url-file" in idp.sentence("db", "init")
    both = ("--database", "other", "--from-settings", "--admin-url", "postgresql://x")
    assert "the URLs name the database" in idp.sentence("db", "init", *both)
