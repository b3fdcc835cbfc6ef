"""``limits``: how often the outside may ask for what, and what is used of it (R28)."""

from typing import Any

from marshmallow import fields

from idp.api.fields import shown
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import LIMITS
from idp.budget import rate
from idp.db.unit import UnitOfWork
from idp.http import limits
from idp.rbac.permissions import Permission

EXAMPLE = {
    "items": [
        {
            "name": "tenant",
            "setting": "limit_tenant",
            "by": "tenant",
            "allowance": "30000/minute",
            "amount": 30000,
            "window_seconds": 60,
            "used": 412,
        }
    ]
}


class LimitOut(Body):
    """One limit."""

    name = shown("As in the headers `RateLimit` and `RateLimit-Policy`.")
    setting = shown("What the operator sets.")
    by = shown("Whose each bucket is: `ip`, `account`, `client`, `recipient` or `tenant`.")
    allowance = shown("As it is set.")
    amount = fields.Integer(required=True, strict=True)
    window_seconds = fields.Integer(required=True, strict=True)
    used = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        metadata={"description": "In the current window, of the limit over all; null where nobody can know."},
    )


class LimitsOut(Body):
    """All of them."""

    items = fields.List(fields.Nested(LimitOut), required=True)


@management.operation("GET", "/limits", needs=Permission.LIMITS_READ, tag=LIMITS, answer=(200, LimitsOut, EXAMPLE))
def list_limits(uow: UnitOfWork) -> dict[str, Any]:
    """List the limits.

    What the tenant may spend is the operator's to set; `used` is what it has spent of the limit over all requests.
    """
    used = limits.use_of(limits.current_limiter(), uow.tenant)
    return {"items": [_describe(uow, limit, used) for limit in limits.ALL]}


def _describe(uow: UnitOfWork, limit: limits.Limit, used: int | None) -> dict[str, Any]:
    allowance = limits.allowance(uow.tenant.budget, limit)
    item = rate(allowance)
    return {
        "name": limit.name,
        "setting": limit.field,
        "by": limit.by,
        "allowance": allowance,
        "amount": item.amount,
        "window_seconds": item.get_expiry(),
        "used": used if limit == limits.TENANT else None,
    }
