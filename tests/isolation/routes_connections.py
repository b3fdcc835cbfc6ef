"""How to feed what the management API says of connections and identities; see `tests.isolation.routes`."""

import itertools
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from idp.federation import connections, offers, testing, transactions
from idp.federation.models import FederatedIdentity
from idp.federation.providers.base import Tokens, UpstreamProfile
from idp.oauth.models import Client
from tests.isolation.routes import Call, feeds, is_status, leads_to, says
from tests.isolation.routes_roles import GONE, call
from tests.isolation.world import World
from tests.upstream_rows import connect, link, profile

_MADE = is_status(201)
_SHOWN = is_status(200)
_numbers = itertools.count(1)


@cache
def connection(owner: World) -> str:
    """A connection that nobody else's is called like."""
    return connect(owner.people, f"of-{owner.name}", options={"keeps_tokens": True}).name


@cache
def identity(owner: World) -> FederatedIdentity:
    """Of its person, with a token."""
    tokens = Tokens(f"gho_of_{owner.name}", scope="read:user")
    return link(owner.people, owner.user, connection(owner), email=owner.email, tokens=tokens)


@cache
def waiting_test(owner: World) -> UUID:
    """One that waits."""
    with owner.people.unit() as uow:
        return testing.begin(uow, connections.get(uow, connection(owner)))[0].id


@cache
def restricted(owner: World) -> UUID:
    """A client that may use that connection only."""
    name = connection(owner)
    with owner.people.unit() as uow:
        offers.allow(uow, uow.get(Client, owner.client.id), [name])
    return owner.client.id


def at(caller: World, did_it: Any, name: str, **options: Any) -> Call:
    """A call to a connection, which is named and has no id."""
    made = call(caller, did_it, **options)
    made.path["name"] = name
    return made


@feeds("management.list_connections", "GET")
def listed_connections(owner: World, caller: World) -> Call:
    return call(caller, says(connection(owner)))


@feeds("management.list_connection_kinds", "GET")
def listed_kinds(owner: World, caller: World) -> Call:
    """They are the same everywhere: it is by the owner's token that nobody gets in next door."""
    return call(owner, _SHOWN)


@feeds("management.create_connection", "POST")
def created_connection(owner: World, caller: World) -> Call:
    """A name is no secret: whoever asks next door makes one there, by their own token."""
    body = {"name": "anybody", "kind": "github", "client_id": "id", "client_secret": "secret"}
    return call(owner, _MADE, json=body)


@feeds("management.get_connection", "GET")
def shown_connection(owner: World, caller: World) -> Call:
    return at(caller, _SHOWN, connection(owner))


@feeds("management.change_connection", "PATCH")
def changed_connection(owner: World, caller: World) -> Call:
    return at(caller, _SHOWN, connection(owner), json={"label": "Changed"})


@feeds("management.delete_connection", "DELETE")
def deleted_connection(owner: World, caller: World) -> Call:
    return at(caller, GONE, connection(owner))


@feeds("management.begin_connection_test", "POST")
def begun_test(owner: World, caller: World) -> Call:
    return at(caller, _MADE, connection(owner))


@feeds("management.get_connection_test", "GET")
def shown_test(owner: World, caller: World) -> Call:
    return at(caller, _SHOWN, connection(owner), test_id=waiting_test(owner))


@feeds("management.get_connection_test", "GET")
def shown_test_of_stranger(owner: World, caller: World) -> Call:
    """A connection of one's own, and somebody else's test."""
    return at(caller, _SHOWN, connection(caller), test_id=waiting_test(owner))


@feeds("management.get_client_connections", "GET")
def connections_of_client(owner: World, caller: World) -> Call:
    return call(caller, says(connection(owner)), client_id=restricted(owner))


@feeds("management.set_client_connections", "PUT")
def restricted_client(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, json={"connections": None}, client_id=owner.client.id)


@feeds("management.set_client_connections", "PUT")
def restricted_to_strangers(owner: World, caller: World) -> Call:
    """A client of one's own, and somebody else's connection."""
    return call(caller, _SHOWN, json={"connections": [connection(owner)]}, client_id=caller.client.id)


@feeds("management.get_user_identity_token", "GET")
def token_of_user(owner: World, caller: World) -> Call:
    row = identity(owner)
    return call(caller, says(f"gho_of_{owner.name}"), user_id=owner.user.id, identity_id=row.id)


@feeds("management.get_user_identity_token", "GET")
def token_of_stranger(owner: World, caller: World) -> Call:
    """A person of one's own, and somebody else's identity."""
    row = identity(owner)
    return call(caller, says(f"gho_of_{owner.name}"), user_id=caller.user.id, identity_id=row.id)


@feeds("management.remove_user_identity", "DELETE")
def removed_identity(owner: World, caller: World) -> Call:
    return call(caller, GONE, user_id=owner.user.id, identity_id=identity(owner).id)


@feeds("management.remove_user_identity", "DELETE")
def removed_identity_of_stranger(owner: World, caller: World) -> Call:
    return call(caller, GONE, user_id=caller.user.id, identity_id=identity(owner).id)


# What a browser does


def button(owner: World) -> str:
    """A connection of its own, so that no other feeder has used it up."""
    return connect(owner.people, f"way-{owner.name}-{next(_numbers)}", options={"creation": "on"}).name


def away(owner: World, name: str, *, login: str, returned: UpstreamProfile | None = None) -> str:
    """The state of the owner's browser that is away at an upstream, or came back and waits for a yes to the terms."""
    with owner.people.unit() as uow:
        trip = transactions.begin(uow, connections.get(uow, name), owner.cookies["-b"], login_id=UUID(login))
        uow.flush()
        if returned is not None:
            row = transactions.claim(uow, connections.get(uow, name), trip.state, owner.cookies["-b"])
            assert row is not None
            transactions.keep_profile(uow, row, returned)
    return trip.state


def somebody_new(owner: World) -> UpstreamProfile:
    number = next(_numbers)
    return profile(subject=str(number), email=f"new-{number}@{owner.name}.example")


@feeds("hosted.leave", "GET")
def leaving(owner: World, caller: World) -> Call:
    query = {"flow": owner.login_flow}
    return Call(leads_to("https://github.com/login/oauth/authorize"), query, path={"name": button(owner)})


@feeds("hosted.leave", "GET")
def leaving_for_a_test(owner: World, caller: World) -> Call:
    name = button(owner)
    with owner.people.unit() as uow:
        url = testing.begin(uow, connections.get(uow, name))[1]
    query = dict(parse_qsl(urlsplit(url).query))
    return Call(leads_to("https://github.com/login/oauth/authorize"), query, path={"name": name})


@feeds("hosted.come_back", "GET")
def coming_back(owner: World, caller: World) -> Call:
    name = button(owner)
    query = {"state": away(owner, name, login=owner.login_flow), "error": "access_denied"}
    return Call(says("You didn’t sign in"), query, path={"name": name})


@feeds("hosted.show_terms", "GET")
def terms(owner: World, caller: World) -> Call:
    name, flow, who = button(owner), owner.login_flow, somebody_new(owner)
    away(owner, name, login=flow, returned=who)
    return Call(says(str(who.email)), {"flow": flow}, path={"name": name})


@feeds("hosted.submit_terms", "POST")
def agreed(owner: World, caller: World) -> Call:
    name, flow = button(owner), owner.login_flow
    away(owner, name, login=flow, returned=somebody_new(owner))
    form = {"flow": flow, "csrf": caller.csrf, "terms": "yes"}
    return Call(leads_to(owner.url("")), form=form, path={"name": name})
