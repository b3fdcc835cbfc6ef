"""Who calls: a client that may sign people in directly, or a person through such a client (R9, R14, R40, R47)."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import request

from idp.authn import sessions
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.http import limits
from idp.http.context import current_unit
from idp.http.limits import Limits
from idp.oauth import bearer, client_authentication, direct, scopes
from idp.oauth.bearer import Bearer
from idp.oauth.clients import Registration, find_registration
from idp.oauth.errors import InvalidClient, OAuthError
from idp.oauth.parameters import Parameters
from idp.oauth.tokens import TokenResponse
from idp.users.models import User, UserEmail

REALM = "account"
_CREDENTIALS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")


@dataclass(frozen=True)
class Caller:
    """A person, through a client that may sign them in directly."""

    uow: UnitOfWork
    registration: Registration
    bearer: Bearer

    @property
    def user(self) -> User:
        """Who."""
        return self.bearer.subject.user

    @property
    def email(self) -> UserEmail:
        """Their primary address."""
        return self.bearer.subject.email

    @cached_property
    def session(self) -> Session:
        """The session that the token stands on; calling is using it."""
        session = self.uow.get(Session, self.bearer.subject.grant.session_id)
        sessions.touch(self.uow, session)
        return session

    def fresh_tokens(self) -> TokenResponse:
        """Tokens of another grant on the same session, for what the one at hand was for: that one has just ended."""
        grant = self.bearer.subject.grant
        scope = scopes.narrow(grant.scope, self.registration.client.scope)
        return direct.issue(self.uow, self.registration, self.session, scope=scope, resource=grant.resource)


def client(sent: dict[str, Any], *groups: Limits, account: str = "", recipient: str = "") -> Registration:
    """The client that sent this body, which pays for the request in one round trip.

    Args:
        sent: the body, loaded.
        groups: limits of the operation; those of the client come with them.
        account: as in `idp.http.limits.spend`.
        recipient: the same.

    Raises:
        OAuthError: client authentication failed.
        DirectSignInNotAllowed: the client must use the pages.
        TooMany: too often.
    """
    uow = current_unit()
    parameters = Parameters({name: sent[name] for name in _CREDENTIALS if name in sent})
    url = uow.tenant.issuer + request.path.removeprefix(f"/t/{uow.tenant.slug}")
    try:
        registration = client_authentication.authenticate(
            uow, request.headers.get("Authorization"), parameters, endpoint=url
        )
        direct.require_allowed(registration.client)
    except (OAuthError, direct.DirectSignInNotAllowed):
        limits.spend(limits.CLIENT_UNPROVEN)
        raise
    is_public = registration.client.token_endpoint_auth_method == "none"
    own = limits.CLIENT_UNPROVEN if is_public else limits.CLIENT
    limits.spend(own, *groups, client=str(registration.client.id), account=account, recipient=recipient)
    return registration


def caller() -> Caller:
    """The person whose token this is.  No third party's token gets here, whatever its scope.

    Raises:
        OAuthError: no token, or none that is good here and now.
        DirectSignInNotAllowed: of a client that must use the pages.
        TooMany: too often.
    """
    limits.spend(limits.VISIT)
    uow = current_unit()
    found = bearer.authenticate(uow, bearer.read(request.headers.get("Authorization"), realm=REALM), realm=REALM)
    registration = find_registration(uow, found.subject.grant.client_id)
    if registration is None:
        raise InvalidClient
    direct.require_allowed(registration.client)
    uow.actor = uow.actor.as_user(found.subject.user.id)
    return Caller(uow, registration, found)
