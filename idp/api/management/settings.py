"""``settings``: a tenant's name, policies and branding (R6, R25, R38, R41).

`settings:write` is an administrator's for all of them: within its bounds no setting lets anybody do more than they may
(R48).  Whoever signs up holds no role, passwords keep eight characters and their blocklist, sessions and tokens their
ends, the log its thirty days; and each change is in it.  What would give power stands elsewhere and is an owner's: the
mail server, which sees links to new passwords, and first-party applications.
"""

from typing import Any

from flask import Response, after_this_request, request
from marshmallow import fields

from idp.api import bodies, etags
from idp.api.fields import moment, shown, text
from idp.api.management import settings_schemas
from idp.api.management.routes import management
from idp.api.operations import MediaType
from idp.api.tags import SETTINGS
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.http.context import current_platform
from idp.policy import Policy
from idp.rbac.permissions import Permission
from idp.tenants import branding, resolve
from idp.tenants import service as tenants
from idp.tenants.models import Branding, Tenant, TenantLogo

DOCUMENTS = (Policy, Branding)
HIDDEN = ("logo_etag",)
_Change = settings_schemas.change_schema("SettingsToChange", DOCUMENTS, but=HIDDEN)
_Shown = settings_schemas.shown_schema("SettingsThatHold", DOCUMENTS, but=HIDDEN)
PICTURES = ("image/png", "image/jpeg", "image/webp")
SETTINGS_EXAMPLE = {
    "slug": "acme",
    "issuer": "http://localhost:8000/t/acme",
    "name": "Acme",
    **settings_schemas.describe((Policy(), Branding()), but=HIDDEN),
    "has_logo": False,
    "created_at": "2026-11-24T09:12:00.250000+00:00",
    "updated_at": "2026-11-24T09:12:00.250000+00:00",
}


class ChangeSettings(_Change):  # type: ignore[misc,valid-type]
    """Settings to change; members that are left out stay, null is the default again."""

    name = text("What people see.", longest=tenants.MAX_NAME)


class Settings(_Shown):  # type: ignore[misc,valid-type]
    """The settings that hold."""

    slug = shown("Short name; never changes.")
    issuer = shown("`iss` of its tokens; never changes.")
    name = shown("What people see.")
    has_logo = fields.Boolean(required=True)
    created_at = moment("When the tenant was made.")
    updated_at = moment("When it changed last.")


class NoLogo(NotFound):
    """The tenant has no logo."""

    code = "no-logo"


@management.operation(
    "GET",
    "/settings",
    needs=Permission.SETTINGS_READ,
    tag=SETTINGS,
    answer=(200, Settings, SETTINGS_EXAMPLE),
    etag=True,
)
def get_settings(uow: UnitOfWork) -> dict[str, Any]:
    """Show the settings.

    Name, policies and branding, whether they were set or hold by default. Rate limits are at `limits`.
    """
    return describe(_own(uow))


@management.operation(
    "PATCH",
    "/settings",
    needs=Permission.SETTINGS_WRITE,
    tag=SETTINGS,
    body=(ChangeSettings, {"password_min_length": 12, "accent": "#0b6e4f"}),
    answer=(200, Settings, SETTINGS_EXAMPLE | {"password_min_length": 12, "accent": "#0b6e4f"}),
    refuses=("setting-unknown",),
    etag=True,
)
def change_settings(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Change settings.

    They hold everywhere within two seconds. `null` is the default again.
    """
    platform = current_platform(uow.actor)
    tenant = tenants.get(platform, uow.tenant.slug)
    platform.session.refresh(tenant, with_for_update=True)
    etags.require_match(describe(tenant))
    if sent:
        tenants.update(platform, tenant, sent)
    see_it_soon()
    platform.flush()
    platform.session.refresh(tenant)
    return describe(tenant)


@management.operation(
    "GET",
    "/settings/logo",
    needs=Permission.SETTINGS_READ,
    tag=SETTINGS,
    answer=(200, None, MediaType("image/png", "")),
    refuses=("no-logo",),
)
def get_logo(uow: UnitOfWork) -> Response:
    """Show the logo.

    As it was written anew from what was uploaded.
    """
    logo = uow.session.get(TenantLogo, uow.tenant.id)
    if logo is None:
        raise NoLogo("There is no logo.")
    return Response(logo.png, mimetype="image/png")


@management.operation(
    "PUT",
    "/settings/logo",
    needs=Permission.SETTINGS_WRITE,
    tag=SETTINGS,
    answer=(204, None, None),
    refuses=("logo-invalid", "body-too-large", "unsupported-media-type"),
    takes=PICTURES,
)
def set_logo(uow: UnitOfWork) -> None:
    """Set the logo.

    The body is a PNG, JPEG or WebP picture of at most 256 KiB; it is decoded and written anew as PNG.
    """
    if request.mimetype not in PICTURES:
        raise bodies.NotJson(f"A logo is sent as {', '.join(PICTURES[:-1])} or {PICTURES[-1]}.")
    _put_logo(uow, bodies.raw(request))


@management.operation(
    "DELETE", "/settings/logo", needs=Permission.SETTINGS_WRITE, tag=SETTINGS, answer=(204, None, None)
)
def remove_logo(uow: UnitOfWork) -> None:
    """Take the logo away."""
    _put_logo(uow, None)


def describe(tenant: Tenant) -> dict[str, Any]:
    """A tenant's settings as the API shows them."""
    return {
        "slug": tenant.slug,
        "issuer": tenant.issuer,
        "name": tenant.name,
        **settings_schemas.describe((tenant.policy, tenant.branding), but=HIDDEN),
        "has_logo": tenant.branding.logo_etag is not None,
        "created_at": tenant.created_at.isoformat(),
        "updated_at": tenant.updated_at.isoformat(),
    }


def _own(uow: UnitOfWork) -> Tenant:
    """The tenant's row of now, not the one that requests may keep for two seconds."""
    row = uow.session.get(Tenant, uow.tenant.id)
    assert row is not None  # noqa: S101 - the request was resolved to it
    return row


def _put_logo(uow: UnitOfWork, upload: bytes | None) -> None:
    platform = current_platform(uow.actor)
    tenant = tenants.get(platform, uow.tenant.slug)
    platform.session.refresh(tenant, with_for_update=True)
    branding.set_logo(platform, tenant, upload)
    see_it_soon()


def see_it_soon() -> None:
    """Let this process read the tenant anew once the change is committed."""

    @after_this_request
    def forget(response: Response) -> Response:
        resolve.forget()
        return response
