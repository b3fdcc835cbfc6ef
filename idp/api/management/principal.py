"""``principal``: who calls, and what they may do with the token at hand."""

from typing import Any

from marshmallow import fields, validate

from idp.actor import ActorKind
from idp.api.fields import shown
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import ACCESS
from idp.db.unit import UnitOfWork
from idp.rbac import effective
from idp.rbac.effective import Rights

EXAMPLE = {
    "kind": "user",
    "id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "roles": ["admin"],
    "permissions": ["users:read", "users:write"],
}


class Principal(Body):
    """Whoever calls."""

    kind = fields.String(required=True, validate=validate.OneOf(["user", "client", "operator"]))
    id = shown("`sub` of the token.")
    roles = fields.List(fields.String(), required=True, metadata={"description": "Held in any way."})
    permissions = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What scope and holder have in common."},
    )


@management.operation("GET", "/principal", needs=None, tag=ACCESS, answer=(200, Principal, EXAMPLE))
def get_principal(uow: UnitOfWork) -> dict[str, Any]:
    """Show who calls.

    Any access token for this API will do. The permissions are those of now: what the token's scope and its holder have
    in common.
    """
    actor = uow.actor
    return {
        "kind": actor.kind.value,
        "id": str(actor.id),
        "roles": list(_rights(uow).roles),
        "permissions": sorted(actor.permissions),
    }


def _rights(uow: UnitOfWork) -> Rights:
    match uow.actor.kind, uow.actor.id:
        case ActorKind.USER, user_id if user_id is not None:
            return effective.of_user(uow, user_id)
        case ActorKind.CLIENT, client_id if client_id is not None:
            return effective.of_client(uow, client_id)
        case _:
            return Rights()
