"""How to feed what the management API says and does of people; see `tests.isolation.routes`."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts import invitations
from idp.oauth import grants
from idp.oauth.models import Grant
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_roles import GONE, call, group, role
from tests.isolation.world import World

_ACCEPTED = is_status(202)
_SHOWN = is_status(200)


def session_id(owner: World) -> UUID:
    """Where the owner's person is signed in."""
    assert owner.signed_in
    with owner.people.unit() as uow:
        return grants.list_sessions(uow, owner.user.id)[0].id


def grant_id(owner: World) -> UUID:
    """What an application may do for them."""
    assert owner.tokens
    with owner.people.unit() as uow:
        found = uow.session.scalar(select(Grant.id).where(Grant.user_id == owner.user.id).order_by(Grant.id.desc()))
        assert found is not None
        return found


def invitation_id(owner: World) -> UUID:
    """Of somebody who does not come before the end of the test."""
    with owner.people.unit() as uow:
        return invitations.invite(uow, f"guest@{owner.name}.example").id


@feeds("management.list_users", "GET")
def listed_users(owner: World, caller: World) -> Call:
    return call(caller, says(owner.email))


@feeds("management.list_users", "GET")
def users_of_a_group(owner: World, caller: World) -> Call:
    return call(caller, says(owner.email), query={"filter[group]": str(group(owner).id)})


@feeds("management.list_users", "GET")
def users_by_address(owner: World, caller: World) -> Call:
    return call(caller, says(str(owner.user.id)), query={"filter[email_starts_with]": owner.email[:4]})


@feeds("management.create_user", "POST")
def created_user(owner: World, caller: World) -> Call:
    """An address is no secret: whoever asks next door adds one there, by their own token."""
    return call(owner, is_status(201), json={"email": "anybody@example.com"})


@feeds("management.create_users", "POST")
def created_users(owner: World, caller: World) -> Call:
    return call(owner, _SHOWN, json={"users": [{"email": "anybody@example.com"}]})


@feeds("management.get_user", "GET")
@feeds("management.export_user", "GET")
@feeds("management.list_user_identities", "GET")
@feeds("management.list_user_factors", "GET")
@feeds("management.disable_user", "POST")
@feeds("management.enable_user", "POST")
def done_to_user(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, user_id=owner.user.id)


@feeds("management.change_user", "PATCH")
def changed_user(owner: World, caller: World) -> Call:
    return call(caller, _SHOWN, json={"nickname": "Changed"}, user_id=owner.user.id)


@feeds("management.delete_user", "DELETE")
@feeds("management.recover_user", "POST")
def asked_for_user(owner: World, caller: World) -> Call:
    return call(caller, _ACCEPTED, user_id=owner.user.id)


@feeds("management.change_user_email", "POST")
def asked_for_address(owner: World, caller: World) -> Call:
    return call(caller, _ACCEPTED, json={"email": "other@example.com"}, user_id=owner.user.id)


@feeds("management.unlock_user", "POST")
@feeds("management.end_user_sessions", "DELETE")
def ended_for_user(owner: World, caller: World) -> Call:
    return call(caller, GONE, user_id=owner.user.id)


@feeds("management.list_user_sessions", "GET")
def sessions_of_user(owner: World, caller: World) -> Call:
    return call(caller, says(str(session_id(owner))), user_id=owner.user.id)


@feeds("management.end_user_session", "DELETE")
def ended_session(owner: World, caller: World) -> Call:
    return call(caller, GONE, user_id=owner.user.id, session_id=session_id(owner))


@feeds("management.end_user_session", "DELETE")
def ended_session_of_stranger(owner: World, caller: World) -> Call:
    """A person of one's own, and somebody else's session."""
    return call(caller, GONE, user_id=caller.user.id, session_id=session_id(owner))


@feeds("management.list_user_grants", "GET")
def grants_of_user(owner: World, caller: World) -> Call:
    return call(caller, says(str(grant_id(owner))), user_id=owner.user.id)


@feeds("management.end_user_grant", "DELETE")
def ended_grant(owner: World, caller: World) -> Call:
    return call(caller, GONE, user_id=owner.user.id, grant_id=grant_id(owner))


@feeds("management.end_user_grant", "DELETE")
def ended_grant_of_stranger(owner: World, caller: World) -> Call:
    return call(caller, GONE, user_id=caller.user.id, grant_id=grant_id(owner))


@feeds("management.list_invitations", "GET")
def listed_invitations(owner: World, caller: World) -> Call:
    return call(caller, says(str(invitation_id(owner))))


@feeds("management.create_invitation", "POST")
def created_invitation(owner: World, caller: World) -> Call:
    return call(caller, is_status(201), json={"email": "guest@example.com", "roles": [role(owner).name]})


@feeds("management.resend_invitation", "POST")
def resent_invitation(owner: World, caller: World) -> Call:
    return call(caller, is_status(201), invitation_id=invitation_id(owner))


@feeds("management.revoke_invitation", "DELETE")
def revoked_invitation(owner: World, caller: World) -> Call:
    return call(caller, GONE, invitation_id=invitation_id(owner))


@feeds("management.list_consents", "GET")
def listed_consents(owner: World, caller: World) -> Call:
    return call(caller, says(consent_of(owner)["client_id"]))


@feeds("management.list_consents", "GET")
def consents_of_user(owner: World, caller: World) -> Call:
    query = {"filter[user_id]": consent_of(owner)["user_id"]}
    return call(caller, says(consent_of(owner)["client_id"]), query=query)


@feeds("management.withdraw_consent", "DELETE")
def withdrawn_consent(owner: World, caller: World) -> Call:
    assert consent_of(owner)
    return call(caller, GONE, user_id=owner.user.id, client_id=owner.third_party.id)


@feeds("management.withdraw_consent", "DELETE")
def withdrawn_from_stranger(owner: World, caller: World) -> Call:
    """A person of one's own, who consented, and somebody else's client."""
    assert consent_of(owner)
    assert consent_of(caller)
    return call(caller, GONE, user_id=caller.user.id, client_id=owner.third_party.id)


def consent_of(owner: World) -> dict[str, Any]:
    """The yes of the owner's person to the third party."""
    assert owner.consented
    return {"user_id": str(owner.user.id), "client_id": str(owner.third_party.id)}
