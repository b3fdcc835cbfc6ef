"""What an alert was about, in names: looked up when the mail is written, since an alert itself holds ids only (R63)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.actor import ActorKind
from idp.alerts.kinds import Kind
from idp.alerts.letter import ITSELF, NO_ACCOUNT, OPERATOR, REASONS
from idp.alerts.models import Alert
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.i18n import mark
from idp.ids import parse_id
from idp.mail.content import named
from idp.oauth.models import Client
from idp.rbac.models import Group, OperatorAccess
from idp.users.models import User, UserEmail

Data = dict[str, Any]
Known = tuple[tuple[str, str | None], ...]
"""Labels, yet to be translated, and values."""
_ACCOUNT, _BY, _ROLE = mark("Account"), mark("Done by"), mark("Role")
_APPLICATION, _GROUP, _RIGHTS = mark("Application"), mark("Group"), mark("Rights")
_WRONG, _ACCOUNTS, _ALERTS = mark("Wrong passwords"), mark("Accounts"), mark("Alerts")
_KEY, _ADDRESS, _REASON, _SETTINGS = mark("Key"), mark("Address"), mark("Reason"), mark("Settings")
_OPERATOR = mark("Operator")


def of(uow: UnitOfWork, alert: Alert, cause: Event | None) -> Known:
    """What is known of an alert, beside when it was and from where."""
    if Kind(alert.kind) is Kind.OVERFLOW:
        return ((_ALERTS, f"> {alert.data['limit']}"),)
    look_up = _OF_KIND.get(Kind(alert.kind))
    return () if look_up is None or cause is None else look_up(uow, alert.data, cause)


def _of_guessing(uow: UnitOfWork, data: Data, failed: Event) -> Known:
    return ((_ACCOUNT, _person(uow, failed.user_id) or NO_ACCOUNT), (_WRONG, str(data["failures"])))


def _of_spray(_uow: UnitOfWork, data: Data, _last: Event) -> Known:
    return ((_ACCOUNTS, str(data["accounts"])), (_WRONG, str(data["failures"])))


def _of_reuse(uow: UnitOfWork, data: Data, revoked: Event) -> Known:
    client = _application(uow, parse_id(data["client_id"]))
    return ((_ACCOUNT, _person(uow, revoked.user_id)), (_APPLICATION, client))


def _of_grant(uow: UnitOfWork, data: Data, given: Event) -> Known:
    rights = ", ".join(data["privileges"])
    return (*_given_to(uow, given), (_ROLE, data.get("role")), (_RIGHTS, rights), (_BY, _giver(uow, given)))


def _of_key(uow: UnitOfWork, data: Data, revoked: Event) -> Known:
    return ((_KEY, data["kid"]), (_BY, _actor(uow, revoked)))


def _of_webhook(_uow: UnitOfWork, data: Data, disabled: Event) -> Known:
    return ((_ADDRESS, disabled.data["host"]), (_REASON, REASONS[data["reason"]]))


def _of_change(uow: UnitOfWork, data: Data, changed: Event) -> Known:
    return ((_SETTINGS, ", ".join(data["changed"])), (_BY, _actor(uow, changed)))


_OF_KIND: dict[Kind, Callable[[UnitOfWork, Data, Event], Known]] = {
    Kind.BRUTE_FORCE: _of_guessing,
    Kind.SPRAY: _of_spray,
    Kind.REFRESH_REUSE: _of_reuse,
    Kind.PRIVILEGE_GRANT: _of_grant,
    Kind.KEY_REVOKED: _of_key,
    Kind.WEBHOOK_DISABLED: _of_webhook,
    Kind.ALERTING_CHANGED: _of_change,
}


def _given_to(uow: UnitOfWork, given: Event) -> Known:
    """Who has it now: a person, a group, a machine, or whoever is in the group that somebody was put into."""
    match given.target_type:
        case "users":
            return ((_ACCOUNT, _person(uow, given.user_id)),)
        case "groups":
            group = uow.find(Group, given.target_id) if given.target_id else None
            return ((_ACCOUNT, _person(uow, given.user_id)), (_GROUP, group.name if group else None))
        case "clients":
            return ((_APPLICATION, _application(uow, given.target_id)),)
        case "operator_accesses":
            access = uow.find(OperatorAccess, given.target_id) if given.target_id else None
            return ((_OPERATOR, access.operator_name if access else None), (_REASON, given.data["reason"]))
        case _:
            return ()


def _giver(uow: UnitOfWork, given: Event) -> str | None:
    """Who gave it; an operator lets nobody in but themselves."""
    return None if given.target_type == OperatorAccess.__tablename__ else _actor(uow, given)


def _actor(uow: UnitOfWork, event: Event) -> str | None:
    """Who did it."""
    match event.actor_kind:
        case ActorKind.USER:
            return _person(uow, event.actor_id)
        case ActorKind.CLIENT:
            return _application(uow, event.actor_id)
        case ActorKind.OPERATOR:
            return OPERATOR
        case ActorKind.SYSTEM:
            return ITSELF
        case _:
            return None


def _person(uow: UnitOfWork, user_id: UUID | None) -> str | None:
    """Name and address, the address alone where the name would be made a link of; the id of somebody who is gone."""
    if user_id is None:
        return None
    row: Any = uow.execute(
        select(User, UserEmail.address)
        .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
        .where(User.id == user_id, UserEmail.is_primary)
    ).first()
    if row is None:
        return str(user_id)
    user, address = row
    name = named(user.profile.name)
    return f"{address} ({name})" if name else address


def _application(uow: UnitOfWork, client_id: UUID | None) -> str | None:
    client = uow.find(Client, client_id) if client_id else None
    if client is not None:
        return client.name
    return None if client_id is None else str(client_id)
