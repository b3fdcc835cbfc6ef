"""The client by which people manage their tenant: the console and the API's own page sign them in with it.

Every tenant has it under the same id, made with the tenant and kept up to date by the worker.  It is public and
first-party, may ask for everything, and can do what whoever uses it may do.
"""

from sqlalchemy import case, select

from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events.models import Event
from idp.oauth import scopes
from idp.oauth.management import CONSOLE as CLIENT_ID
from idp.oauth.models import Client
from idp.rbac import permissions
from idp.tenants.models import SYSTEM_SLUG, Tenant

NAME = "Console"


def establish(uow: UnitOfWork, _created: Event) -> None:
    """Give a new tenant its console client."""
    ensure(uow)


def ensure(uow: UnitOfWork) -> None:
    """Make the client, or bring it up to date with this release."""
    base = uow.tenant.issuer.removesuffix(f"/t/{uow.tenant.slug}")
    client = uow.find(Client, CLIENT_ID) or uow.add(
        Client(
            id=CLIENT_ID,
            name=NAME,
            type="spa",
            token_endpoint_auth_method="none",
            grant_types=["authorization_code", "refresh_token"],
            post_logout_redirect_uris=[],
            first_party=True,
            require_pkce=True,
            require_pushed_authorization_requests=False,
        )
    )
    client.redirect_uris = [f"{base}/docs/oauth2-redirect.html", f"{uow.tenant.issuer}/console/callback"]
    client.allowed_origins = []
    client.scope = scope_of(uow.tenant.slug)


def scope_of(slug: str) -> list[str]:
    """What the console may ask for in the tenant `slug`."""
    return [*scopes.STANDARD, *sorted(permissions.catalogue(slug))]


def tenants_without(platform: PlatformUnit, *, limit: int = 100) -> list[Tenant]:
    """Living tenants whose client is missing, or may not ask for all that there is in this release."""
    of_system, of_others = Client.scope == scope_of(SYSTEM_SLUG), Client.scope == scope_of("")
    current = case((Tenant.slug == SYSTEM_SLUG, of_system), else_=of_others)
    return list(
        platform.session.scalars(
            select(Tenant)
            .outerjoin(Client, (Client.tenant_id == Tenant.id) & (Client.id == CLIENT_ID))
            .where(Tenant.deleted_at.is_(None), Client.id.is_(None) | ~current)
            .limit(limit)
        ).all()
    )
