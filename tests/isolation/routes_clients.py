"""How to mix what is one's own with what is somebody else's, of clients and APIs; see `tests.isolation.routes`."""

from functools import cache
from uuid import UUID

from idp.oauth import clients, registration
from idp.rbac import app_permissions
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_roles import GONE, call
from tests.isolation.world import World

_SHOWN = is_status(200)


@cache
def old_secret(owner: World) -> UUID:
    """One that can be revoked, because there is another."""
    with owner.people.unit() as uow:
        client = clients.hold(uow, owner.machine.id)
        secret_id = registration.list_secrets(uow, client)[0].id
        registration.rotate_secret(uow, client)
    return secret_id


@feeds("management.list_clients", "GET")
def clients_by_name(owner: World, caller: World) -> Call:
    return call(caller, says(str(owner.client.id)), query={"filter[name]": owner.client.name})


@feeds("management.revoke_client_secret", "DELETE")
def secret_of_stranger(owner: World, caller: World) -> Call:
    """A client of one's own with two secrets, and somebody else's secret."""
    assert old_secret(caller)
    return call(caller, GONE, client_id=caller.machine.id, secret_id=old_secret(owner))


@feeds("management.create_resource", "POST")
def api_of_strangers_client(owner: World, caller: World) -> Call:
    """Whoever introspects would read the tokens for it."""
    body = {"identifier": "https://mine.example.com", "name": "Mine", "scope": ["mine:read"]}
    return call(caller, is_status(201), json={**body, "client_id": str(owner.machine.id)})


@feeds("management.change_resource", "PATCH")
def api_given_to_stranger(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, json={"client_id": str(owner.machine.id)}, resource_id=caller.resource_id)


@feeds("management.list_resources", "GET")
def apis_by_identifier(owner: World, caller: World) -> Call:
    return call(caller, says(str(owner.resource_id)), query={"filter[identifier]": owner.api})


@feeds("management.list_resource_permissions", "GET")
def permissions_of_api(owner: World, caller: World) -> Call:
    with owner.people.unit() as uow:
        app_permissions.define(uow, owner.resource_id, name=f"{owner.name}:dance")
    return call(caller, says(f"{owner.name}:dance"), resource_id=owner.resource_id)
