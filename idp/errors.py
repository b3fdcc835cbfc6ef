"""What can go wrong, as types.  No HTTP in here: the status numbers live in `idp.http.problems`.

    IdPError
    ├── NotFound             it does not exist, or belongs to another tenant
    ├── Conflict             it collides with something that exists
    ├── Invalid              the input breaks a rule; `field` says where
    ├── Unauthenticated      we do not know who you are
    ├── Forbidden            we know, and you may not
    ├── Gone                 it existed, and its time is over
    ├── RateLimited          too many, too fast; `retry_after` says when
    ├── PreconditionFailed   somebody changed it meanwhile
    └── Unavailable          a part that we depend on does not answer; `retry_after` says when

A domain error is two lines: ``class RoleNameTaken(Conflict): code = "role-name-taken"``.
"""

from typing import ClassVar


class IdPError(Exception):
    """Root of every error that we raise on purpose.

    Attributes:
        code: stable, hyphenated name; part of the public contract.
        detail: one sentence for a person; never holds a secret.
    """

    code: ClassVar[str] = "error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(IdPError):
    """It does not exist here."""

    code = "not-found"


class Conflict(IdPError):
    """It collides with something that exists."""

    code = "conflict"


class Invalid(IdPError):
    """The input breaks a rule.

    Attributes:
        field: name of the offending field, when there is one.
    """

    code = "invalid"

    def __init__(self, detail: str = "", *, field: str | None = None) -> None:
        super().__init__(detail)
        self.field = field


class Unauthenticated(IdPError):
    """The caller could not be identified."""

    code = "unauthenticated"


class Forbidden(IdPError):
    """The caller may not do this."""

    code = "forbidden"


class Gone(IdPError):
    """It existed, and its time is over."""

    code = "gone"


class PreconditionFailed(IdPError):
    """Somebody changed it meanwhile."""

    code = "precondition-failed"


class RateLimited(IdPError):
    """Too many, too fast.

    Attributes:
        retry_after: seconds until another try makes sense.
    """

    code = "rate-limited"

    def __init__(self, detail: str = "", *, retry_after: int = 60) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(IdPError):
    """A part that we depend on does not answer.

    Attributes:
        retry_after: seconds until another try makes sense.
    """

    code = "unavailable"

    def __init__(self, detail: str = "", *, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
