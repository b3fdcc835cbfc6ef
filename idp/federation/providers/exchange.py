"""A code for tokens, by Authlib's session (RFC 6749 §4.1.3): with the secret of today, or with the one before (R19)."""

import base64
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard
from urllib.parse import quote

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException

from idp.clock import utcnow
from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers import claims, transport
from idp.federation.providers.base import Tokens, Upstream

Call = Callable[[OAuth2Session], Mapping[str, Any]]


def with_secret(
    upstream: Upstream,
    call: Call,
    *,
    wrong_secret: Collection[str] = ("invalid_client",),
    **options: Any,
) -> Mapping[str, Any]:
    """What `call` gets from the upstream's token endpoint.

    Args:
        upstream: of the connection.
        call: a request with a session.
        wrong_secret: error codes that say that our secret is not the one in force.
        options: of the session.

    Raises:
        SignInRefused: no tokens.
    """
    secrets: tuple[str | None, ...] = upstream.client_secrets or (None,)
    for number, secret in enumerate(secrets, start=1):
        try:
            session = transport.session(upstream.client_id, secret, **options)
            session.register_client_auth_method(("client_secret_basic", _basic))
            return call(session)
        except SignInRefused:
            raise
        except AuthlibBaseError as refused:
            if refused.error in wrong_secret and number < len(secrets):
                continue
            raise SignInRefused(
                Reason.UPSTREAM_ERROR, f"the token endpoint said {claims.word(refused.error)}"
            ) from None
        except (RequestException, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as garbage:
            cause = f"the answer of the token endpoint is not understood ({type(garbage).__name__})"
            raise SignInRefused(Reason.INVALID_ANSWER, cause) from None
    raise AssertionError("a loop over at least one secret ends within")


def refresh_token_of(tokens: Tokens) -> str:
    """What renews these tokens.

    Raises:
        SignInRefused: nothing does.
    """
    if tokens.refresh_token is None:
        raise SignInRefused(Reason.UPSTREAM_ERROR, "the upstream issued nothing to renew the token with")
    return tokens.refresh_token


def tokens_of(answer: Mapping[str, Any]) -> Tokens:
    """Tokens of a token response (RFC 6749 §5.1).

    Raises:
        SignInRefused: there is no access token that could be one.
    """
    access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
    if not _is_token(access_token):
        raise SignInRefused(Reason.INVALID_ANSWER, "the token endpoint gave no access token")
    if str(answer.get("token_type", "bearer")).lower() != "bearer":
        raise SignInRefused(Reason.INVALID_ANSWER, "the token endpoint gave tokens that are no bearer tokens")
    scope = answer.get("scope")
    return Tokens(
        access_token,
        refresh_token if _is_token(refresh_token) else None,
        _ends(answer.get("expires_in")),
        scope if isinstance(scope, str) and scope.isprintable() else "",
    )


def _is_token(value: object) -> TypeGuard[str]:
    """What may stand in a header (RFC 6749 appendix A.12)."""
    return isinstance(value, str) and re.fullmatch(r"[\x20-\x7e]+", value) is not None


def _basic(client: Any, _method: str, uri: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    """HTTP Basic with both parts form-encoded, as RFC 6749 §2.3.1 has it; Authlib's own leaves them as they are."""
    pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
    headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return uri, headers, body


def _ends(expires_in: object) -> datetime | None:
    try:
        seconds = int(expires_in) if isinstance(expires_in, int | float | str) else 0
        return (utcnow() + timedelta(seconds=seconds)).astimezone(UTC) if seconds > 0 else None
    except (ValueError, OverflowError):
        return None
