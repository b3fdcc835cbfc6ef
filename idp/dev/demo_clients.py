"""The clients of the demo: of the product, of its resource server, and of whoever tries the management API."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.db.unit import UnitOfWork
from idp.oauth import clients, registration, resources
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import ApiResource, Client
from idp.rbac import roles
from idp.rbac import service as rbac
from idp.rbac.models import Role
from idp.rbac.permissions import Builtin, Permission, catalogue, of_builtin

READ, WRITE = "notes:read", "notes:write"
SIGN_IN = f"openid profile email offline_access {READ}"
AUTOMATION = "automation"

Document = dict[str, Any]


def of_tenant(uow: UnitOfWork, known: Document, *, product_url: str, api_url: str) -> Document:
    """The clients of a demo tenant.

    Args:
        uow: the tenant's unit.
        known: what `demo.json` said of them before.
        product_url: origin of the demo product.
        api_url: origin of the demo resource server.
    """
    web = register(
        uow,
        known.get("web", {}),
        client_name="Notes",
        type="web",
        redirect_uris=[f"{product_url}/callback/{uow.tenant.slug}"],
        post_logout_redirect_uris=[f"{product_url}/"],
        scope=SIGN_IN,
    )
    spa = register(
        uow,
        known.get("spa", {}),
        client_name="Notes in the browser",
        type="spa",
        redirect_uris=[f"{product_url}/spa/callback"],
        post_logout_redirect_uris=[f"{product_url}/"],
        allowed_origins=[product_url],
        scope=f"{SIGN_IN} {WRITE}",
        first_party=True,
    )
    app = register(
        uow,
        known.get("app", {}),
        client_name="Notes app",
        type="native",
        redirect_uris=["http://127.0.0.1/callback"],
        scope=SIGN_IN,
        first_party=True,
        direct_sign_in=True,
    )
    machine = register(
        uow, known.get("machine", {}), client_name="Nightly report", type="machine", scope=f"{READ} {WRITE}"
    )
    _api(uow, api_url, UUID(machine["client_id"]))
    management = automation(uow, known.get("management", {}), "Management")
    return {"web": web, "spa": spa, "app": app, "machine": machine, "management": management}


def automation(uow: UnitOfWork, known: Document, name: str) -> Document:
    """A machine client for the product's own API: it may do what an administrator may, and a little more.

    The little more is what only owners may and a program can: choose the mail server, and in ``system`` delete tenants
    and act for them.
    """
    wanted = catalogue(uow.tenant.slug) - {Permission.OWNERS_WRITE}
    made = register(uow, known, client_name=name, type="machine", scope=" ".join(sorted(wanted)))
    client = uow.get(Client, UUID(made["client_id"]))
    client.scope = sorted(wanted)
    role = uow.session.scalar(select(Role).where(Role.name == AUTOMATION))
    if role is None:
        beyond = sorted(wanted - of_builtin(Builtin.ADMIN, uow.tenant.slug))
        about = "What the demo's programs may do."
        role = roles.create_role(
            uow, name=AUTOMATION, description=about, permissions=beyond, includes=[Builtin.ADMIN.value]
        )
    rbac.assign_to_client(uow, client, role)
    return made


def register(uow: UnitOfWork, known: Document, **members: Any) -> Document:
    """Make or find a client; its redirect URIs follow, and it gets another secret when that one opens nothing.

    Args:
        uow: the tenant's unit.
        known: what `demo.json` said of it before.
        members: of RFC 7591.
    """
    metadata = ClientMetadata.read(members, loopback_http=True)
    found, secret = _find(uow, known, metadata.client_name), known.get("client_secret")
    if found is None:
        found, secret = registration.register(uow, metadata)
        uow.flush()
    else:
        found.redirect_uris = metadata.redirect_uris
        found.post_logout_redirect_uris = metadata.post_logout_redirect_uris
        found.allowed_origins = metadata.allowed_origins
        if found.token_endpoint_auth_method != "none" and not _opens(uow, found, secret):
            secret = registration.rotate_secret(uow, found, overlap=timedelta(0))
    return {
        "client_id": str(found.id),
        **({"client_secret": secret} if secret else {}),
        **({"redirect_uris": metadata.redirect_uris} if metadata.redirect_uris else {}),
    }


def _find(uow: UnitOfWork, known: Document, name: str) -> Client | None:
    by_id = uow.find(Client, UUID(known["client_id"])) if "client_id" in known else None
    return by_id or _first(uow.session.scalars(select(Client).where(Client.name == name).order_by(Client.id)).all())


def _first(found: Sequence[Client]) -> Client | None:
    return found[0] if found else None


def _opens(uow: UnitOfWork, client: Client, secret: str | None) -> bool:
    registration = clients.find_registration(uow, client.id)
    return secret is not None and registration is not None and registration.has_secret(secret)


def _api(uow: UnitOfWork, identifier: str, machine_id: UUID) -> None:
    uow.flush()
    found = uow.session.scalar(select(ApiResource).where(ApiResource.scope.contains([READ])))
    if found is None:
        resources.register(uow, identifier=identifier, name="Notes", scope=[READ, WRITE], client_id=machine_id)
    elif found.identifier != identifier:
        found.identifier = identifier
