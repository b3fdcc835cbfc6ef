"""Every route of the URL map, with everything that another tenant has (R49).

One request is right at home and wrong next door.  It is sent next door twice, by its owner's caller and by next
door's own, and then home, which proves that it was good all along.
"""

import hashlib
from typing import Any

import pytest
from sqlalchemy import inspect, select

from idp.config import Settings
from idp.db.base import Base, TenantScoped
from idp.http.context import SLUG
from idp.wiring import Wiring
from tests.isolation import (
    routes_accounts,
    routes_alerts,
    routes_api,
    routes_clients,
    routes_connections,
    routes_management,
    routes_operators,
    routes_people,
    routes_roles,
    routes_self,
    routes_webhooks,
)
from tests.isolation.routes import FEEDERS, Call, Feeder
from tests.isolation.world import World

MORE_FEEDERS = (
    routes_accounts,
    routes_alerts,
    routes_api,
    routes_clients,
    routes_connections,
    routes_management,
    routes_operators,
    routes_people,
    routes_roles,
    routes_self,
    routes_webhooks,
)
"""Modules that add their feeders when they are imported."""
MODELS: list[Any] = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantScoped)]
AUTOMATIC = {"HEAD", "OPTIONS"}


def url_map() -> Any:
    """The routes of an application that is never asked anything."""
    from idp.app import create_app
    from tests.factories import MASTER_KEY

    nowhere = "postgresql://nobody@localhost/nothing"
    return create_app(
        Settings.load(
            {
                "IDP_BASE_URL": "http://localhost:8000",
                "IDP_DATABASE_URL": nowhere,
                "IDP_PLATFORM_DATABASE_URL": nowhere,
                "IDP_MASTER_KEYS": "first:" + MASTER_KEY,
                "IDP_LOG_LEVEL": "error",
            }
        )
    ).url_map


ROUTES = [
    (rule.rule, rule.endpoint, method)
    for rule in url_map().iter_rules()
    if SLUG in rule.arguments
    for method in sorted(rule.methods - AUTOMATIC)
]
CASES = [
    pytest.param(rule, method, feeder, id=f"{method} {rule.replace(f'<{SLUG}>', 't')} {feeder.__name__}")
    for rule, endpoint, method in ROUTES
    for feeder in FEEDERS.get((endpoint, method), ())
]


def test_the_walker_knows_how_to_feed_every_route() -> None:
    """A new route must say here how it is used, or it would be passed by."""
    assert {(endpoint, method) for _, endpoint, method in ROUTES} == FEEDERS.keys()


@pytest.fixture(scope="module")
def shared(app: Any, wiring: Wiring) -> tuple[World, World]:
    """For what only reads: nothing in them is ever used up."""
    return World(app, wiring, "acme"), World(app, wiring, "globex")


@pytest.fixture
def worlds(request: pytest.FixtureRequest, app: Any, wiring: Wiring, method: str, rule: str) -> tuple[World, World]:
    """Two tenants with one of everything each."""
    if method == "GET" and "/api/v1/" in rule:
        pair: tuple[World, World] = request.getfixturevalue("shared")
        return pair
    return World(app, wiring, "acme"), World(app, wiring, "globex")


@pytest.mark.parametrize(("rule", "method", "feeder"), CASES)
def test_what_opens_a_door_at_home_opens_none_next_door(
    app: Any, worlds: tuple[World, World], rule: str, method: str, feeder: Feeder
) -> None:
    acme, globex = worlds
    by_stranger = feeder(acme, globex)
    by_owner = feeder(acme, acme)
    before = fingerprint(acme)

    for caller, call in ((acme, by_owner), (globex, by_stranger)):
        answer = send(app, rule, method, call, at=globex, caller=caller)
        assert not call.did_it(answer), f"{answer.status_code} {answer.text[:500]}"
        assert answer.status_code < 500
        assert_says_nothing_of(acme, call, answer)
    assert fingerprint(acme) == before

    answer = send(app, rule, method, by_owner, at=acme, caller=acme)
    assert by_owner.did_it(answer), f"{answer.status_code} {answer.text[:500]}"


def send(app: Any, rule: str, method: str, call: Call, *, at: World, caller: World) -> Any:
    """Send it with the caller's cookies, under the names that either tenant would read."""
    client = app.test_client()
    for suffix, value in caller.cookies.items():
        for world in (at, caller):
            client.set_cookie(world.cookie_name + suffix, value)
    path = rule.replace(f"<{SLUG}>", at.tenant.slug)
    for name, value in call.path.items():
        path = path.replace(f"<uuid:{name}>", value).replace(f"<{name}>", value)
    form = None if method == "GET" else call.data or call.form
    body = {"json": call.json} if call.json is not None else {"data": form}
    query = call.query if method == "GET" else None
    return client.open(path, method=method, query_string=query, headers=call.headers, **body)


def fingerprint(world: World) -> str:
    """Every value of every row that the tenant has."""
    digest = hashlib.sha256()
    with world.people.unit() as uow:
        for model in MODELS:
            columns = inspect(model).columns
            for row in uow.execute(select(*columns).order_by(*model.__table__.primary_key)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def assert_says_nothing_of(world: World, call: Call, answer: Any) -> None:
    """No name of the other tenant's that was not in the request."""
    sent = repr((call.query, call.form, call.json, call.path, call.headers))
    said = answer.text + repr(list(answer.headers))
    for name in (
        world.email,
        str(world.user.id),
        str(world.client.id),
        world.callback,
        world.tenant.issuer,
        world.name,
    ):
        assert name in sent or name not in said, name
