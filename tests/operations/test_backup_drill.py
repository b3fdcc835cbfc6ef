"""The drill: a backup by the documented commands, changes after it, the restore, and what is good then (R19, R65)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from idp.app import create_app
from idp.authn import passwords
from idp.keys import service as keys
from idp.oauth import clients
from idp.tenants import resolve
from idp.users import service as users
from tests.browser import Browser, Forms
from tests.factories import PASSWORD, People, make_tenant
from tests.operations.commands import blocks, run
from tests.operations.installation import Installation
from tests.operations.waiting import until
from tests.post import Post

EMAIL = "ada@example.com"
OFFLINE = "openid email offline_access"
NEWER = "a password of after the backup"
ROLE_PASSWORD = "of-the-role-that-dumps"
IDENTITY = "AGE-SECRET-KEY-OF-THE-TEST"
COMMANDS = blocks("backup.md")


def counted(admin_url: str) -> dict[str, int]:
    """How many rows each table has, as a superuser sees them."""
    with psycopg.connect(admin_url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        counting = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(name), sql.Identifier(name)) for (name,) in names
        )
        return dict(connection.execute(counting).fetchall())


def forget() -> None:
    for cache in (resolve, clients, keys):
        cache.forget()


class Site:
    """An application over a database, with what somebody holds who was there."""

    def __init__(self, installation: Installation) -> None:
        forget()
        self.installation, self.wiring = installation, installation.wiring()
        self.app = create_app(installation.settings, self.wiring)

    def browser(self, people: People) -> Browser:
        return Browser(self.app, people.tenant)


@pytest.fixture
def folder(installation: Installation, tmp_path: Path) -> Iterator[Path]:
    """Where the commands run, at a server where the role that dumps is made and removed."""
    (tmp_path / "identity").write_text(IDENTITY)
    made = run(COMMANDS["role"], tmp_path, ADMIN_URL=installation.admin_url, BACKUP_PASSWORD=ROLE_PASSWORD)
    assert made.returncode == 0, made.stderr
    yield tmp_path
    with psycopg.connect(installation.admin_url, autocommit=True) as connection:
        connection.execute("DROP OWNED BY idp_backup")
        connection.execute("DROP ROLE idp_backup")


def dumped_by(installation: Installation, role: str, password: str) -> str:
    url = make_url(installation.admin_url).set(username=role, password=password)
    return url.render_as_string(hide_password=False)


def restored(installation: Installation, folder: Path) -> Installation:
    """What the documented commands bring back, into a database of another name."""
    name = f"{installation.name}_restored"
    there = installation.environment | Installation.urls(installation.addresses, name)
    with psycopg.connect(installation.addresses["admin_url"], autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    done = run(
        COMMANDS["restore"],
        folder,
        ADMIN_URL=installation.addresses["admin_url"],
        BACKUP_IDENTITY=str(folder / "identity"),
        **there,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is over" in done.stdout
    return Installation(installation.addresses, there, name)


def test_who_dumps_by_the_roles_of_the_product_gets_an_error_or_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    owner = installation.environment["IDP_OWNER_DATABASE_URL"]
    done = run('pg_dump --format=custom --file=dump "$URL"', tmp_path, URL=owner)
    assert done.returncode != 0
    assert "row-level security" in done.stderr
    done = run('pg_dump --enable-row-security --data-only --table=tenants "$URL"', tmp_path, URL=owner)
    assert done.returncode == 0, done.stderr
    assert "Operators" not in done.stdout, "which is why the page forbids it"


class Held:
    """All that somebody holds at the time of the backup, and afterwards."""

    def __init__(self, site: Site) -> None:
        self.people = people = People(site.wiring, make_tenant(site.wiring, slug="acme"))
        self.user, (self.client, self.secret) = people.user(email=EMAIL), people.client()
        self.browser, self.ended, asking = (site.browser(people) for _ in range(3))
        self.tokens = self.browser.tokens(self.client, self.secret, scope=OFFLINE)
        self.code, self.kids = self.browser.code(self.client), published(self.browser)
        self.ended.sign_in(self.ended.follow(self.ended.get(self.ended.url("/login"))))
        asking.submit(asking.follow(asking.get(asking.url("/recovery"))), email=EMAIL)
        self.link = Post(site.wiring, people.tenant).link(EMAIL, "/reset-password?token=")

    def change(self) -> None:
        """What happens after the backup, and will not have happened after the restore."""
        self.newer = self.refresh(self.browser, self.tokens["refresh_token"]).json["refresh_token"]
        with self.people.unit() as uow:
            passwords.set_password(uow, users.get(uow, self.user.id), NEWER)  # which ends every session as well

    def refresh(self, browser: Browser, token: str) -> Any:
        return browser.token(self.client, self.secret, grant_type="refresh_token", refresh_token=token)

    def is_over_at(self, site: Site) -> None:
        """Each of it is refused there."""
        for browser in (self.browser, self.ended):
            browser.http = moved(browser, site.app)
            assert browser.get(browser.url("/account")).status_code == 303
        for token in (self.tokens["refresh_token"], self.newer):
            assert self.refresh(self.browser, token).json["error"] == "invalid_grant"
        exchanged = self.browser.exchange(self.client, self.secret, self.code)
        assert exchanged.json["error"] == "invalid_grant"
        bearer = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        assert self.browser.get(self.browser.url("/oauth/userinfo"), headers=bearer).status_code == 401
        assert "password" not in Forms(site.browser(self.people).get(self.link).text).fields


def test_the_drill(installation: Installation, folder: Path) -> None:
    site = Site(installation)
    held = Held(site)
    rows = counted(installation.admin_url)
    url = dumped_by(installation, "idp_backup", ROLE_PASSWORD)
    done = run(COMMANDS["backup"], folder, BACKUP_URL=url, BACKUP_RECIPIENT=IDENTITY)
    assert done.returncode == 0, done.stderr
    assert b"PGDMP" not in (folder / "idp.dump.age").read_bytes(), "nothing is written in the clear"
    held.change()

    back = restored(installation, folder)
    counts = counted(back.admin_url)
    assert counts == rows | {"events": rows["events"] + 1}, "every row, and the event that says so"
    after = Site(back)
    held.is_over_at(after)
    until(lambda: signs_in(after, held.people), "somebody signs in after the epoch, by the password of the backup")
    goes_on(after, held)
    back.close()
    forget()


def goes_on(site: Site, held: Held) -> None:
    """With new tokens by the old keys, and the next key by schedule."""
    browser = site.browser(held.people)
    token = browser.tokens(held.client, held.secret, scope=OFFLINE)["refresh_token"]
    assert published(browser) == held.kids
    for _ in range(2):
        answer = held.refresh(browser, token)
        assert answer.status_code == 200, answer.text
        token = answer.json["refresh_token"]
    with site.wiring.tenant_unit(held.people.tenant) as uow:
        keys.rotate(uow)
    forget()
    until(lambda: set(published(browser)) > set(held.kids), "the next key is published")


def published(browser: Browser) -> list[str]:
    return [key["kid"] for key in browser.get(browser.url("/jwks.json")).json["keys"]]


def moved(browser: Browser, app: Any) -> Any:
    """The same cookies, at another application."""
    client = app.test_client()
    client._cookies = browser.http._cookies
    return client


def signs_in(site: Site, people: People) -> bool:
    browser = site.browser(people)
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))), EMAIL, PASSWORD)
    return bool(browser.get(browser.url("/account")).status_code == 200)
