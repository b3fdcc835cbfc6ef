"""What is sent: an event as the tenant's log has it at the time of the try.

So when a person was erased, what is sent of them afterwards, again or for the first time, has ids in it and nothing
else that is theirs (R63).  Members are only ever added.
"""

import json
from typing import Any
from uuid import UUID

from idp.db.unit import UnitOfWork
from idp.events.models import Event


def payload_of(uow: UnitOfWork, event: Event) -> dict[str, Any]:
    """The body as JSON: ``type``, ``timestamp`` and ``data``, as Standard Webhooks has it."""
    return {
        "type": event.type,
        "timestamp": event.occurred_at.isoformat(),
        "data": {
            "id": str(event.id),
            "outcome": event.outcome,
            "tenant": {"slug": uow.tenant.slug, "issuer": uow.tenant.issuer},
            "actor": {"kind": event.actor_kind, "id": _text(event.actor_id)},
            "target": {"type": event.target_type, "id": _text(event.target_id)},
            "user_id": _text(event.user_id),
            "ip": event.ip,
            "request_id": event.request_id,
            "data": event.data,
        },
    }


def encoded(payload: dict[str, Any]) -> bytes:
    """As it is signed and sent, to the byte."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
