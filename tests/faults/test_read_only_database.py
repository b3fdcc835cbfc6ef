"""A server that may not be written to, as after a failover that went to the wrong one: an outage, and not a mistake."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url, text

from idp.db.cache import DATABASE_IS_GONE
from idp.users.models import User
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People


@pytest.fixture
def read_only(addresses: dict[str, str], environment: dict[str, str], wiring: Wiring) -> Iterator[Callable[[], None]]:
    """Makes this worker's database read-only for connections to come, as a standby is; undone at the end."""
    database = sql.Identifier(make_url(environment["IDP_DATABASE_URL"]).database or "")

    def tell(statement: str) -> None:
        with psycopg.connect(addresses["admin_url"], autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(database))
        wiring.app.dispose()

    def begin() -> None:
        tell("ALTER DATABASE {} SET default_transaction_read_only = on")

    yield begin
    tell("ALTER DATABASE {} RESET default_transaction_read_only")


def writable_again(addresses: dict[str, str], environment: dict[str, str]) -> None:
    """The pool is not told: its connections to the old server are still there."""
    database = sql.Identifier(make_url(environment["IDP_DATABASE_URL"]).database or "")
    with psycopg.connect(addresses["admin_url"], autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(database))


def test_a_server_that_may_not_be_written_to_is_an_outage_and_no_connection_to_it_is_kept(
    people: People,
    browser: Browser,
    read_only: Callable[[], None],
    addresses: dict[str, str],
    environment: dict[str, str],
) -> None:
    people.user()
    client, secret = people.client()
    token = browser.tokens(client, secret)["refresh_token"]

    def ask() -> Any:
        return browser.token(client, secret, grant_type="refresh_token", refresh_token=token)

    read_only()
    for _ in range(2):
        answer = ask()
        assert answer.status_code == 503, answer.text
        assert answer.json["error"] == "temporarily_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
    writable_again(addresses, environment)
    assert ask().status_code == 200


def test_a_page_says_so_too(people: People, browser: Browser, read_only: Callable[[], None]) -> None:
    client, _ = people.client()
    browser.authorize(client)
    read_only()
    answer = browser.authorize(client)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0


def test_a_transaction_that_was_idle_for_too_long_is_an_outage(people: People, addresses: dict[str, str]) -> None:
    """25P03, which ends the connection: the driver calls it an internal error."""
    uow = people.unit()
    with pytest.raises(DATABASE_IS_GONE):
        uow.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10ms'"))
        uow.execute(text("SELECT 1"))
        with psycopg.connect(addresses["admin_url"]) as other:
            other.execute("SELECT pg_sleep(0.1)")
        uow.find(User, people.tenant.id)
    uow.close()
