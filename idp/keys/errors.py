"""What can go wrong with keys and tokens."""

from idp.errors import NotFound, Unauthenticated, Unavailable


class TokenInvalid(Unauthenticated):
    """A JWT that we do not accept; the reason stays in the log."""

    code = "token-invalid"


class NoSuchKey(NotFound):
    """No key of this tenant has that kid."""

    code = "no-such-key"


class NoActiveKey(Unavailable):
    """The tenant has no key that may sign; the worker is about to make one."""

    code = "no-active-key"
