"""Signing up: a registration waits for proof of its address, and only then somebody is a user (R26, R32, R33).

So nobody can hold an address that is not theirs, and a sign-up with an address that has an account looks, to whoever
makes it, like any other.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from idp.accounts.errors import RegistrationClosed, TermsNotAccepted
from idp.accounts.letters import Letter, ask
from idp.accounts.models import Registration
from idp.authn import one_time_tokens, passwords, throttle
from idp.authn.models import LoginTransaction
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.i18n import gettext as _
from idp.ids import new_id
from idp.mail import messages
from idp.mail.messages import Recipient, recipient_of
from idp.rbac import service as rbac
from idp.rbac.permissions import Builtin
from idp.users import service as users
from idp.users.errors import EmailTaken
from idp.users.models import Profile, User

TTL = timedelta(hours=24)


def is_open(uow: UnitOfWork) -> bool:
    """Whether anybody may sign up here without an invitation."""
    return uow.tenant.policy.registration in {"open", "domains"}


def closed_sentence(uow: UnitOfWork) -> str:
    """What somebody is told who may not."""
    if uow.tenant.policy.registration == "closed":
        return _("{tenant} doesn’t accept sign-ups. Ask your administrator for an account.", tenant=uow.tenant.name)
    return _("{tenant} doesn’t accept sign-ups. Ask your administrator for an invitation.", tenant=uow.tenant.name)


def require_allowed(uow: UnitOfWork, address: str) -> None:
    """Refuse a sign-up that the tenant's policy does not take; decided by the address alone.

    Raises:
        RegistrationClosed: with a sentence that says whom to ask.
    """
    policy = uow.tenant.policy
    if not is_open(uow):
        raise RegistrationClosed(closed_sentence(uow))
    if policy.registration == "domains" and users.domain_of(address) not in policy.registration_domains:
        raise RegistrationClosed(
            _(
                "{tenant} accepts sign-ups from its own email addresses only. Use your work address, or ask your "
                "administrator for an invitation.",
                tenant=uow.tenant.name,
            )
        )


def begin(
    uow: UnitOfWork,
    transaction: LoginTransaction,
    *,
    email: str,
    password: str,
    terms_accepted: bool,
    profile: Mapping[str, Any],
) -> Registration:
    """Take a sign-up and have the proof of its address mailed.

    Args:
        uow: the tenant's unit.
        transaction: the login that it is part of, and that its proof completes.
        email: as typed.
        password: as typed.
        terms_accepted: whether the tenant's terms were agreed to.
        profile: attributes by name.

    Raises:
        RegistrationClosed, TermsNotAccepted: the tenant does not take it.
        EmailInvalid, ProfileInvalid, PasswordUnacceptable: what was typed cannot be.
        PasswordGateFull: too many passwords are being hashed right now.
    """
    address = users.parse_email(email)
    require_allowed(uow, address)
    whole = users.parse_profile(profile)
    terms_version = agreed_terms(uow, accepted=terms_accepted)
    registration = uow.add(
        Registration(
            id=new_id(),
            address=address,
            password_hash=passwords.hash_acceptable(uow.tenant, password, words=passwords.words_about(address, whole)),
            profile=whole,
            terms_version=terms_version,
            login_id=transaction.id,
            browser_digest=transaction.browser_digest,
            expires_at=uow.now + TTL,
        )
    )
    transaction.email_hint = address
    events.record(uow, EventType.REGISTRATION_BEGUN, registration)
    ask_for_proof(uow, registration)
    return registration


def agreed_terms(uow: UnitOfWork, *, accepted: bool) -> str | None:
    """The version of the tenant's terms that somebody agrees to; None where there are none.

    Raises:
        TermsNotAccepted: there are, and they do not.
    """
    version = uow.tenant.policy.terms_version
    if version is not None and not accepted:
        raise TermsNotAccepted(_("Agree to the terms to go on."), field="terms")
    return version


def find_pending(uow: UnitOfWork, login_id: UUID) -> Registration | None:
    """The sign-up of this login that still waits for its proof."""
    return uow.session.scalar(
        select(Registration)
        .where(
            Registration.login_id == login_id,
            Registration.completed_at.is_(None),
            Registration.expires_at > func.now(),
        )
        .order_by(Registration.id.desc())
        .limit(1)
    )


def ask_for_proof(uow: UnitOfWork, registration: Registration) -> None:
    """Have a mail written that lets its reader prove the address; a newer one supersedes those before."""
    ask(uow, Letter.REGISTER, registration_id=str(registration.id))


def write_proof(uow: UnitOfWork, message_id: UUID, *, registration_id: str) -> None:
    """The worker's part: to a new address the proof, to a known one how to get in."""
    registration = uow.find(Registration, UUID(registration_id))
    if registration is None or registration.completed_at is not None:
        return
    issued = one_time_tokens.issue(
        uow, Purpose.REGISTER, registration.id, message_id=message_id, bound=registration.address
    )
    if issued is None:
        return
    known = users.find_by_email(uow, registration.address)
    if known is not None:
        messages.already_registered(uow, recipient_of(known, users.primary_email(uow, known.id)))
    else:
        to = Recipient(registration.address, registration.profile.name, registration.profile.locale)
        link = f"{uow.tenant.issuer}/verify-email?token={issued.token}"
        messages.confirm_registration(uow, to, link=link, code=issued.code or "")


def complete(uow: UnitOfWork, registration_id: UUID) -> User | None:
    """Make the user of a registration whose address was proven just now.

    Returns:
        None when the address is somebody's already, the registration is over, or sign-ups were closed meanwhile.
    """
    registration = uow.session.get(Registration, (uow.tenant.id, registration_id), with_for_update=True)
    if registration is None or registration.completed_at is not None or registration.expires_at <= uow.now:
        return None
    try:
        require_allowed(uow, registration.address)
        user = admit(
            uow,
            registration.address,
            registration.profile,
            registration.terms_version,
            via="registration",
            user_id=registration.id,
        )
    except (RegistrationClosed, EmailTaken):
        return None
    passwords.adopt(uow, user, registration.password_hash)
    registration.completed_at, registration.password_hash = uow.now, ""  # theirs now, and nowhere twice
    rbac.give(uow, user, rbac.get_role(uow, Builtin.MEMBER))
    return user


def admit(
    uow: UnitOfWork,
    address: str,
    profile: Profile,
    terms_version: str | None,
    *,
    via: str,
    user_id: UUID | None = None,
    verified: bool = True,
) -> User:
    """A new person with an address, mostly a proven one; whoever guessed at it before does not keep them out.

    Raises:
        EmailTaken: it is somebody's.
    """
    members = profile.model_dump(exclude_none=True)
    user = users.create(uow, email=address, verified=verified, via=via, user_id=user_id, **members)
    throttle.clear(uow, users.canonical(address))
    if terms_version is not None:
        user.terms_version, user.terms_accepted_at = terms_version, uow.now
    uow.flush()
    return user
