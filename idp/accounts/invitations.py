"""Invitations: an administrator names an address and its roles, and the mailed link lets its reader in (R33, R48)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from idp.accounts import credentials, registration
from idp.accounts.errors import LinkExpired, NoSuchInvitation, RegistrationClosed
from idp.accounts.letters import Letter, ask
from idp.accounts.models import Invitation
from idp.authn import one_time_tokens, passwords, throttle
from idp.authn.one_time_tokens import TTL, Purpose
from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.i18n import gettext as _
from idp.ids import new_id
from idp.mail import messages
from idp.mail.messages import Recipient
from idp.oauth.models import Client
from idp.rbac import bounds, effective, permissions
from idp.rbac import service as rbac
from idp.rbac.effective import Rights
from idp.rbac.models import Role
from idp.rbac.permissions import Builtin
from idp.users import service as users
from idp.users.models import Profile, User


def invite(uow: UnitOfWork, email: str, *, roles: Sequence[str] = (Builtin.MEMBER,)) -> Invitation:
    """Invite an address; an open invitation of the same address is superseded.

    Raises:
        RegistrationClosed: the tenant lets nobody in, not even by invitation.
        EmailInvalid: not an address.
        NoSuchRole: a role that the tenant does not have.
        BeyondYourOwn: the roles, or those of the one that is superseded, permit more than the actor may do.
    """
    if not _lets_in(uow):
        raise RegistrationClosed(_("{tenant} is closed: nobody comes in by invitation.", tenant=uow.tenant.name))
    address = users.parse_email(email)
    lock(uow, f"invitation:{uow.tenant.id}:{users.canonical(address)}")
    bounds.take_turn(uow)
    wanted = [rbac.get_role(uow, role) for role in roles]
    bounds.require_grantable(uow, effective.of_roles(uow, [role.id for role in wanted]).permissions)
    names = sorted({role.name for role in wanted})
    _take_back(uow, Invitation.canonical == users.canonical(address))
    invitation = uow.add(
        Invitation(
            id=new_id(),
            address=address,
            canonical=users.canonical(address),
            roles=names,
            invited_by=_inviter(uow),
            expires_at=uow.now + TTL[Purpose.INVITE],
        )
    )
    events.record(uow, EventType.INVITATION_CREATED, invitation, roles=names)
    ask(uow, Letter.INVITE, invitation_id=str(invitation.id))
    return invitation


def _inviter(uow: UnitOfWork) -> UUID | None:
    """Whose rights of the day of acceptance count; nobody's where an operator invites, who is none of this tenant's."""
    actor_id = uow.actor.id
    if actor_id is None or (uow.find(User, actor_id) is None and uow.find(Client, actor_id) is None):
        return None
    return actor_id


def follow_role(uow: UnitOfWork, event: Event) -> None:
    """React to another name of a role, or its end: open invitations mean the role that they meant when they went out.

    Otherwise the next role of that name would be given by them.
    """
    before = event.data.get("renamed_from", event.data["role"])
    if event.type == EventType.ROLE_DELETED:
        roles = func.array_remove(Invitation.roles, before)
    elif before != event.data["role"]:
        roles = func.array_replace(Invitation.roles, before, event.data["role"])
    else:
        return
    naming = update(Invitation).where(Invitation.roles.op("@>")([before]), *_OPEN).values(roles=roles)
    uow.execute(naming, execution_options={"synchronize_session": False})


def list_open(uow: UnitOfWork) -> Sequence[Invitation]:
    """Invitations that wait for an answer, newest first."""
    return uow.session.scalars(
        select(Invitation).where(*_OPEN, Invitation.expires_at > func.now()).order_by(Invitation.id.desc())
    ).all()


def revoke(uow: UnitOfWork, invitation_id: UUID) -> Invitation:
    """Take an invitation back.

    Raises:
        NoSuchInvitation: it was accepted or revoked before, or never was.
        BeyondYourOwn: its roles permit more than the actor may do.
    """
    invitation = _take_back(uow, Invitation.id == invitation_id)
    if invitation is None:
        raise NoSuchInvitation(f"There is no open invitation {invitation_id}.")
    events.record(uow, EventType.INVITATION_REVOKED, invitation)
    return invitation


def resend(uow: UnitOfWork, invitation_id: UUID) -> Invitation:
    """Another invitation in the place of an open one, or of one that waited too long: with its roles and a new link.

    Raises:
        NoSuchInvitation: it was accepted or revoked before, or never was.
        RegistrationClosed, NoSuchRole, BeyondYourOwn: as `invite`.
    """
    before = uow.find(Invitation, invitation_id)
    if before is None:
        raise NoSuchInvitation(f"There is no open invitation {invitation_id}.")
    lock(uow, f"invitation:{uow.tenant.id}:{before.canonical}")
    bounds.take_turn(uow)
    before = revoke(uow, invitation_id)
    return invite(uow, before.address, roles=before.roles)


def _take_back(uow: UnitOfWork, which: ColumnElement[bool]) -> Invitation | None:
    """Revoke an open invitation; whoever may not give its roles may not take them away (R48)."""
    taken: Invitation | None = uow.session.scalar(
        update(Invitation).where(which, *_OPEN).values(revoked_at=func.now()).returning(Invitation),
        execution_options=_FRESH,
    )
    if taken is not None:
        named = select(Role.id).where(Role.name.in_(taken.roles))
        bounds.require_grantable(uow, effective.of_roles(uow, uow.session.scalars(named).all()).permissions)
    return taken


def write_invitation(uow: UnitOfWork, message_id: UUID, *, invitation_id: str) -> None:
    """The worker's part: the mail with the link."""
    invitation = uow.find(Invitation, UUID(invitation_id))
    if invitation is None or not _is_open(uow, invitation):
        return
    issued = one_time_tokens.issue(
        uow, Purpose.INVITE, invitation.id, message_id=message_id, bound=invitation.canonical
    )
    if issued is None:
        return
    known = users.find_by_email(uow, invitation.address)
    to = Recipient(invitation.address, known.profile.name if known else None, known.profile.locale if known else None)
    link = f"{uow.tenant.issuer}/signup?invitation={issued.token}"
    inviter = uow.find(User, invitation.invited_by) if invitation.invited_by else None
    invited_by = None if inviter is None else inviter.profile.name
    messages.invitation(uow, to, link=link, invited_by=invited_by, expires_at=invitation.expires_at)


def find(uow: UnitOfWork, text: str) -> tuple[Invitation, User | None] | None:
    """The invitation behind a link, and who comes in by its address already, if anybody; uses nothing up.

    Whoever was added without a password has no way in yet: theirs is made here, as a new person's is.  So is that of an
    address that nobody proved: the password of its account is whoever's sat in it before.
    """
    token = one_time_tokens.find(uow, text, Purpose.INVITE)
    invitation = None if token is None else uow.find(Invitation, token.subject_id)
    if invitation is None or not _is_open(uow, invitation):
        return None
    known = users.find_by_email(uow, invitation.address)
    return invitation, None if known is None or _waits(uow, known) else known


def _waits(uow: UnitOfWork, user: User) -> bool:
    """Whether somebody who may come in has nothing of their own to do it with."""
    has_password = passwords.changed_at(uow, user) is not None
    return user.disabled_at is None and not (has_password and _is_proven(uow, user))


def _is_proven(uow: UnitOfWork, user: User) -> bool:
    return users.primary_email(uow, user.id).verified_at is not None


def accept(uow: UnitOfWork, text: str, *, password: str, terms_accepted: bool, profile: Mapping[str, Any]) -> User:
    """Come in by an invitation.  Whoever has the proven address and a password gets the roles and keeps it.

    Args:
        uow: the tenant's unit.
        text: the token of the link.
        password: of an account that has none of its own; ignored for one that has.
        terms_accepted: whether the tenant's terms were agreed to.
        profile: attributes of a new account, by name; of one that waits, those that nobody filled in before.

    Raises:
        LinkExpired: the link does nothing any more.
        TermsNotAccepted, ProfileInvalid, PasswordUnacceptable, PasswordGateFull: the link is still good.
    """
    found = find(uow, text)
    if found is None:
        raise LinkExpired(_("This invitation has expired. Ask your administrator for a new one."))
    invitation, user = found
    password_hash, terms_version, whole = "", None, users.parse_profile(profile)
    if user is None:
        terms_version = registration.agreed_terms(uow, accepted=terms_accepted)
        words = passwords.words_about(invitation.address, whole)
        password_hash = passwords.hash_acceptable(uow.tenant, password, words=words)
    if one_time_tokens.consume(uow, text, Purpose.INVITE) is None:
        raise LinkExpired(_("This invitation has expired. Ask your administrator for a new one."))
    if user is not None:
        _prove(uow, user)
    else:
        user = _admit(uow, invitation.address, whole, terms_version)
        passwords.adopt(uow, user, password_hash)
    bounds.take_turn(uow)
    if not _take(uow, invitation):
        raise LinkExpired(_("This invitation has expired. Ask your administrator for a new one."))
    withheld = _give_roles(uow, invitation, user)
    events.record(uow, EventType.INVITATION_ACCEPTED, invitation, user_id=user.id, withheld=withheld)
    return user


def find_of(uow: UnitOfWork, address: str) -> Invitation | None:
    """The open invitation of an address, for whoever has proven otherwise that it is theirs."""
    invitation = uow.session.scalar(select(Invitation).where(Invitation.canonical == users.canonical(address), *_OPEN))
    return None if invitation is None or not _is_open(uow, invitation) else invitation


def answer(uow: UnitOfWork, invitation: Invitation, user: User) -> None:
    """Accept an invitation for the person whose proven address it names; nothing happens when it is over by now."""
    bounds.take_turn(uow)
    if _take(uow, invitation):
        withheld = _give_roles(uow, invitation, user)
        events.record(uow, EventType.INVITATION_ACCEPTED, invitation, user_id=user.id, withheld=withheld)


def _admit(uow: UnitOfWork, address: str, profile: Profile, terms_version: str | None) -> User:
    """Somebody new, or whoever waits for a way in."""
    user = users.find_by_email(uow, address)
    if user is None:
        return registration.admit(uow, address, profile, terms_version, via="invitation")
    _prove(uow, user)
    known = user.profile.model_dump(exclude_none=True)
    users.update_profile(
        uow, user, {name: value for name, value in profile.model_dump(exclude_none=True).items() if name not in known}
    )
    if terms_version is not None:
        user.terms_version, user.terms_accepted_at = terms_version, uow.now
    throttle.clear(uow, users.canonical(address))
    return user


def _prove(uow: UnitOfWork, user: User) -> None:
    """The address is theirs; whoever sat in an account with it before that was known does not stay in it (R22)."""
    if not _is_proven(uow, user):
        credentials.give_up(uow, user, invitation=True)


def _give_roles(uow: UnitOfWork, invitation: Invitation, user: User) -> list[str]:
    """Give what whoever invited may still give (R48); answers the names of what they may not, or what is gone."""
    roles = {role.name: role for role in rbac.list_roles(uow) if role.name in invitation.roles}
    inviter = None if invitation.invited_by is None else _rights_of(uow, invitation.invited_by)
    withheld = sorted(set(invitation.roles) - roles.keys())
    for name, role in roles.items():
        permitted = effective.of_roles(uow, [role.id]).permissions
        if inviter is not None and permissions.lacking(permitted, inviter.permissions):
            withheld.append(name)
        else:
            rbac.give(uow, user, role)
    return withheld


def _rights_of(uow: UnitOfWork, inviter_id: UUID) -> Rights:
    """Of the person or the machine client that invited; nothing once they are gone, on their way out or shut out."""
    person, client = uow.find(User, inviter_id), uow.find(Client, inviter_id)
    if person is not None:
        stays = person.disabled_at is None and person.deletes_at is None
        return effective.of_user(uow, inviter_id) if stays else Rights()
    return effective.of_client(uow, inviter_id) if client is not None and client.disabled_at is None else Rights()


def _take(uow: UnitOfWork, invitation: Invitation) -> bool:
    """Mark it as accepted, unless it was revoked since it was read; its roles are called as they are now."""
    taken = update(Invitation).where(Invitation.id == invitation.id, *_OPEN).values(accepted_at=func.now())
    return uow.execute(taken.returning(Invitation), execution_options=_FRESH).first() is not None


_FRESH = {"synchronize_session": False, "populate_existing": True}
_OPEN = (Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None))


def _lets_in(uow: UnitOfWork) -> bool:
    return uow.tenant.policy.registration != "closed"


def _is_open(uow: UnitOfWork, invitation: Invitation) -> bool:
    unanswered = invitation.accepted_at is None and invitation.revoked_at is None
    return unanswered and invitation.expires_at > uow.now and _lets_in(uow)
