"""``operator-accesses``: when operators acted for this tenant; whoever may, ends what still goes on (R48)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, and_, not_, select

from idp.api.fields import moment, shown
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import ACCESS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac import operators
from idp.rbac.models import OperatorAccess
from idp.rbac.permissions import Permission

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
OPERATOR_ACCESS = {
    "id": "01981a4e-cc30-7f66-9d2e-7e3a4b5c6d70",
    "operator_id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "operator_name": "Ola Berg",
    "reason": "Ticket 4711: nobody at Acme can sign in.",
    "permissions": ["settings:read", "users:read"],
    "status": "active",
    "created_at": _MOMENT,
    "expires_at": "2026-11-24T09:42:00.250000+00:00",
    "ended_at": None,
}
STATUS = ("active", "over")


class OperatorAccessOut(Body):
    """That an operator may act, or might, for a tenant."""

    id = shown("As `operator_access_id` in its tokens.")
    operator_id = shown("Of the tenant `system`; the actor of what was done.")
    operator_name = shown("What they are called there.")
    reason = shown("Why, in their words.")
    permissions = fields.List(
        fields.String(), required=True, metadata={"description": "All that they may do in the tenant."}
    )
    status = fields.String(required=True, validate=validate.OneOf(STATUS))
    created_at = moment("When it began.")
    expires_at = moment("When it is over, unless it is ended before.")
    ended_at = moment("When it was ended.", allow_none=True)


def _has_status(status: str) -> ColumnElement[bool]:
    return and_(*operators.LIVING) if status == "active" else not_(and_(*operators.LIVING))


LISTING = Listing(
    "operator-accesses",
    orders={"created_at": Order((OperatorAccess.id,))},
    default="-created_at",
    filters={
        "status": Filter(
            fields.String(validate=validate.OneOf(STATUS), metadata={"description": "Whether it goes on."}), _has_status
        ),
        "operator_id": Filter(
            fields.UUID(metadata={"description": "Of this operator."}),
            lambda operator_id: OperatorAccess.operator_id == operator_id,
        ),
    },
)
PAGE = (200, listed(OperatorAccessOut), {"items": [OPERATOR_ACCESS], "next_cursor": None})


def describe(uow: UnitOfWork, access: OperatorAccess) -> dict[str, Any]:
    """An access as the API shows it."""
    is_over = access.ended_at is not None or access.expires_at <= uow.now or access.created_at <= uow.not_before
    return {
        "id": str(access.id),
        "operator_id": str(access.operator_id),
        "operator_name": access.operator_name,
        "reason": access.reason,
        "permissions": access.permissions,
        "status": "over" if is_over else "active",
        "created_at": access.created_at.isoformat(),
        "expires_at": access.expires_at.isoformat(),
        "ended_at": access.ended_at and access.ended_at.isoformat(),
    }


def page(uow: UnitOfWork, query: Mapping[str, Any]) -> dict[str, Any]:
    """A page of the tenant's."""
    found = LISTING.page(uow, select(OperatorAccess), query)
    return LISTING.answer(uow, found, [describe(uow, row[0]) for row in found.rows], query)


@management.operation(
    "GET",
    "/operator-accesses",
    needs=Permission.OPERATORS_READ,
    tag=ACCESS,
    query=LISTING.query,
    answer=PAGE,
)
def list_operator_accesses(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List when operators acted for this tenant.

    What they did is among the events, with `operator_id` as actor.
    """
    return page(uow, query)


@management.operation(
    "DELETE",
    "/operator-accesses/<uuid:access_id>",
    needs=Permission.OPERATORS_WRITE,
    tag=ACCESS,
    answer=(204, None, None),
    refuses=("no-such-access",),
)
def end_operator_access(uow: UnitOfWork, access_id: UUID) -> None:
    """End an operator's access.

    Its tokens are of no use from now on. One that is over stays as it was.
    """
    operators.end(uow, access_id)
