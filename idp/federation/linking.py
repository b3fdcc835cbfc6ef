"""Who comes back from an upstream: somebody we know, somebody new, or nobody that we let in (R22, R23).

An identity is decided by (connection, issuer, subject) alone.  An address links only where the tenant trusts the
upstream's word on addresses, the upstream said that it is verified, and ours is verified too; an account whose address
nobody proved gives up its credentials first, so that nobody can wait in it for its owner.  For the same reason somebody
new has a proven address only where owners trust the upstream, or where it is a public one such as GitHub: whoever runs
a server of their own can have it say anything.  docs/connections.md has the whole table.
"""

from idp.accounts import credentials, invitations, registration
from idp.accounts.credentials import RECENT
from idp.accounts.errors import RegistrationClosed
from idp.accounts.models import Invitation
from idp.authn.models import Session
from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType, Outcome
from idp.federation import connections, identities, mapping
from idp.federation.errors import Reason, SignInRefused
from idp.federation.models import Connection, FederatedIdentity
from idp.federation.providers.base import UpstreamProfile
from idp.federation.providers.registry import KINDS
from idp.rbac import bounds
from idp.rbac import service as rbac
from idp.rbac.permissions import Builtin
from idp.users import service as users
from idp.users.errors import ProfileInvalid
from idp.users.models import User


class TermsNeeded(Exception):
    """Somebody new would be let in, and has to agree to the tenant's terms first; nothing was changed."""


def sign_in(
    uow: UnitOfWork,
    connection: Connection,
    profile: UpstreamProfile,
    *,
    required: User | None = None,
    terms_accepted: bool = False,
) -> User:
    """The person whom an upstream speaks of, linked, admitted and brought up to date as the tenant wants it.

    Args:
        uow: the tenant's unit.
        connection: by which they come; enabled.
        profile: what its provider believes.
        required: the only person who will do.
        terms_accepted: whether whoever comes has agreed to the tenant's terms.

    Raises:
        SignInRefused: nobody is let in; nothing was changed.
        TermsNeeded: see there.
    """
    _require_current(connection, profile)
    if required is not None:
        _require_recent(uow, profile)
    if connection.options.roles or identities.find(uow, connection, profile) is None:
        bounds.take_turn(uow)  # the first lock of all, since roles and invitations may follow
    lock(uow, f"identity:{uow.tenant.id}:{connection.id}:{profile.issuer}:{profile.subject}")
    known = identities.find(uow, connection, profile)
    if known is not None:
        user = _admissible(uow.get(User, known.user_id), required)
        identities.use(uow, known, connection, profile)
    else:
        user = _newly_linked(uow, connection, profile, required, terms_accepted=terms_accepted)
    if known is not None and connection.options.profile_updates == "every":
        _update_profile(uow, user, profile)
    mapping.follow_groups(uow, connection, user, profile)
    return user


def link(
    uow: UnitOfWork, connection: Connection, user: User, profile: UpstreamProfile, *, session: Session | None = None
) -> FederatedIdentity:
    """Link who somebody is at an upstream to the account that is signed in, at its own wish.

    Args:
        uow: the tenant's unit.
        connection: by which they came back.
        user: who is signed in.
        profile: what its provider believes.
        session: in which they are; one that ended meanwhile links nothing.

    Raises:
        SignInRefused: the identity is somebody else's, or they have another one there; nothing was changed.
    """
    _require_current(connection, profile)
    lock(uow, f"identity:{uow.tenant.id}:{connection.id}:{profile.issuer}:{profile.subject}")
    known = identities.find(uow, connection, profile)
    if known is not None and known.user_id != user.id:
        raise SignInRefused(Reason.LINKED_TO_ANOTHER, f"that account there belongs to user {known.user_id}")
    if known is not None:
        identities.use(uow, known, connection, profile)
        return known
    uow.flush()
    uow.session.refresh(user, with_for_update={"key_share": True})  # of two at once the second sees the first
    if session is not None:
        uow.session.refresh(session)
        if session.ended_at is not None:
            raise SignInRefused(Reason.ANOTHER_PERSON, "the session in which linking began has ended")
    if identities.find_of(uow, user.id, connection) is not None:
        raise SignInRefused(Reason.OTHER_IDENTITY, f"user {user.id} has another identity at {connection.name}")
    return identities.link(uow, user, connection, profile)


def refuse(uow: UnitOfWork, connection: Connection, refused: SignInRefused, user: User | None = None) -> None:
    """Write down for administrators why a sign-in ended; the person reads a sentence and the request's id."""
    events.record(
        uow,
        EventType.LOGIN_FAILED,
        user,
        outcome=Outcome.FAILURE,
        method="fed",
        connection=connection.name,
        reason=refused.reason.value,
        cause=refused.cause,
    )


def _newly_linked(
    uow: UnitOfWork,
    connection: Connection,
    profile: UpstreamProfile,
    required: User | None,
    *,
    terms_accepted: bool,
) -> User:
    """Whoever has the address already, or somebody new."""
    if profile.email is None:
        raise SignInRefused(Reason.NO_EMAIL, "the upstream gave no email address that is one")
    if not profile.email_verified:
        raise SignInRefused(Reason.EMAIL_UNVERIFIED, "the upstream did not say that the email address is verified")
    lock(uow, f"email:{uow.tenant.id}:{users.canonical(profile.email)}")
    local = users.find_by_email(uow, profile.email)
    invitation = invitations.find_of(uow, profile.email) if connection.options.trusts_email else None
    if local is not None:
        _take_over(uow, connection, local, required)
        user = local
    else:
        if required is not None:
            raise SignInRefused(Reason.ANOTHER_PERSON, "somebody else was asked to confirm who they are")
        user = _create(uow, connection, profile, profile.email, invitation, terms_accepted=terms_accepted)
    identities.link(uow, user, connection, profile, at_creation=local is None)
    if invitation is not None:
        invitations.answer(uow, invitation, user)
    return user


def _take_over(uow: UnitOfWork, connection: Connection, local: User, required: User | None) -> None:
    """Let an address link to the account that has it, if everything speaks for it."""
    if not connection.options.trusts_email:
        raise SignInRefused(
            Reason.LINK_FIRST, f"user {local.id} has the address, and the connection is not trusted with addresses"
        )
    uow.session.refresh(local, with_for_update={"key_share": True})  # of two at once the second sees the first
    _admissible(local, required)
    if identities.find_of(uow, local.id, connection) is not None:
        raise SignInRefused(Reason.OTHER_IDENTITY, f"user {local.id} has another identity at {connection.name}")
    if users.primary_email(uow, local.id).verified_at is None:
        credentials.give_up(uow, local, connection=connection.name)


def _create(
    uow: UnitOfWork,
    connection: Connection,
    profile: UpstreamProfile,
    email: str,
    invitation: Invitation | None,
    *,
    terms_accepted: bool,
) -> User:
    if invitation is None:
        _require_creation(uow, connection, email)
    terms_version = uow.tenant.policy.terms_version
    if terms_version is not None and not terms_accepted:
        raise TermsNeeded
    whole = users.parse_profile(profile.attributes)
    verified = connection.options.trusts_email or KINDS[connection.kind].vouches(connection.options)
    user = registration.admit(uow, email, whole, terms_version, via="connection", verified=verified)
    rbac.give(uow, user, rbac.get_role(uow, Builtin.MEMBER))
    return user


def _require_creation(uow: UnitOfWork, connection: Connection, email: str) -> None:
    """Both must want somebody new: the connection by its `creation`, and the tenant by its `registration`.

    A connection that creates is the administrator's invitation to everybody who comes by it.
    """
    options, policy, domain = connection.options, uow.tenant.policy, users.domain_of(email)
    if options.creation == "off":
        raise SignInRefused(Reason.NO_ACCOUNT, "nobody has the address, and the connection creates no accounts")
    if options.creation == "domains" and domain not in options.creation_domains:
        raise SignInRefused(Reason.DOMAIN_NOT_ALLOWED, f"{domain} is not among the connection's creation_domains")
    if policy.registration == "closed":
        raise SignInRefused(Reason.REGISTRATION_CLOSED, "the tenant's registration is closed")
    if policy.registration == "domains":
        try:
            registration.require_allowed(uow, email)
        except RegistrationClosed:
            cause = f"{domain} is not among the tenant's registration_domains"
            raise SignInRefused(Reason.DOMAIN_NOT_ALLOWED, cause) from None


def _require_current(connection: Connection, profile: UpstreamProfile) -> None:
    """Refuse the word of an upstream that the connection led to when somebody left, and does not any more."""
    if profile.issuer != connections.issuer_of(connection):
        raise SignInRefused(Reason.WRONG_ISSUER, "the connection was pointed at another upstream meanwhile")


def _require_recent(uow: UnitOfWork, profile: UpstreamProfile) -> None:
    """Refuse who was asked to prove again that it is them, and whose upstream says that it did not ask them (R22)."""
    if profile.auth_time is not None and profile.auth_time < (uow.now - RECENT).timestamp():
        raise SignInRefused(Reason.NOT_RECENT, "the upstream was asked to have them sign in again, and did not")


def _admissible(user: User, required: User | None) -> User:
    if required is not None and required.id != user.id:
        raise SignInRefused(Reason.ANOTHER_PERSON, f"user {user.id} came where user {required.id} was asked for")
    if user.disabled_at is not None:
        raise SignInRefused(Reason.ACCOUNT_DISABLED, f"user {user.id} is disabled")
    return user


def _update_profile(uow: UnitOfWork, user: User, profile: UpstreamProfile) -> None:
    """What the upstream says now; what it says nothing about stays."""
    try:
        users.update_profile(uow, user, profile.attributes)
    except ProfileInvalid:  # never of a provider's, which checks each; an old row may not parse any more
        return
