"""What is, read from rows: every kind, and of every thing every member."""

from collections import Counter
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import func, select

from idp.budget import Budget
from idp.db.unit import PlatformUnit, UnitOfWork
from idp.declarations import clients as members
from idp.declarations import webhooks
from idp.declarations.connections import OPTIONS
from idp.declarations.things import Kind, Members, State, Things
from idp.federation import connections as upstreams
from idp.federation import secrets
from idp.federation.models import ClientConnection, Connection, FederatedIdentity
from idp.mail import settings as mail_settings
from idp.oauth import clients, management, resources
from idp.oauth.models import Client, Grant
from idp.policy import Policy
from idp.rbac import app_permissions, permissions, roles
from idp.rbac import service as rbac
from idp.rbac.models import ClientRole, Group, GroupRole, Role, RoleAssignment
from idp.tenants.models import Branding, Tenant, TenantDomain


def of_nobody(slug: str) -> State:
    """What there is of a tenant that there is not."""
    ones: dict[Kind, Things] = {
        Kind.SETTINGS: {Kind.SETTINGS.value: _settings(Policy(), Branding())},
        Kind.LIMITS: {Kind.LIMITS.value: Budget().model_dump(mode="json")},
        Kind.MAIL: {Kind.MAIL.value: dict.fromkeys(("sender_name", "sender_address", "smtp_url"))},
    }
    return State(slug, exists=False, things=_every(ones), known_permissions=permissions.catalogue(slug))


def of_tenant(platform: PlatformUnit, tenant: Tenant) -> State:
    """What there is of a tenant."""
    with platform.within(tenant) as uow:
        rows = clients.list_all(uow)
        names = {row.id: row.name for row in rows}
        ones: dict[Kind, Things] = {
            Kind.TENANT: {tenant.slug: {"name": tenant.name}},
            Kind.SETTINGS: {Kind.SETTINGS.value: _settings(tenant.policy, tenant.branding)},
            Kind.LIMITS: {Kind.LIMITS.value: tenant.budget.model_dump(mode="json")},
            Kind.MAIL: {Kind.MAIL.value: _mail(uow)},
        }
        many: dict[Kind, Things] = {
            Kind.CLIENT: _clients(uow, [*rows]),
            **_resources(uow, names),
            Kind.ROLE: _roles(uow),
            Kind.GROUP: _groups(uow),
            Kind.CONNECTION: _connections(uow),
            Kind.WEBHOOK: webhooks.present(uow),
            Kind.DOMAIN: {domain: {} for domain in uow.session.scalars(select(TenantDomain.domain))},
        }
        return State(
            tenant.slug,
            exists=True,
            things=_every(ones | many),
            known_permissions=permissions.catalogue(tenant.slug),
            holders=_holders(uow),
            grants=_grants(uow, names),
            ambiguous=frozenset(name for name, count in Counter(names.values()).items() if count > 1),
            identities=_identities(uow),
        )


def _every(things: dict[Kind, Things]) -> dict[Kind, Things]:
    return {kind: things.get(kind, {}) for kind in Kind}


def _settings(policy: Policy, branding: Branding) -> Members:
    return policy.model_dump(mode="json") | branding.model_dump(mode="json", exclude={"logo_etag"})


def _mail(uow: UnitOfWork) -> Members:
    sender = mail_settings.sender(uow)
    secret = None if sender.smtp_url is None else SecretStr(sender.smtp_url)
    return {"sender_name": sender.name, "sender_address": sender.address, "smtp_url": secret}


def _clients(uow: UnitOfWork, rows: list[Client]) -> Things:
    held = _names_of_roles(uow, ClientRole, ClientRole.client_id)
    allowed = _names(uow, ClientConnection, ClientConnection.client_id, Connection, ClientConnection.connection_id)
    found: dict[str, Members] = {}
    for row in rows:
        related = {"roles": held.get(row.id, []), "connections": allowed.get(row.id)}
        values = {member: getattr(row, member) for member in members.MEMBERS}
        found.setdefault(row.name, values | {"scope": " ".join(row.scope)} | related)
    return found


def _resources(uow: UnitOfWork, names: dict[UUID, str]) -> dict[Kind, Things]:
    rows = resources.list_all(uow)
    identifiers = {row.id: row.identifier for row in rows}
    found: dict[str, Members] = {
        row.identifier: {
            "name": row.name,
            "scope": list(row.scope),
            "permissions_claim": row.permissions_claim,
            "client": None if row.client_id is None else names.get(row.client_id),
        }
        for row in rows
    }
    defined: dict[str, Members] = {
        permission.name: {"resource": identifiers[permission.resource_id], "description": permission.description}
        for permission in app_permissions.list_of(uow, identifiers)
    }
    return {Kind.RESOURCE: found, Kind.PERMISSION: defined}


def _roles(uow: UnitOfWork) -> Things:
    rows = [row for row in rbac.list_roles(uow) if not row.is_builtin]
    included = roles.included_by(uow, [row.id for row in rows])
    return {
        row.name: {"description": row.description, "permissions": sorted(row.permissions)}
        | {"includes": included[row.id]}
        for row in rows
    }


def _groups(uow: UnitOfWork) -> Things:
    held = _names_of_roles(uow, GroupRole, GroupRole.group_id)
    rows = uow.session.scalars(select(Group).order_by(Group.name)).all()
    return {row.name: {"description": row.description, "roles": held.get(row.id, [])} for row in rows}


def _connections(uow: UnitOfWork) -> Things:
    found: dict[str, Members] = {}
    for place, row in enumerate(upstreams.list_all(uow)):
        living = secrets.living(uow, row)
        found[row.name] = {
            "kind": row.kind,
            "label": row.label,
            "enabled": row.disabled_at is None,
            "client_id": row.client_id,
            "client_secret": SecretStr(living[0]) if living else None,
            "position": place,
            **{f"{OPTIONS}{name}": value for name, value in row.options.model_dump(mode="json").items()},
        }
    return found


def _identities(uow: UnitOfWork) -> dict[str, int]:
    same = (Connection.tenant_id == FederatedIdentity.tenant_id) & (Connection.id == FederatedIdentity.connection_id)
    counted = select(Connection.name, func.count()).join_from(FederatedIdentity, Connection, same)
    rows: Any = uow.execute(counted.group_by(Connection.name))
    return dict(rows.all())


def _names_of_roles(uow: UnitOfWork, model: Any, holder: Any) -> dict[UUID, list[str]]:
    return _names(uow, model, holder, Role, model.role_id)


def _names(uow: UnitOfWork, model: Any, holder: Any, named: Any, target: Any) -> dict[UUID, list[str]]:
    same = (named.tenant_id == model.tenant_id) & (named.id == target)
    names: dict[UUID, list[str]] = {}
    rows: Any = uow.execute(select(holder, named.name).join_from(model, named, same).order_by(named.name))
    for holder_id, name in rows:
        names.setdefault(holder_id, []).append(name)
    return names


def _holders(uow: UnitOfWork) -> dict[str, int]:
    same = (Role.tenant_id == RoleAssignment.tenant_id) & (Role.id == RoleAssignment.role_id)
    counted = select(Role.name, func.count()).join_from(RoleAssignment, Role, same).group_by(Role.name)
    rows: Any = uow.execute(counted)
    return dict(rows.all())


def _grants(uow: UnitOfWork, names: dict[UUID, str]) -> dict[str, int]:
    living = (
        Grant.revoked_at.is_(None),
        Grant.expires_at > uow.now,
        Grant.authenticated_at > uow.not_before,
        Grant.client_id != management.CONSOLE,
    )
    counted = select(Grant.client_id, func.count()).where(*living).group_by(Grant.client_id)
    rows: Any = uow.execute(counted)
    return {names[client_id]: count for client_id, count in rows if client_id in names}
