"""How to feed what the management API says of webhooks; see `tests.isolation.routes`."""

import itertools
from functools import cache
from uuid import UUID

from idp.tenants import service as tenants
from idp.webhooks import deliveries, endpoints
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_roles import GONE, call
from tests.isolation.world import World

_MADE = is_status(201)
_SHOWN = is_status(200)
_TAKEN = is_status(202)
_numbers = itertools.count(1)


@cache
def webhook(owner: World) -> UUID:
    """An endpoint that nobody else has."""
    with owner.wiring.platform_unit() as platform, platform.within(tenants.get(platform, owner.tenant.slug)) as uow:
        url = f"https://{owner.name}.example/hooks/{next(_numbers)}"
        return endpoints.create(uow, url=url, event_types=["key.revoked"])[0].id


@cache
def delivery(owner: World) -> UUID:
    """One on its way to it."""
    with owner.people.unit() as uow:
        return deliveries.send_test(uow, endpoints.get(uow, webhook(owner))).id


@feeds("management.list_webhook_event_types", "GET")
def listed_event_types(owner: World, caller: World) -> Call:
    """They are the same everywhere: it is by the owner's token that nobody gets in next door."""
    return call(owner, _SHOWN)


@feeds("management.list_webhooks", "GET")
def listed_webhooks(owner: World, caller: World) -> Call:
    return call(caller, says(str(webhook(owner))))


@feeds("management.create_webhook", "POST")
def created_webhook(owner: World, caller: World) -> Call:
    """A URL is no secret: whoever asks next door makes one there, by their own token."""
    return call(owner, _MADE, json={"url": "https://anybody.example/", "event_types": ["*"]})


@feeds("management.get_webhook", "GET")
def shown_webhook(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, webhook_id=webhook(owner))


@feeds("management.change_webhook", "PATCH")
def changed_webhook(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, json={"description": "Changed"}, webhook_id=webhook(owner))


@feeds("management.delete_webhook", "DELETE")
def deleted_webhook(owner: World, caller: World) -> Call:
    return call(caller, GONE, webhook_id=webhook(owner))


@feeds("management.rotate_webhook_secret", "POST")
def rotated_secret(owner: World, caller: World) -> Call:
    return call(caller, _MADE, webhook_id=webhook(owner))


@feeds("management.list_webhook_deliveries", "GET")
def listed_deliveries(owner: World, caller: World) -> Call:
    shown = says(str(delivery(owner)))
    return call(caller, shown, webhook_id=webhook(owner))


@feeds("management.get_webhook_delivery", "GET")
def shown_delivery(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, webhook_id=webhook(owner), delivery_id=delivery(owner))


@feeds("management.get_webhook_delivery", "GET")
def shown_delivery_of_stranger(owner: World, caller: World) -> Call:
    """A webhook of one's own, and somebody else's delivery."""
    return call(caller, _SHOWN, webhook_id=webhook(caller), delivery_id=delivery(owner))


@feeds("management.replay_webhook_delivery", "POST")
def replayed_delivery(owner: World, caller: World) -> Call:
    return call(caller, _TAKEN, webhook_id=webhook(owner), delivery_id=delivery(owner))


@feeds("management.replay_webhook_delivery", "POST")
def replayed_delivery_of_stranger(owner: World, caller: World) -> Call:
    return call(caller, _TAKEN, webhook_id=webhook(caller), delivery_id=delivery(owner))


@feeds("management.replay_failed_webhook_deliveries", "POST")
def replayed_failed(owner: World, caller: World) -> Call:
    return call(caller, _TAKEN, json={"since": "2026-01-01T00:00:00Z"}, webhook_id=webhook(owner))


@feeds("management.test_webhook", "POST")
def tested_webhook(owner: World, caller: World) -> Call:
    return call(caller, _TAKEN, webhook_id=webhook(owner))
