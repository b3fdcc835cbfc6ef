"""Protocol errors, by their registered names (RFC 6749 §4.1.2.1 and §5.2, RFC 8707 §2, OpenID Connect Core §3.1.2.6).

Three exits: `OAuthError` is a JSON body to a client, `AuthorizationRefused` a redirect to a proven redirect_uri, and
`PageError` our own page, for whoever has not proven where to go back to (R2).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from idp.errors import Conflict, IdPError, Invalid, NotFound


class OAuthError(IdPError):
    """An answer to a client that asked directly.

    Attributes:
        error: registered name.
        status: of the answer.
        challenge: value of ``WWW-Authenticate``, where one is due.
    """

    code = "oauth-error"

    def __init__(self, error: str, detail: str, *, status: int = 400, challenge: str | None = None) -> None:
        super().__init__(detail)
        self.error = error
        self.status = status
        self.challenge = challenge


class InvalidClient(OAuthError):
    """Client authentication failed; which half was wrong stays unsaid."""

    code = "invalid-client"

    def __init__(self, *, basic: bool = False) -> None:
        super().__init__(
            "invalid_client",
            "Client authentication failed.",
            status=401,
            challenge='Basic realm="token", charset="UTF-8"' if basic else None,
        )


class AuthorizationRefused(IdPError):
    """An answer to a client by way of the browser, at its proven redirect_uri."""

    code = "authorization-refused"

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error


@dataclass(eq=False)
class PageError(IdPError):
    """An answer on our own page.

    Attributes:
        heading: what happened, in a few words.
        detail: a sentence that says what to do.
        facts: labels and values that help a developer; escaped by the template.
        error: registered name, for a client that asked directly (RFC 9126 §2.3).
    """

    code: ClassVar[str] = "authorization-request-invalid"

    heading: str
    detail: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    status: int = 400
    error: str = "invalid_request"


class NoSuchClient(NotFound):
    """No client of this tenant has that id."""

    code = "no-such-client"


class NoSuchResource(NotFound):
    """No API resource of this tenant has that identifier."""

    code = "no-such-resource"


class NoSuchSecret(NotFound):
    """No living secret of this client has that id."""

    code = "no-such-secret"


class ClientIsBuiltin(Conflict):
    """The console's client is what it is."""

    code = "client-is-built-in"


class ClientHasNoSecret(Conflict):
    """The client authenticates without one."""

    code = "client-has-no-secret"


class LastSecret(Conflict):
    """The client would have none."""

    code = "last-secret"


class ClientMetadataInvalid(Invalid):
    """A member of the client's metadata that we do not accept (RFC 7591 §3.2.2)."""

    code = "client-metadata-invalid"


class ResourceTaken(Conflict):
    """Identifier or scope is another resource's already."""

    code = "resource-taken"
