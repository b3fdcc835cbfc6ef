"""``tenants``: made with their first owner, shown, changed, suspended, resumed, and deleted for good (R51)."""

from dataclasses import replace
from typing import Any

from flask import g
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, and_, select

from idp.accounts import invitations
from idp.api import etags
from idp.api.bodies import QueryInvalid
from idp.api.fields import text
from idp.api.listing import Filter, Listing
from idp.api.platform.documents import (
    CREATE,
    STATUS,
    SUMMARY,
    TENANT,
    ChangeTenant,
    CreateTenant,
    TenantOut,
    TenantSummary,
    change,
    summary,
    whole,
)
from idp.api.platform.routes import platform, unit_of_system
from idp.api.schemas import Body, listed
from idp.api.tags import PLATFORM
from idp.db.locks import lock
from idp.db.paging import Order
from idp.db.unit import PlatformUnit
from idp.http.context import current_settings
from idp.rbac import permissions
from idp.rbac.permissions import Builtin, Permission
from idp.tenants import epoch
from idp.tenants import service as tenants
from idp.tenants.errors import TenantIsBuiltin
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.users import service as users

_LAST = "\uffff"
_UNMAKEABLE = ("slug-taken", "slug-invalid", "setting-unknown")


def _has_status(status: str) -> ColumnElement[bool]:
    return Tenant.suspended_at.is_(None) if status == "active" else Tenant.suspended_at.is_not(None)


LISTING = Listing(
    "tenants",
    orders={"slug": Order((Tenant.slug,)), "created_at": Order((Tenant.id,))},
    default="slug",
    filters={
        "slug": Filter(text("Exactly this one.", longest=40), lambda slug: Tenant.slug == slug),
        "slug_starts_with": Filter(
            text("A slug that begins so.", longest=40),
            lambda prefix: and_(Tenant.slug >= prefix, Tenant.slug < prefix + _LAST),
        ),
        "status": Filter(
            fields.String(validate=validate.OneOf(STATUS), metadata={"description": "How they stand."}), _has_status
        ),
    },
)


class DeleteQuery(Body):
    """Say it twice."""

    confirm = text("The slug once more: nothing of the tenant comes back.", longest=40, required=True)


@platform.operation(
    "GET",
    "/tenants",
    needs=Permission.TENANTS_READ,
    tag=PLATFORM,
    query=LISTING.query,
    answer=(200, listed(TenantSummary), {"items": [SUMMARY], "next_cursor": None}),
)
def list_tenants(unit: PlatformUnit, query: dict[str, Any]) -> dict[str, Any]:
    """List tenants.

    Pages only; nobody counts them. `system`, the tenant of the operators, is one of them.
    """
    system = unit_of_system(unit)
    page = LISTING.page(system, select(Tenant).where(Tenant.deleted_at.is_(None)), query)
    return LISTING.answer(system, page, [summary(row[0]) for row in page.rows], query)


@platform.operation(
    "POST",
    "/tenants",
    needs=Permission.TENANTS_WRITE,
    tag=PLATFORM,
    body=(CreateTenant, CREATE),
    answer=(201, TenantOut, TENANT),
    refuses=(
        "slug-taken",
        "slug-invalid",
        "setting-unknown",
        "email-invalid",
        "profile-invalid",
        "registration-closed",
    ),
    etag=True,
)
def create_tenant(unit: PlatformUnit, sent: dict[str, Any]) -> dict[str, Any]:
    """Make a tenant.

    It has its issuer, its keys and its roles at once, and its first owner gets an invitation, good for seven days, to
    choose a password by. Its address is in `Location`. A slug is never used twice, not even when its tenant is gone.
    """
    lock(unit, f"slug:{sent['slug']}")
    tenant = tenants.create(unit, slug=sent["slug"], name=sent["name"], base_url=current_settings().base_url)
    unit.flush()
    change(unit, tenant, {part: sent[part] for part in ("settings", "budget") if part in sent})
    _let_in(unit, tenant, **sent["admin"])
    g.headers = {"Location": f"{current_settings().base_url}/api/v1/tenants/{tenant.slug}"}
    return whole(unit, tenant)


@platform.operation(
    "GET",
    "/tenants/<slug>",
    needs=Permission.TENANTS_READ,
    tag=PLATFORM,
    answer=(200, TenantOut, TENANT),
    refuses=("no-such-tenant",),
    etag=True,
)
def get_tenant(unit: PlatformUnit, slug: str) -> dict[str, Any]:
    """Show a tenant."""
    return whole(unit, tenants.get(unit, slug))


@platform.operation(
    "PATCH",
    "/tenants/<slug>",
    needs=Permission.TENANTS_WRITE,
    tag=PLATFORM,
    body=(ChangeTenant, {"budget": {"limit_sign_in_ip": "30/minute"}, "settings": {"terms_url": None}}),
    answer=(200, TenantOut, TENANT),
    refuses=("no-such-tenant", "tenant-is-built-in", "setting-unknown"),
    etag=True,
)
def change_tenant(unit: PlatformUnit, sent: dict[str, Any], slug: str) -> dict[str, Any]:
    """Change a tenant.

    Members that are sent are set, `null` is the default again, the others stay (RFC 7396). Binds everywhere within two
    seconds. The settings of `system` are changed by its own management API.
    """
    tenant = _customer(unit, slug)
    etags.require_match(whole(unit, tenant))
    change(unit, tenant, sent)
    return whole(unit, tenant)


@platform.operation(
    "POST",
    "/tenants/<slug>/suspend",
    needs=Permission.TENANTS_WRITE,
    tag=PLATFORM,
    answer=(200, TenantOut, TENANT | {"status": "suspended", "suspended_at": TENANT["updated_at"]}),
    refuses=("no-such-tenant", "tenant-is-built-in"),
    etag=True,
)
def suspend_tenant(unit: PlatformUnit, slug: str) -> dict[str, Any]:
    """Suspend a tenant.

    Every sign-in, token and management call of it is refused within two seconds. Nothing is lost.
    """
    tenant = _customer(unit, slug)
    tenants.suspend(unit, tenant)
    return whole(unit, tenant)


@platform.operation(
    "POST",
    "/tenants/<slug>/resume",
    needs=Permission.TENANTS_WRITE,
    tag=PLATFORM,
    answer=(200, TenantOut, TENANT),
    refuses=("no-such-tenant",),
    etag=True,
)
def resume_tenant(unit: PlatformUnit, slug: str) -> dict[str, Any]:
    """Resume a tenant that was suspended."""
    tenant = _held(unit, slug)
    tenants.resume(unit, tenant)
    return whole(unit, tenant)


@platform.operation(
    "POST",
    "/tenants/<slug>/sign-out-everybody",
    needs=Permission.TENANTS_WRITE,
    tag=PLATFORM,
    answer=(200, TenantOut, TENANT | {"credentials_not_before": TENANT["updated_at"]}),
    refuses=("no-such-tenant",),
    etag=True,
)
def sign_everybody_out(unit: PlatformUnit, slug: str) -> dict[str, Any]:
    """Sign everybody of a tenant out.

    Every session, half-finished sign-in, authorization code, refresh token, mailed link and access token of people and
    machines that was issued until `credentials_not_before` is over, within two seconds and everywhere that asks this
    server. Whoever checks access tokens by the published keys takes them until they expire, ten minutes at most, unless
    the key is revoked too. Of `system` it signs out the operators, whoever calls among them.
    """
    tenant = _held(unit, slug)
    epoch.sign_out_everybody(unit, tenant)
    return whole(unit, tenant)


@platform.operation(
    "DELETE",
    "/tenants/<slug>",
    needs=Permission.TENANTS_DELETE,
    tag=PLATFORM,
    query=DeleteQuery,
    answer=(204, None, None),
    refuses=("no-such-tenant", "tenant-is-built-in"),
    etag=True,
)
def delete_tenant(unit: PlatformUnit, query: dict[str, Any], slug: str) -> None:
    """Delete a tenant, for good.

    It is gone at once, and its key with it, so that whatever was sealed stays sealed; the worker removes its rows. Its
    slug is never used again.
    """
    tenant = _customer(unit, slug)
    if query["confirm"] != slug:
        raise QueryInvalid([("/confirm", "Must be the slug of the tenant to delete.")])
    etags.require_match(whole(unit, tenant))
    tenants.delete(unit, tenant)


def _let_in(unit: PlatformUnit, tenant: Tenant, *, email: str, name: str | None = None) -> None:
    """Invite the first owner; an account that waits for them keeps what they are called.

    Whoever makes a tenant may do everything in it while it is made: there is nobody yet whom that could harm.
    """
    with unit.within(tenant) as uow:
        uow.actor = replace(uow.actor, permissions=permissions.of_builtin(Builtin.OWNER, tenant.slug))
        if name is not None:
            users.create(uow, email=email, via="invitation", name=name)
        invitations.invite(uow, email, roles=[Builtin.OWNER])


def _held(unit: PlatformUnit, slug: str) -> Tenant:
    """A tenant, locked: whoever wants to change it too waits."""
    tenant = tenants.get(unit, slug)
    unit.session.refresh(tenant, with_for_update=True)
    if tenant.deleted_at is not None:
        return tenants.get(unit, slug)  # which raises: it was deleted while we waited
    return tenant


def _customer(unit: PlatformUnit, slug: str) -> Tenant:
    """The same, but not of the tenant ``system``."""
    if slug == SYSTEM_SLUG:
        raise TenantIsBuiltin("The tenant 'system' holds the operators; it stays as it is.")
    return _held(unit, slug)
