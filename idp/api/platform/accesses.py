"""``tenants/{slug}/accesses``: acting for a tenant, explicitly, for a while, and under the eyes of its people (R48)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from idp.api.fields import require_plain, shown
from idp.api.management import operator_accesses, operator_tokens
from idp.api.management.operator_accesses import OPERATOR_ACCESS, OperatorAccessOut
from idp.api.platform.routes import platform
from idp.api.schemas import Body
from idp.api.tags import PLATFORM
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.http.context import current_tenant, current_unit
from idp.oauth.tokens import TokenResponse
from idp.rbac import operators, permissions
from idp.rbac.errors import PermissionNeeded
from idp.rbac.models import OperatorAccess
from idp.rbac.operators import LONGEST, LONGEST_REASON, SHORTEST_REASON, Operator
from idp.rbac.permissions import NAMES, Permission
from idp.tenants import service as tenants
from idp.tenants.errors import TenantSuspended
from idp.tenants.models import Tenant

BEGIN = {"reason": OPERATOR_ACCESS["reason"], "minutes": 30, "permissions": OPERATOR_ACCESS["permissions"]}
TOKEN = {
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9.e30.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 600,
    "scope": "settings:read users:read",
}
BEGUN = OPERATOR_ACCESS | TOKEN
_MINUTES = int(LONGEST.total_seconds()) // 60


class BeginAccess(Body):
    """Why, how long, and for what."""

    reason = fields.String(
        required=True,
        validate=[validate.Length(SHORTEST_REASON, LONGEST_REASON), require_plain],
        metadata={"description": "Why; the tenant's people read it."},
    )
    minutes = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, _MINUTES),
        metadata={"description": "When it is over by itself."},
    )
    permissions = fields.List(
        fields.String(validate=validate.OneOf(sorted(NAMES - permissions.PLATFORM))),
        required=True,
        validate=validate.Length(1, len(NAMES)),
        metadata={"description": "All that you will need; nothing else will be permitted."},
    )


class _Token(Body):
    access_token = shown("For the management API of the tenant, and nothing else.")
    token_type = shown("`Bearer`.")
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds; ten minutes at most."})
    scope = shown("The permissions, as the token has them.")


class AccessToken(_Token):
    """Another token for an access."""


class AccessBegun(OperatorAccessOut, _Token):
    """An access, and its first token."""


@platform.operation(
    "POST",
    "/tenants/<slug>/accesses",
    needs=Permission.TENANTS_ACT,
    tag=PLATFORM,
    body=(BeginAccess, BEGIN),
    answer=(201, AccessBegun, BEGUN),
    refuses=("no-such-tenant", "tenant-suspended", "tenant-is-built-in", "access-invalid"),
)
def begin_access(unit: PlatformUnit, sent: dict[str, Any], slug: str) -> dict[str, Any]:
    """Begin to act for a tenant.

    For a reason, for an hour at most, with the permissions that you name and no others. The tenant's people see it,
    and every event that you cause there names you; they can end it, and so can any operator. The token is for the
    tenant's management API; get another one while the access lasts.
    """
    tenant = _served(unit, slug)
    operator = _operator(unit)
    lasting = timedelta(minutes=sent["minutes"])
    with unit.within(tenant) as uow:
        access = operators.begin(uow, operator, reason=sent["reason"], lasting=lasting, permissions=sent["permissions"])
        uow.flush()
        document = operator_accesses.describe(uow, access)
    _tell_operators(unit, EventType.OPERATOR_ACCESS_BEGUN, access, tenant)
    return document | _token(unit, tenant, access)


@platform.operation(
    "GET",
    "/tenants/<slug>/accesses",
    needs=Permission.TENANTS_READ,
    tag=PLATFORM,
    query=operator_accesses.LISTING.query,
    answer=operator_accesses.PAGE,
    refuses=("no-such-tenant",),
)
def list_accesses(unit: PlatformUnit, query: dict[str, Any], slug: str) -> dict[str, Any]:
    """List when operators acted for a tenant."""
    with unit.within(tenants.get(unit, slug)) as uow:
        return operator_accesses.page(uow, query)


@platform.operation(
    "POST",
    "/tenants/<slug>/accesses/<uuid:access_id>/token",
    needs=Permission.TENANTS_ACT,
    tag=PLATFORM,
    answer=(200, AccessToken, TOKEN),
    refuses=("no-such-tenant", "tenant-suspended", "no-such-access", "access-ended"),
)
def renew_access_token(unit: PlatformUnit, slug: str, access_id: UUID) -> dict[str, Any]:
    """Get another token to act for a tenant.

    Only for whoever began the access, while it lasts.
    """
    tenant = _served(unit, slug)
    with unit.within(tenant) as uow:
        access = operators.get_living(uow, access_id, operator_id=_operator(unit).id)
    return _token(unit, tenant, access)


@platform.operation(
    "DELETE",
    "/tenants/<slug>/accesses/<uuid:access_id>",
    needs=Permission.TENANTS_ACT,
    tag=PLATFORM,
    answer=(204, None, None),
    refuses=("no-such-tenant", "no-such-access"),
)
def end_access(unit: PlatformUnit, slug: str, access_id: UUID) -> None:
    """End an access to a tenant, your own or another operator's.

    Its tokens are of no use from now on. One that is over stays as it was.
    """
    tenant = tenants.get(unit, slug)
    with unit.within(tenant) as uow:
        access = operators.end(uow, access_id)
    if access is not None:
        _tell_operators(unit, EventType.OPERATOR_ACCESS_ENDED, access, tenant)


def _served(unit: PlatformUnit, slug: str) -> Tenant:
    """A tenant whose management API answers.

    Raises:
        NoSuchTenant, TenantSuspended: it does not.
    """
    tenant = tenants.get(unit, slug)
    if tenant.suspended_at is not None:
        raise TenantSuspended(f"The tenant {slug!r} is suspended: resume it first.")
    return tenant


def _operator(unit: PlatformUnit) -> Operator:
    """Whoever calls, as they will be found when they come with the token."""
    found = None if unit.actor.id is None else operator_tokens.find_operator(current_unit(), unit.actor.id)
    if found is None:
        raise PermissionNeeded(f"This needs the permission {Permission.TENANTS_ACT.value}.")
    return found


def _token(unit: PlatformUnit, tenant: Tenant, access: OperatorAccess) -> TokenResponse:
    """Signed as any token of the tenant's: by the role and the cache that serve it."""
    return operator_tokens.issue(UnitOfWork(current_unit().engine, tenant, unit.actor, unit.master_keys), access)


def _tell_operators(unit: PlatformUnit, kind: EventType, access: OperatorAccess, tenant: Tenant) -> None:
    """The same event in ``system``, whose people see who of them acts where."""
    with unit.within(current_tenant()) as system:
        events.record(system, kind, access, tenant=tenant.slug, **operators.described(access))
