"""What a tenant looks like in the platform API; its settings and its budget are as their documents define them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from idp.api.fields import email, moment, shown, text
from idp.api.management import settings_schemas
from idp.api.management.settings_schemas import change_schema, shown_schema
from idp.api.schemas import Body
from idp.budget import Budget
from idp.db.unit import PlatformUnit
from idp.policy import Policy
from idp.tenants import service as tenants
from idp.tenants.errors import SettingUnknown
from idp.tenants.models import Branding, Tenant
from idp.tenants.resolve import SLUG

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
_HIDDEN = ("logo_etag",)
STATUS = ("active", "suspended")
CREATE = {
    "slug": "acme",
    "name": "Acme",
    "settings": {"registration": "domains", "registration_domains": ["acme.example"]},
    "budget": {"limit_sign_in_ip": "30/minute"},
    "admin": {"email": "ida@acme.example", "name": "Ida Noor"},
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
    "credentials_not_before": None,
    "settings": settings_schemas.describe((Policy(), Branding()), but=_HIDDEN),
    "budget": settings_schemas.describe((Budget(),)),
}


_SETTINGS, _BUDGET = (Policy, Branding), (Budget,)
TenantSettings = shown_schema("TenantSettings", _SETTINGS, but=_HIDDEN)
TenantBudget = shown_schema("TenantBudget", _BUDGET)
ChangeTenantSettings = change_schema("ChangeTenantSettings", _SETTINGS, but=_HIDDEN)
ChangeTenantBudget = change_schema("ChangeTenantBudget", _BUDGET)


class ChangeTenant(Body):
    """Changes of a tenant (RFC 7396): members that are there are set, null is the default again."""

    name = text("What its people call it.", longest=tenants.MAX_NAME)
    settings = fields.Nested(ChangeTenantSettings, metadata={"description": "Policy and branding."})
    budget = fields.Nested(ChangeTenantBudget, metadata={"description": "Rate limits, such as `30/minute`."})


class FirstOwner(Body):
    """Who is let in first."""

    email = email("Where the invitation goes; whoever reads it chooses the password.")
    name = text("What they are called; they choose it themselves when it is left out.", longest=255)


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
    credentials_not_before = moment("Whatever was issued until then is over.", allow_none=True)


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
    return summary(tenant) | {
        "credentials_not_before": tenant.not_before and tenant.not_before.isoformat(),
        "settings": settings_schemas.describe((tenant.policy, tenant.branding), but=_HIDDEN),
        "budget": settings_schemas.describe((tenant.budget,)),
    }


def change(platform: PlatformUnit, tenant: Tenant, sent: Mapping[str, Any]) -> None:
    """Change what was sent.

    Raises:
        SettingUnknown: a value outside its bounds, with the place where it stands; nothing is changed.
    """
    home = {name: part for part in ("settings", "budget") for name in sent.get(part, ())}
    changes = {name: sent[part][name] for name, part in home.items()}
    if "name" in sent:
        changes["name"] = sent["name"]
    if not changes:
        return
    try:
        tenants.update(platform, tenant, changes)
    except SettingUnknown as refused:
        field = refused.field if refused.field not in home else f"{home[refused.field]}/{refused.field}"
        raise SettingUnknown(refused.detail, field=field) from None
