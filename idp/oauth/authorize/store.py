"""Stored authorization requests: every request is one; a pushed one only waits for its browser (RFC 9126)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from idp.authn.errors import FlowExpired
from idp.crypto.secrets import digest, new_secret
from idp.db.unit import UnitOfWork
from idp.i18n import gettext as _
from idp.ids import new_id
from idp.oauth.authorize.request import REQUEST_URI_PREFIX
from idp.oauth.models import AuthorizationParameters, AuthorizationRequest, Client

TTL = timedelta(minutes=30)
PUSHED_TTL = timedelta(seconds=60)


def store(uow: UnitOfWork, client: Client, parameters: AuthorizationParameters, browser: str) -> AuthorizationRequest:
    """Keep a request that came by browser, for that browser."""
    request = uow.add(
        AuthorizationRequest(
            id=new_id(),
            client_id=client.id,
            parameters=parameters,
            browser_digest=digest(browser),
            created_at=uow.now,
            expires_at=uow.now + TTL,
        )
    )
    uow.flush()
    return request


def push(uow: UnitOfWork, client: Client, parameters: AuthorizationParameters) -> str:
    """Keep a request that the client pushed; answers its single-use ``request_uri``."""
    handle = new_secret("ru")
    uow.add(
        AuthorizationRequest(
            id=new_id(),
            client_id=client.id,
            parameters=parameters,
            request_uri_digest=digest(handle),
            created_at=uow.now,
            expires_at=uow.now + PUSHED_TTL,
        )
    )
    return REQUEST_URI_PREFIX + handle


def claim(uow: UnitOfWork, client: Client, request_uri: str, browser: str) -> AuthorizationRequest | None:
    """Bind a pushed request to the first browser that comes with it; None when it is not there for the taking (R13).

    Its time begins now: what the person did between the push and this moment answers no ``prompt``.
    """
    return uow.session.scalar(
        update(AuthorizationRequest)
        .where(
            AuthorizationRequest.request_uri_digest == digest(request_uri.removeprefix(REQUEST_URI_PREFIX)),
            AuthorizationRequest.client_id == client.id,
            AuthorizationRequest.browser_digest.is_(None),
            AuthorizationRequest.expires_at > func.now(),
            AuthorizationRequest.created_at > uow.not_before,
        )
        .values(browser_digest=digest(browser), created_at=func.now(), expires_at=func.now() + TTL)
        .returning(AuthorizationRequest),
        execution_options={"synchronize_session": False},
    )


def get(uow: UnitOfWork, flow: UUID | None, browser: str | None) -> AuthorizationRequest:
    """A request that is under way in this browser.

    Raises:
        FlowExpired: it is answered, over, unknown, or another browser's.
    """
    request = None
    if flow is not None and browser:
        request = uow.session.scalar(
            select(AuthorizationRequest).where(
                AuthorizationRequest.id == flow,
                AuthorizationRequest.browser_digest == digest(browser),
                AuthorizationRequest.answered_at.is_(None),
                AuthorizationRequest.expires_at > func.now(),
                AuthorizationRequest.created_at > uow.not_before,
            )
        )
    if request is None:
        raise FlowExpired(
            _("This sign-in has expired, or was finished before. Go back to the application and start again.")
        )
    return request
