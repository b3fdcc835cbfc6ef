"""What raises an alert at once.  Subscribers: each reacts to an event inside its transaction, and mostly to nothing.

What they look at first stands in the event itself, so where nothing is wrong they cost no query.
"""

from hashlib import sha256

from idp.alerts import privileges
from idp.alerts.kinds import Kind
from idp.alerts.service import raise_alert
from idp.db.unit import UnitOfWork
from idp.events.models import Event

REUSED = "refresh-token-reused"
"""Why `idp.oauth.refresh_families` ends a grant."""
_OURS = "alert_"


def password_guessed(uow: UnitOfWork, failed: Event) -> None:
    """React to ``login.failed``: so many wrong passwords in a row, whether or not the account exists (R26)."""
    failures = failed.data.get("failures", 0)
    if failures >= uow.tenant.policy.alert_brute_force_failures:
        account = str(failed.user_id) if failed.user_id else failed.data["account"]
        raise_alert(uow, Kind.BRUTE_FORCE, account, cause=failed, failures=failures)


def refresh_token_reused(uow: UnitOfWork, revoked: Event) -> None:
    """React to ``grant.revoked``: somebody has a copy of a refresh token (R7)."""
    if revoked.data.get("reason") == REUSED:
        client_id = revoked.data["client_id"]
        raise_alert(uow, Kind.REFRESH_REUSE, str(revoked.target_id), cause=revoked, client_id=client_id)


def role_assigned(uow: UnitOfWork, assigned: Event) -> None:
    """React to ``role.assigned``: a person, a group or a machine has a role that permits to change something."""
    name = assigned.data["role"]
    if gained := privileges.of_role(uow, name):
        raise_alert(
            uow, Kind.PRIVILEGE_GRANT, f"{assigned.target_id}:{name}", cause=assigned, role=name, privileges=gained
        )


def group_joined(uow: UnitOfWork, added: Event) -> None:
    """React to ``group.member_added``, the same."""
    group_id = added.target_id
    if group_id is not None and (gained := privileges.of_group(uow, group_id)):
        raise_alert(uow, Kind.PRIVILEGE_GRANT, f"{added.user_id}:{group_id}", cause=added, privileges=gained)


def role_changed(uow: UnitOfWork, updated: Event) -> None:
    """React to ``role.updated``: whoever holds it may do more than before."""
    role_id, gained = updated.target_id, privileges.weighty(updated.data.get("gained", ()))
    if role_id is not None and gained and privileges.is_held(uow, role_id):
        subject = f"{role_id}:{sha256(' '.join(gained).encode()).hexdigest()[:16]}"
        raise_alert(uow, Kind.PRIVILEGE_GRANT, subject, cause=updated, role=updated.data["role"], privileges=gained)


def operator_let_in(uow: UnitOfWork, begun: Event) -> None:
    """React to ``operator_access.begun``: an operator may change something here, for a while (R48)."""
    if gained := privileges.weighty(begun.data["permissions"]):
        raise_alert(uow, Kind.PRIVILEGE_GRANT, str(begun.target_id), cause=begun, privileges=gained)


def key_revoked(uow: UnitOfWork, revoked: Event) -> None:
    """React to ``key.revoked``: somebody thinks that a signing key is in strange hands (R18)."""
    raise_alert(uow, Kind.KEY_REVOKED, str(revoked.target_id), cause=revoked, kid=revoked.data["kid"])


def webhook_disabled(uow: UnitOfWork, disabled: Event) -> None:
    """React to ``webhook.disabled``: nobody did it by hand, so nobody knows that nothing is heard there any more."""
    if reason := disabled.data.get("reason"):
        raise_alert(uow, Kind.WEBHOOK_DISABLED, str(disabled.target_id), cause=disabled, reason=reason)


def alerting_changed(uow: UnitOfWork, updated: Event) -> None:
    """React to ``tenant.updated``: who is alerted, or of what, is another than before.

    The event is its subject, so that two changes within the hour are both told: the second may be a thief's.  What
    bounds them is that each needs an authorised request that really changes something.
    """
    if changed := [name for name in updated.data.get("changed", ()) if name.startswith(_OURS)]:
        raise_alert(uow, Kind.ALERTING_CHANGED, str(updated.id), cause=updated, changed=changed)
