"""What comes next for a stored request: decided anew from the database each time somebody comes back."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from idp.authn import assurance
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.oauth import consents
from idp.oauth.models import AuthorizationRequest, Client
from idp.users.models import User


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody must sign in; this very person, when one is named, and first of all somebody new, when that is asked."""

    required_user_id: UUID | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class SelectAccount:
    """The person must say whether the account that is signed in is the one to go on with."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The person must be asked."""


@dataclass(frozen=True, slots=True)
class Respond:
    """Everything is there: answer with a code for this session."""

    session: Session


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot be done: answer with this error."""

    error: str
    detail: str


Step = Login | SelectAccount | Consent | Respond | Refuse


def next_step(uow: UnitOfWork, request: AuthorizationRequest, client: Client, session: Session | None) -> Step:
    """The first thing that is still missing (OpenID Connect Core §3.1.2.3 and §3.1.2.4)."""
    asked = request.parameters
    silent = "none" in asked.prompt
    if session is not None and "select_account" in asked.prompt and not _is_chosen(request, session):
        return SelectAccount()
    if session is None or not _is_fresh(uow, request, session) or asked.hinted_user_id not in {None, session.user_id}:
        required = asked.hinted_user_id or _same_person(request, session)
        if silent or (required is not None and uow.find(User, required) is None):
            return Refuse("login_required", "Nobody suitable is signed in.")
        return Login(required, is_new="create" in asked.prompt and required is None)
    if asked.required_acr and not assurance.satisfies(session.acr, asked.required_acr):
        return Refuse("unmet_authentication_requirements", "The authentication class asked for cannot be reached.")
    if _must_ask(uow, request, client, session):
        return Refuse("consent_required", "The person must be asked.") if silent else Consent()
    return Respond(session)


def _is_chosen(request: AuthorizationRequest, session: Session) -> bool:
    """Whether the person chose this account: by saying so, or by signing in to it since they were asked."""
    return request.account_selected_at is not None or session.authenticated_at >= request.created_at


def _is_fresh(uow: UnitOfWork, request: AuthorizationRequest, session: Session) -> bool:
    """Whether the sign-in is young enough: ``login`` and ``create`` want one since then, ``max_age`` a recent one."""
    asked = request.parameters
    if session.authenticated_at >= request.created_at:
        return True
    if "login" in asked.prompt or "create" in asked.prompt:
        return False
    return asked.max_age is None or session.authenticated_at + timedelta(seconds=asked.max_age) > uow.now


def _same_person(request: AuthorizationRequest, session: Session | None) -> UUID | None:
    """Who must prove again that it is them, when the sign-in is merely too old; otherwise anybody may come."""
    asked = request.parameters
    merely_old = asked.max_age is not None and "create" not in asked.prompt
    return session.user_id if session is not None and merely_old else None


def _must_ask(uow: UnitOfWork, request: AuthorizationRequest, client: Client, session: Session) -> bool:
    if "consent" in request.parameters.prompt and request.consented_at is None:
        return True
    needed = consents.needed(request.parameters)
    return not client.first_party and not consents.covers(uow, session.user_id, client, needed)
