"""From an address to its tenant: only here URLs meet tenants, and only configuration makes an issuer (R35, R49)."""

import re

from sqlalchemy import Engine, select

from idp.db.cache import PUBLISHED_TTL_SECONDS, RowCache
from idp.db.snapshot import read_slug
from idp.i18n import gettext as _
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import Tenant

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])")
"""2 to 40 characters, hyphens only inside."""

_tenants: RowCache[Tenant | None] = RowCache(10_000, ttl=PUBLISHED_TTL_SECONDS, stale_on_error=True)


def issuer_of(base_url: str, slug: str) -> str:
    """The issuer of a tenant under our own host."""
    return f"{base_url}/t/{slug}"


def resolve(engine: Engine, slug: str) -> Tenant:
    """The living tenant with this slug; at most two seconds old, detached, never to be changed.

    A suspended tenant is returned too: some of its documents stay public.

    Raises:
        NoSuchTenant: unknown, malformed or deleted.
    """
    if not SLUG.fullmatch(slug):
        raise NoSuchTenant(_("There is nothing at this address."))
    tenant = _tenants.get((engine, slug), lambda: _load(engine, slug))
    if tenant is None or tenant.deleted_at is not None:
        raise NoSuchTenant(_("There is nothing at this address."))
    return tenant


def _load(engine: Engine, slug: str) -> Tenant | None:
    with read_slug(engine, slug) as session:
        return session.scalar(select(Tenant).where(Tenant.slug == slug))


def forget() -> None:
    """Drop the cache; for tests and for the process that changed a tenant."""
    _tenants.clear()
