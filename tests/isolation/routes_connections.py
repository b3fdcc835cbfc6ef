"""How to feed what the management API says of connections and identities; see `tests.isolation.routes`."""

from functools import cache
from typing import Any
from uuid import UUID

from idp.federation import connections, offers, testing
from idp.federation.models import FederatedIdentity
from idp.federation.providers.base import Tokens
from idp.oauth.models import Client
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_roles import GONE, call
from tests.isolation.world import World
from tests.upstream_rows import connect, link

_MADE = is_status(201)
_SHOWN = is_status(200)


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
