"""The product's own API as a resource of every tenant: its audience, and its scopes, which are its permissions.

It has no row: whoever may ask for its scopes gets it beside the tenant's own resources.  Only first-party clients and
machines may; a scope that one of the tenant's own resources had first stays that resource's.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from idp.db.unit import TenantRow
from idp.oauth.models import ApiResource, Client
from idp.rbac import permissions
from idp.rbac.permissions import PLATFORM
from idp.tenants.models import SYSTEM_SLUG

PATH = "/api/v1"
NAME = "Management API"
CONSOLE = UUID("00000000-0000-7000-8000-000000000001")
"""Id, in every tenant, of the client by which people manage it; see `idp.oauth.console`."""


def audience(tenant: TenantRow) -> str:
    """``aud`` of tokens for a tenant's management API."""
    return tenant.issuer + PATH


def platform_audience(system: TenantRow) -> str:
    """``aud`` of tokens for the platform API, which the tenant ``system`` issues."""
    return system.issuer.removesuffix(f"/t/{SYSTEM_SLUG}") + PATH


def is_ours(tenant: TenantRow, identifier: str) -> bool:
    """Whether an audience is one of the product's own, which no resource of a tenant may be called."""
    base = tenant.issuer.removesuffix(f"/t/{tenant.slug}")
    return identifier.rstrip("/") == base or identifier.startswith(base + "/")


def resources_for(tenant: TenantRow, client: Client, own: Iterable[ApiResource]) -> tuple[ApiResource, ...]:
    """The product's own resources that `client` may have tokens for.

    Args:
        tenant: whose client.
        client: as registered.
        own: the tenant's resources that the client's scope reaches.
    """
    if "authorization_code" in client.grant_types and not client.first_party:
        return ()
    taken = {scope for resource in own for scope in resource.scope}
    wanted = (permissions.catalogue(tenant.slug) & set(client.scope)) - taken
    found = [(audience(tenant), wanted - PLATFORM)]
    if tenant.slug == SYSTEM_SLUG:
        found.append((platform_audience(tenant), wanted & PLATFORM))
    return tuple(_resource(identifier, scope) for identifier, scope in found if scope)


def _resource(identifier: str, scope: Collection[str]) -> ApiResource:
    return ApiResource(identifier=identifier, name=NAME, scope=sorted(scope), permissions_claim=False)
