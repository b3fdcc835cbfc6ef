"""One request = one tenant, one actor, one transaction.

The tenant comes from the path and from nothing else (R49); the actor's address from the socket, or from a trusted
proxy (R44).
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, g, request
from sqlalchemy import Engine

from idp import log
from idp.actor import Actor, ActorKind
from idp.config import Settings
from idp.crypto.sealing import MasterKeys
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.errors import Unavailable
from idp.i18n import gettext as _
from idp.ids import new_id
from idp.tenants.errors import NoSuchTenant, TenantSuspended
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.tenants.resolve import resolve

SLUG = "tenant_slug"
_MAX_USER_AGENT = 256
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def install(
    app: Flask,
    settings: Settings,
    engine: Engine,
    master_keys: MasterKeys,
    platform_unit: Callable[[Actor], PlatformUnit],
) -> None:
    """Open a unit for every request whose route has a tenant.

    Args:
        app: the application.
        settings: of this process.
        engine: of the app role.
        master_keys: that open the tenants' data keys.
        platform_unit: makes a cross-tenant unit, for the few views that need one.
    """
    networks = [ipaddress.ip_network(item) for item in settings.trusted_proxies]

    @app.before_request
    def begin() -> None:
        g.request_id = str(new_id())
        g.settings = settings
        g.open_platform = platform_unit
        log.unbind()
        log.bind(request_id=g.request_id)
        slug = (request.view_args or {}).pop(SLUG, None)
        if slug is None and not _marked("is_platform_api"):
            return
        tenant = _tenant_of_operators(engine) if slug is None else resolve(engine, slug)
        log.bind(tenant=tenant.slug)
        actor = Actor(
            ActorKind.ANONYMOUS,
            ip=_client_ip(request.remote_addr, request.access_route, networks, settings.trusted_proxy_hops),
            user_agent=_printable(request.user_agent.string)[:_MAX_USER_AGENT] or None,
            request_id=g.request_id,
        )
        g.tenant = tenant
        g.uow = UnitOfWork(engine, tenant, actor, master_keys)
        if tenant.suspended_at is not None and not _is_public_document():
            raise TenantSuspended(_("Signing in at {tenant} is suspended. Ask your administrator.", tenant=tenant.name))

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        for name in ("platform", "uow"):
            if (unit := g.pop(name, None)) is not None:
                unit.close()


def current_unit() -> UnitOfWork:
    """The request's unit of work."""
    uow: UnitOfWork = g.uow
    return uow


def current_platform(actor: Actor) -> PlatformUnit:
    """The request's cross-tenant unit, for what no tenant's own unit may do; it commits with the request."""
    if "platform" not in g:
        g.platform = g.open_platform(actor)
    platform: PlatformUnit = g.platform
    return platform


def current_tenant() -> Tenant:
    """The request's tenant."""
    tenant: Tenant = g.tenant
    return tenant


def current_settings() -> Settings:
    """The settings of this process."""
    settings: Settings = g.settings
    return settings


def public_document(view: Any) -> Any:
    """Mark a view that a suspended tenant still serves: tokens that are out must stay verifiable."""
    view.is_public_document = True
    return view


def _is_public_document() -> bool:
    return _marked("is_public_document")


def _marked(name: str) -> bool:
    from flask import current_app  # noqa: PLC0415, TID251 - the view table is Flask's

    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, name, False)


def platform_api(view: Any) -> Any:
    """Mark a view that operators call, people and clients of the built-in tenant; its path names no tenant."""
    view.is_platform_api = True
    return view


def _tenant_of_operators(engine: Engine) -> Tenant:
    try:
        return resolve(engine, SYSTEM_SLUG)
    except NoSuchTenant:  # an empty database: nobody is an operator yet, and nobody is to blame for that
        raise Unavailable("The platform API opens when the database was set up, by idp db upgrade.") from None


def _client_ip(
    peer: str | None, route: Any, trusted: list[ipaddress.IPv4Network | ipaddress.IPv6Network], hops: int
) -> str | None:
    """The first address, from our side, that is not one of our `hops` proxies (R44).

    The count bounds whom the networks let in: a client inside a trusted network is a client all the same, and what it
    says of those before it is not believed.
    """
    if peer is None or not trusted:
        return peer
    for passed, hop in enumerate(reversed([*route, peer])):
        try:
            written = ipaddress.ip_address(hop.strip())
        except ValueError:
            return peer
        address = getattr(written, "ipv4_mapped", None) or written  # as a listener for both families sees IPv4
        if passed == hops or not any(address in network for network in trusted):
            return str(address)
    return peer


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
