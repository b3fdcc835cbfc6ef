"""What can be wrong with a connection, and why an upstream sign-in ended before it was one."""

from enum import StrEnum

from idp.errors import Conflict, Gone, IdPError, Invalid, NotFound, Unavailable


class NoSuchConnection(NotFound):
    """None of this tenant has that name."""

    code = "no-such-connection"


class ConnectionNameTaken(Conflict):
    """Another connection has that name."""

    code = "connection-name-taken"


class TooManyConnections(Conflict):
    """The tenant has as many as it may."""

    code = "too-many-connections"


class ConnectionInUse(Conflict):
    """A client may use this connection and no other: without it, it might use them all."""

    code = "connection-in-use"


class ConnectionInvalid(Invalid):
    """A member is unknown to the kind, missing or malformed."""

    code = "connection-invalid"


class NoSuchIdentity(NotFound):
    """This person has no such identity."""

    code = "no-such-identity"


class IdentityTaken(Conflict):
    """Somebody has this identity, or the person has another one of the same connection."""

    code = "identity-taken"


class LastWayIn(Conflict):
    """Without it the person could not sign in any more (R22)."""

    code = "last-way-in"


class NoSuchTest(NotFound):
    """No test sign-in has that id."""

    code = "no-such-test"


class NoUpstreamToken(NotFound):
    """No token is kept, or it is over and cannot be renewed."""

    code = "no-upstream-token"


class UpstreamBusy(Unavailable):
    """As many sign-ins as this process lets wait are waiting for upstreams already."""

    code = "upstream-busy"


class RoundTripExpired(Gone):
    """The way back belongs to no sign-in that is under way in this browser."""

    code = "upstream-sign-in-expired"


class Reason(StrEnum):
    """Why a sign-in at an upstream let nobody in here."""

    DENIED = "denied"
    UPSTREAM_ERROR = "upstream-error"
    UNREACHABLE = "unreachable"
    INVALID_ANSWER = "invalid-answer"
    WRONG_ISSUER = "wrong-issuer"
    NO_SUBJECT = "no-subject"
    NOT_PERMITTED = "not-permitted"
    NO_EMAIL = "no-email"
    EMAIL_UNVERIFIED = "email-unverified"
    NO_ACCOUNT = "no-account"
    DOMAIN_NOT_ALLOWED = "domain-not-allowed"
    REGISTRATION_CLOSED = "registration-closed"
    LINK_FIRST = "link-first"
    LINKED_TO_ANOTHER = "linked-to-another"
    OTHER_IDENTITY = "other-identity"
    ANOTHER_PERSON = "another-person"
    NOT_RECENT = "not-recent"
    ACCOUNT_DISABLED = "account-disabled"


class SignInRefused(IdPError):
    """An upstream sign-in that ends here.

    Attributes:
        reason: which sentence the person reads.
        cause: what an administrator reads: technical, without secrets.
    """

    code = "upstream-sign-in-refused"

    def __init__(self, reason: Reason, cause: str) -> None:
        super().__init__(cause)
        self.reason, self.cause = reason, cause[:500]
