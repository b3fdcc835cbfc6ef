"""Connections that die at the worst moment, and what a browser keeps when nothing was committed (R60, design.md §6)."""

from typing import Any
from unittest import mock

from sqlalchemy import text

from idp.db.engine import make_engine
from idp.db.tenancy import DatabaseUnavailable
from idp.db.unit import UnitOfWork
from idp.users import service as users
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import People


def test_a_failed_commit_signs_nobody_out(browser: Browser, people: People) -> None:
    """An outage is never a logout: the cookie of a session that was not stored must not replace a good one."""
    people.user()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    page = browser.follow(browser.get(browser.url("/login")))
    with mock.patch.object(UnitOfWork, "commit", side_effect=DatabaseUnavailable("gone")):
        lost = browser.sign_in(page)
    assert lost.status_code == 503
    assert "Set-Cookie" not in lost.headers
    assert "You’re signed in" in browser.get(browser.url("/")).text


def test_a_closed_connection_in_the_pool_is_replaced(wiring: Wiring) -> None:
    engine = make_engine(wiring.app.url.render_as_string(hide_password=False), pool_size=1)
    with engine.connect() as connection:
        kept: Any = connection.connection.driver_connection
    kept.close()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_a_unit_whose_connection_died_can_be_closed(people: People, wiring: Wiring) -> None:
    """Otherwise the answer of a view that had refused already would become a 500 at teardown."""
    uow = people.unit()
    backend = uow.session.scalar(text("SELECT pg_backend_pid()"))
    with wiring.app.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    uow.close()
    with people.unit() as again:
        assert users.find_by_email(again, "nobody@example.com") is None
