"""Tokens by which an operator acts for a tenant: by the tenant's own key, good as long as the access is (R6, R8, R48).

Whoever they name is of the tenant ``system`` and none of this tenant's, so nothing but the management API takes them
for anybody.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp import log
from idp.actor import Actor, ActorKind
from idp.db.snapshot import read_tenant
from idp.db.unit import UnitOfWork
from idp.oauth import bearer, claims, management, tokens
from idp.oauth.clients import find_registration
from idp.oauth.tokens import TokenResponse
from idp.rbac import effective, operators
from idp.rbac.models import OperatorAccess
from idp.rbac.operators import Operator
from idp.rbac.permissions import Permission
from idp.tenants.models import SYSTEM_SLUG
from idp.tenants.resolve import resolve
from idp.users.models import User, UserEmail

CLAIM = "operator_access_id"


def issue(uow: UnitOfWork, access: OperatorAccess) -> TokenResponse:
    """A token for the management API of the access's tenant, which ends with the access at the latest.

    Args:
        uow: the tenant's unit; nothing is asked of its database but the key.
        access: living.
    """
    token = claims.for_machine(uow.tenant, management.CONSOLE, access.permissions, [management.audience(uow.tenant)])
    ends = max(token["iat"], min(token["exp"], int(access.expires_at.timestamp())))
    return tokens.bearer(uow, token | {"sub": str(access.operator_id), "exp": ends, CLAIM: str(access.id)})


def actor_of(uow: UnitOfWork, sent: dict[str, Any], *, realm: str) -> Actor:
    """The operator behind the claims of a verified token, with what they may do here and now.

    Args:
        uow: the tenant's unit.
        sent: claims with `CLAIM`.
        realm: what is protected, for the challenge.

    Raises:
        OAuthError: ``invalid_token``: the access is over, the token was revoked, or the operator is none any more.
    """
    access = operators.find_living(uow, UUID(sent[CLAIM]), operator_id=UUID(sent["sub"]))
    if access is None or tokens.is_revoked(uow, sent) or find_operator(uow, access.operator_id) is None:
        raise bearer.refusal(realm, "invalid_token", "The access token was revoked.")
    log.bind(operator_id=str(access.operator_id))
    permissions = set(access.permissions) & set(sent["scope"].split())
    return uow.actor.authenticated(ActorKind.OPERATOR, access.operator_id, permissions)


def find_operator(uow: UnitOfWork, operator_id: UUID) -> Operator | None:
    """Whoever of the tenant ``system`` has this id, if they live and may act for tenants.

    Args:
        uow: of any tenant; its engine is asked in a snapshot of ``system``.
        operator_id: of a person or a machine client.
    """
    system = resolve(uow.engine, SYSTEM_SLUG)
    person = (
        select(UserEmail.address, User.profile, effective.user_roles(system.id, operator_id))
        .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
        .where(User.id == operator_id, User.disabled_at.is_(None), User.deletes_at.is_(None), UserEmail.is_primary)
    )
    with read_tenant(uow.engine, system.id) as session:
        found = session.execute(person).first()
    if found is not None:
        address, profile, roles = found
        may_act = Permission.TENANTS_ACT in effective.rights(system, roles).permissions
        return Operator(operator_id, profile.name or address) if may_act else None
    client = find_registration(UnitOfWork(uow.engine, system, uow.actor, uow.master_keys), operator_id)
    if client is None or Permission.TENANTS_ACT not in client.rights.permissions & set(client.client.scope):
        return None
    return Operator(operator_id, client.client.name)
