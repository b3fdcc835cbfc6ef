"""A browser that signs in by an upstream on loopback, step by step."""

import re
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select

from idp.events.models import Event
from idp.federation import connections
from tests.browser import Browser
from tests.factories import People
from tests.upstreams.oidc import CLIENT_ID, CLIENT_SECRET, OpenID

JANE = "jane@acme.example"


def connect(people: People, upstream: OpenID, name: str = "sso", *, enabled: bool = True, **options: Any) -> None:
    with people.unit() as uow:
        connections.create(
            uow,
            name=name,
            kind="oidc",
            label="Acme’s <login>",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            enabled=enabled,
            options={"issuer": upstream.issuer, **options},
        )


def open_login(browser: Browser) -> Any:
    return browser.follow(browser.get(browser.url("/login")))


def button(page: Any) -> str:
    found = re.search(r'href="([^"]*/connections/[^"]*)"', page.text)
    assert found, page.text
    return found.group(1).replace("&amp;", "&")


def leave(browser: Browser, url: str) -> str:
    """To the upstream; answers where the browser was sent."""
    away = browser.get(url)
    assert away.status_code == 303, away.text
    return str(away.headers["Location"])


def back(browser: Browser, sent: dict[str, str], name: str = "sso", **changes: str) -> Any:
    return browser.get(browser.url(f"/connections/{name}/callback?{urlencode({**sent, **changes})}"))


def sign_in(browser: Browser, upstream: OpenID, page: Any = None) -> Any:
    """The whole way by the button of the page, to where the callback leads."""
    return back(browser, upstream.approve(leave(browser, button(page or open_login(browser)))))


def last_failure(people: People) -> Event:
    with people.unit() as uow:
        found = uow.session.scalars(select(Event).where(Event.type == "login.failed").order_by(Event.id.desc())).first()
        assert found is not None
        return found


def counted(people: People, model: Any) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).select_from(model)) or 0
