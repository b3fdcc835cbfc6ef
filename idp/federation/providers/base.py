"""What every kind of upstream is to the rest of the house: a URL to go to, and who came back (R21)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from idp.federation.options import Options


@dataclass(frozen=True, slots=True)
class Upstream:
    """A connection as a provider sees it: plain values, its secrets open.

    Attributes:
        tenant_id: whose it is.
        connection_id: what discovery documents and keys are cached by.
        kind: row of `registry.KINDS`.
        client_id: as what we are known there.
        client_secrets: the one to use, and after it the one before, while another may not be in force there yet.
        options: of the connection.
        redirect_uri: our callback, exactly as it is registered there.
    """

    tenant_id: UUID
    connection_id: UUID
    kind: str
    client_id: str
    client_secrets: tuple[str, ...] = field(repr=False)
    options: Options
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Trip:
    """What binds one round trip together: what goes out as `state`, and what is proven by it (RFC 7636, OIDC nonce)."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hints:
    """What we would like the upstream to do.

    Attributes:
        login_hint: the address that was typed here.
        reauthenticate: whether whoever is signed in there has to prove again that it is them.
    """

    login_hint: str | None = None
    reauthenticate: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of the upstream's, for the tenant's own use."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    expires_at: datetime | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamProfile:
    """Who came back, as the upstream says.

    Attributes:
        issuer: that names the upstream in an identity; compared to the letter.
        subject: never empty, and never reused by the upstream.
        email: one address as `idp.users.service.parse_email` gives it, or None.
        email_verified: whether the upstream said JSON ``true``; every other value is no.
        username: what they are called there, to be shown.
        attributes: members of `idp.users.models.Profile` that are valid there.
        groups: names of the groups that they are in, as `Options.roles` names them.
        claims: everything that was received, without tokens, for whoever tests the connection.
        tokens: what was issued to us.
        auth_time: when they proved there who they are, in seconds since 1970; None where the upstream does not say.
    """

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    username: str | None
    attributes: Mapping[str, Any]
    groups: Collection[str]
    claims: Mapping[str, Any]
    tokens: Tokens | None = None
    auth_time: int | None = None


class Provider(Protocol):
    """A protocol to speak with an upstream.  No method touches the database: none of ours waits for somebody else."""

    def authorization_url(self, upstream: Upstream, trip: Trip, hints: Hints) -> str:
        """Where the browser goes.

        Raises:
            SignInRefused: the upstream does not say where.
        """

    def fetch(self, upstream: Upstream, trip: Trip, answer: Mapping[str, str]) -> UpstreamProfile:
        """Who came back with `answer`, the parameters of the callback, each once.

        Raises:
            SignInRefused: nobody whom we may believe.
        """

    def refresh(self, upstream: Upstream, tokens: Tokens) -> Tokens:
        """Another access token for `tokens`; the refresh token may be another one too.

        Raises:
            SignInRefused: they are over.
        """
