"""How to feed what the management API says of applications, settings and activity; see `tests.isolation.routes`.

Where something of the owner's is named in the path, the caller comes with a token of their own; where nothing is, the
owner's token is what must open no door next door.
"""

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy import select

from idp.events import outbox
from idp.events import service as events
from idp.events.types import EventType
from idp.rbac import app_permissions
from idp.tenants import domains
from tests.isolation.routes import Call, Feeder, feeds, is_status
from tests.isolation.world import World

Preparation = Callable[[World], dict[str, Any]]
DNS = ("domain-not-proven", "too-many-look-ups")


def of_owner(endpoint: str, method: str, status: int, path: Preparation, *, json: Any = None) -> None:
    """An operation on something of the owner's, by whoever calls."""

    def feeder(owner: World, caller: World) -> Call:
        named = {name: str(value) for name, value in path(owner).items()}
        headers = {"Authorization": f"Bearer {caller.management_token}"}
        return Call(is_status(status), json=json, path=named, headers=headers)

    _add(endpoint, method, feeder)


def by_owner(endpoint: str, method: str, status: int, *, json: Any = None, query: Any = None) -> None:
    """An operation that names nothing, by the owner."""

    def feeder(owner: World, caller: World) -> Call:
        headers = {"Authorization": f"Bearer {owner.management_token}"}
        return Call(is_status(status), json=json, query=query or {}, headers=headers)

    _add(endpoint, method, feeder)


def _add(endpoint: str, method: str, feeder: Feeder) -> None:
    feeder.__name__ = endpoint
    feeds(f"management.{endpoint}", method)(feeder)


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (4, 4)).save(written, "PNG")
    return written.getvalue()


def a_client(world: World) -> dict[str, UUID]:
    return {"client_id": world.machine.id}


def an_api(world: World) -> dict[str, UUID]:
    return {"resource_id": world.resource_id}


def a_permission(world: World) -> dict[str, Any]:
    with world.people.unit() as uow:
        app_permissions.define(uow, world.resource_id, name="songs:write")
    return {"resource_id": world.resource_id, "permission": "songs:write"}


def a_domain(world: World) -> dict[str, UUID]:
    with world.people.unit() as uow:
        found = uow.session.scalar(select(domains.TenantDomain.id))
        return {"domain_id": found or domains.add(uow, f"{world.name}.example").id}


def a_dead_letter(world: World) -> dict[str, UUID]:
    with world.people.unit() as uow:
        message = outbox.enqueue(uow, "mail", template="reset_password", to=world.email)
        uow.flush()
        message.dead_at = uow.now
        return {"message_id": message.id}


def an_event(world: World) -> dict[str, UUID]:
    with world.people.unit() as uow:
        return {"event_id": events.record(uow, EventType.TENANT_UPDATED).id}


NEW_CLIENT = {"client_name": "N", "type": "machine", "scope": "a:b"}

by_owner("register_client", "POST", 201, json=NEW_CLIENT)
of_owner("get_client", "GET", 200, a_client)
of_owner("change_client", "PATCH", 200, a_client, json={"client_name": "Renamed"})
of_owner("delete_client", "DELETE", 204, a_client)
of_owner("disable_client", "POST", 200, a_client)
of_owner("enable_client", "POST", 200, a_client)
of_owner("list_client_secrets", "GET", 200, a_client)
of_owner("rotate_client_secret", "POST", 201, a_client, json={})

of_owner("get_resource", "GET", 200, an_api)
of_owner("delete_resource", "DELETE", 204, an_api)
of_owner("define_permission", "PUT", 200, lambda w: {**an_api(w), "permission": "songs:hum"}, json={})
of_owner("remove_permission", "DELETE", 204, a_permission)

by_owner("get_settings", "GET", 200)
by_owner("change_settings", "PATCH", 200, json={"password_min_length": 21})
by_owner("remove_logo", "DELETE", 204)
by_owner("list_keys", "GET", 200)
of_owner("get_key", "GET", 200, lambda world: {"kid": world.standby_kid})
by_owner("rotate_keys", "POST", 202)
of_owner("revoke_key", "POST", 200, lambda world: {"kid": world.standby_kid})
by_owner("list_limits", "GET", 200)

by_owner("list_domains", "GET", 200)
by_owner("add_domain", "POST", 201, json={"domain": "new.example"})
of_owner("get_domain", "GET", 200, a_domain)
of_owner("remove_domain", "DELETE", 204, a_domain)

by_owner("get_mail_settings", "GET", 200)
by_owner("change_mail_settings", "PATCH", 200, json={"sender_name": "Renamed"})
by_owner("replace_mail_settings", "PUT", 200, json={"sender_name": "Replaced"})
by_owner("clear_mail_settings", "DELETE", 204)
by_owner("send_test_mail", "POST", 202)
by_owner("list_failed_mail", "GET", 200)
of_owner("retry_mail", "POST", 202, a_dead_letter)

by_owner("list_events", "GET", 200)
by_owner("export_events", "GET", 200)
of_owner("get_event", "GET", 200, an_event)
of_owner("list_user_events", "GET", 200, lambda world: {"user_id": world.user.id})
by_owner("count_events", "GET", 200)
by_owner("count_sign_ins", "GET", 200)


@feeds("management.get_logo", "GET")
def a_logo(owner: World, caller: World) -> Call:
    """Which is there."""
    owner.set_logo()
    return Call(is_status(200), headers={"Authorization": f"Bearer {owner.management_token}"})


@feeds("management.set_logo", "PUT")
def an_upload(owner: World, caller: World) -> Call:
    """What has no JSON."""
    headers = {"Authorization": f"Bearer {owner.management_token}", "Content-Type": "image/png"}
    return Call(is_status(204), data=picture(), headers=headers)


@feeds("management.verify_domain", "POST")
def a_proof(owner: World, caller: World) -> Call:
    """No name server knows the domain; that it was looked for is what opened."""
    named = {name: str(value) for name, value in a_domain(owner).items()}
    headers = {"Authorization": f"Bearer {caller.management_token}"}
    return Call(lambda answer: answer.is_json and answer.json.get("code") in DNS, path=named, headers=headers)
