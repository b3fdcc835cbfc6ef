"""What a tenant looks like in the platform API; its settings and its budget are as their documents define them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate
from pydantic import BaseModel

from idp.api.fields import email, flag, moment, shown, text
from idp.api.schemas import Body
from idp.budget import Budget
from idp.db.unit import PlatformUnit
from idp.policy import Policy
from idp.tenants import service as tenants
from idp.tenants.errors import SettingUnknown
from idp.tenants.models import Branding, Tenant
from idp.tenants.resolve import SLUG

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
_READ_ONLY = frozenset({"logo_etag"})
STATUS = ("active", "suspended")
CREATE = {
    "slug": "acme",
    "name": "Acme",
    "settings": {"registration": "domains", "registration_domains": ["acme.example"]},
    "budget": {"limit_sign_in_ip": "30/minute"},
    "admin": {"email": "ida@acme.example"},
}
SUMMARY = {
    "id": "01981a4e-7b00-7a22-8f43-1e0c5e4e0b22",
    "slug": "acme",
    "name": "Acme",
    "issuer": "http://localhost:8000/t/acme",
    "status": "active",
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "suspended_at": None,
}
TENANT = SUMMARY | {
    "settings": {**Policy().model_dump(mode="json"), **Branding().model_dump(mode="json", exclude=set(_READ_ONLY))},
    "budget": Budget().model_dump(mode="json"),
}


def _members(*models: type[BaseModel], changing: bool) -> dict[str, fields.Field[Any]]:
    """A field for each member; null takes the default again."""
    return {
        name: _field(described, is_nullable=changing or field.default is None)
        for model in models
        for name, described in model.model_json_schema()["properties"].items()
        for field in [model.model_fields[name]]
        if name not in _READ_ONLY
    }


def _field(described: Mapping[str, Any], *, is_nullable: bool) -> fields.Field[Any]:
    kind = next((each for each in described.get("anyOf", ()) if each["type"] != "null"), described)
    meaning = f"Default: `{described['default']}`."
    field: fields.Field[Any]
    match kind["type"]:
        case "boolean":
            field = flag(meaning)
        case "integer":
            bounds = (
                validate.OneOf(kind["enum"]) if "enum" in kind else validate.Range(kind["minimum"], kind["maximum"])
            )
            field = fields.Integer(strict=True, validate=bounds, metadata={"description": meaning})
        case "array":
            field = fields.List(
                text("One of them.", longest=255),
                validate=validate.Length(max=kind["maxItems"]),
                metadata={"description": meaning},
            )
        case _ if "enum" in kind:
            field = fields.String(validate=validate.OneOf(kind["enum"]), metadata={"description": meaning})
        case _:
            field = text(meaning, longest=kind.get("maxLength", 100))
    field.allow_none = is_nullable
    return field


def _schema(name: str, *models: type[BaseModel], changing: bool) -> type[Schema]:
    return Body.from_dict(_members(*models, changing=changing), name=name)


TenantSettings = _schema("TenantSettings", Policy, Branding, changing=False)
TenantBudget = _schema("TenantBudget", Budget, changing=False)
ChangeTenantSettings = _schema("ChangeTenantSettings", Policy, Branding, changing=True)
ChangeTenantBudget = _schema("ChangeTenantBudget", Budget, changing=True)


class ChangeTenant(Body):
    """Changes of a tenant (RFC 7396): members that are there are set, null is the default again."""

    name = text("What its people call it.", longest=tenants.MAX_NAME)
    settings = fields.Nested(ChangeTenantSettings, metadata={"description": "Policy and branding."})
    budget = fields.Nested(ChangeTenantBudget, metadata={"description": "Rate limits, such as `30/minute`."})


class FirstOwner(Body):
    """Who is let in first."""

    email = email("Where the invitation goes; whoever reads it chooses name and password.")


class CreateTenant(ChangeTenant):
    """A tenant to make."""

    slug = text(
        "Its address, `{base}/t/{slug}`, for good: 2 to 40 of a-z, 0-9, and hyphens inside.",
        longest=40,
        required=True,
        pattern=f"^{SLUG.pattern}$",
    )
    name = text("What its people call it.", longest=tenants.MAX_NAME, required=True)
    admin = fields.Nested(FirstOwner, required=True, metadata={"description": "Who gets an owner's invitation."})


class TenantSummary(Body):
    """A tenant in a list."""

    id = shown("Never changes.")
    slug = shown("Its address, and its name here.")
    name = shown("What its people call it.")
    issuer = shown("Of its tokens.")
    status = fields.String(required=True, validate=validate.OneOf(STATUS))
    created_at = moment("When it was made.")
    updated_at = moment("When it changed last.")
    suspended_at = moment("Since when nobody gets in.", allow_none=True)


class TenantOut(TenantSummary):
    """A tenant."""

    settings = fields.Nested(TenantSettings, required=True, metadata={"description": "Policy and branding."})
    budget = fields.Nested(TenantBudget, required=True, metadata={"description": "Rate limits."})


def summary(tenant: Tenant) -> dict[str, Any]:
    """A tenant in a list."""
    return {
        "id": str(tenant.id),
        "slug": tenant.slug,
        "name": tenant.name,
        "issuer": tenant.issuer,
        "status": "active" if tenant.suspended_at is None else "suspended",
        "created_at": tenant.created_at.isoformat(),
        "updated_at": tenant.updated_at.isoformat(),
        "suspended_at": tenant.suspended_at and tenant.suspended_at.isoformat(),
    }


def whole(platform: PlatformUnit, tenant: Tenant) -> dict[str, Any]:
    """A tenant, read anew."""
    platform.flush()
    platform.session.refresh(tenant)
    branding = tenant.branding.model_dump(mode="json", exclude=set(_READ_ONLY))
    return summary(tenant) | {
        "settings": {**tenant.policy.model_dump(mode="json"), **branding},
        "budget": tenant.budget.model_dump(mode="json"),
    }


def change(platform: PlatformUnit, tenant: Tenant, sent: Mapping[str, Any]) -> None:
    """Change what was sent.

    Raises:
        SettingUnknown: a value outside its bounds, with the place where it stands; nothing is changed.
    """
    home = {name: part for part in ("settings", "budget") for name in sent.get(part, ())}
    changes = {name: _text(sent[part][name]) for name, part in home.items()}
    if "name" in sent:
        changes["name"] = sent["name"]
    if not changes:
        return
    try:
        tenants.update(platform, tenant, changes)
    except SettingUnknown as refused:
        field = refused.field if refused.field not in home else f"{home[refused.field]}/{refused.field}"
        raise SettingUnknown(refused.detail, field=field) from None


def _text(value: Any) -> str:
    """As `tenants.update` reads it; null is the empty text, which is the default."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(value)
        case _:
            return str(value)
