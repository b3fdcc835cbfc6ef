"""The members of a webhook as a document has them; its secret is made by us, and never stands in one."""

from collections.abc import Iterator, Mapping
from typing import Any

from idp.db.unit import UnitOfWork
from idp.declarations.errors import Problem
from idp.declarations.things import Declaration, Kind, Members, State, Things
from idp.webhooks import endpoints
from idp.webhooks.errors import WebhookInvalid
from idp.webhooks.models import WebhookEndpoint
from idp.webhooks.urls import require_callable

DEFAULTS: dict[str, Any] = {"description": "", "enabled": True}
"""What null means, and what need not be said."""
_SECRET = "webhook_secret"


def wrong_url(url: str) -> str | None:
    """Why this is no URL that we would call."""
    try:
        require_callable(url)
    except WebhookInvalid as refused:
        return refused.detail
    return None


def members_of(given: Members) -> dict[str, Any]:
    """What stands in a document, as it would be stored."""
    members = {name: DEFAULTS[name] if value is None else value for name, value in given.items()}
    return members | ({"event_types": sorted(set(members["event_types"]))} if "event_types" in members else {})


def missing(state: State, declaration: Declaration) -> Iterator[Problem]:
    """What new ones lack."""
    for url, members in declaration.things.get(Kind.WEBHOOK, {}).items():
        if url not in state.things[Kind.WEBHOOK] and not members.get("event_types"):
            yield declaration.problem(Kind.WEBHOOK, url, (), "A new webhook needs event_types.")


def present(uow: UnitOfWork) -> Things:
    """The tenant's webhooks, by URL."""
    return {
        row.url: {
            "event_types": list(row.event_types),
            "description": row.description or "",
            "enabled": row.disabled_at is None,
        }
        for row in endpoints.list_all(uow)
    }


def minimal(url: str, members: Members) -> dict[str, Any]:
    """What a document has to say of one."""
    return {"url": url, **{name: value for name, value in members.items() if DEFAULTS.get(name) != value}}


def create(uow: UnitOfWork, url: str, members: Members) -> Mapping[str, str]:
    """Make one, and answer its secret, this once."""
    _, secret = endpoints.create(uow, url=url, **members)
    return {_SECRET: secret}


def change(uow: UnitOfWork, url: str, members: Members) -> None:
    """Change one."""
    endpoints.update_endpoint(uow, _held(uow, url), **members)


def remove(uow: UnitOfWork, url: str) -> None:
    """Delete one."""
    endpoints.remove(uow, _held(uow, url))


def _held(uow: UnitOfWork, url: str) -> WebhookEndpoint:
    found = next(row for row in endpoints.list_all(uow) if row.url == url)
    return endpoints.hold(uow, found.id)
