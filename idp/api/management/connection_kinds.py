"""``connection-kinds``: what can be connected, and what each kind wants to be told, so that forms can be made of it."""

from typing import Any

from marshmallow import fields, validate

from idp.api.fields import shown
from idp.api.management.connection_schemas import ConnectionOptions
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import CONNECTIONS
from idp.db.unit import UnitOfWork
from idp.federation import connections
from idp.federation.options import Options
from idp.federation.providers.registry import COMMON, KINDS
from idp.rbac.permissions import Permission

TYPES: dict[type[fields.Field[Any]], str] = {fields.List: "list", fields.Dict: "map", fields.Boolean: "flag"}
"""How a member is filled in; text where it is none of these."""
_FIELDS = ConnectionOptions().fields
EXAMPLE = {
    "items": [
        {
            "kind": "github",
            "label": "GitHub",
            "icon": "code",
            "needs_client_secret": True,
            "callback_url": "https://id.example/t/acme/connections/{name}/callback",
            "options": [
                {
                    "name": "organizations",
                    "type": "list",
                    "required": False,
                    "choices": None,
                    "default": [],
                    "description": _FIELDS["organizations"].metadata["description"],
                }
            ],
        }
    ]
}


class OptionOut(Body):
    """A member of the options of a kind."""

    name = shown("As in `options`.")
    type = fields.String(required=True, validate=validate.OneOf(["text", *TYPES.values()]))
    required = fields.Boolean(required=True, metadata={"description": "Whether the kind cannot work without it."})
    choices = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "What it can be, where that is fixed."},
    )
    default = fields.Raw(
        required=True, allow_none=True, metadata={"description": "What it is when nobody says anything."}
    )
    description = shown("For people.")


class KindOut(Body):
    """A kind of upstream."""

    kind = shown("For `kind` of a connection.")
    label = shown("What its button says when nobody says anything else.")
    icon = shown("On its button, when nobody says anything else.")
    needs_client_secret = fields.Boolean(required=True, metadata={"description": "Whether it must have one."})
    callback_url = shown("What has to be registered there; `{name}` is the name of the connection.")
    options = fields.List(fields.Nested(OptionOut), required=True, metadata={"description": "Those that it has."})


class KindsOut(Body):
    """All of them."""

    items = fields.List(fields.Nested(KindOut), required=True)


@management.operation(
    "GET",
    "/connection-kinds",
    needs=Permission.CONNECTIONS_READ,
    tag=CONNECTIONS,
    answer=(200, KindsOut, EXAMPLE),
)
def list_connection_kinds(uow: UnitOfWork) -> dict[str, Any]:
    """List what can be connected.

    With the options that each kind has.
    """
    callback_url = connections.callback_url(uow, "{name}")
    return {"items": [_describe(kind, callback_url) for kind in KINDS]}


def _describe(kind: str, callback_url: str) -> dict[str, Any]:
    known = KINDS[kind]
    return {
        "kind": kind,
        "label": known.label,
        "icon": known.icon,
        "needs_client_secret": known.needs_secret,
        "callback_url": callback_url,
        "options": [
            _option(name, required=name in known.required) for name in _FIELDS if name in known.members | COMMON
        ],
    }


def _option(name: str, *, required: bool) -> dict[str, Any]:
    field = _FIELDS[name]
    choices = next((check.choices for check in field.validators if isinstance(check, validate.OneOf)), None)
    return {
        "name": name,
        "type": next((told for kind, told in TYPES.items() if isinstance(field, kind)), "text"),
        "required": required,
        "choices": None if choices is None else list(choices),
        "default": getattr(Options(), name),
        "description": field.metadata["description"],
    }
