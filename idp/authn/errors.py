"""What can go wrong while somebody signs in."""

from idp.errors import Gone, Invalid, RateLimited


class PasswordUnacceptable(Invalid):
    """The password breaks the tenant's policy (R25)."""

    code = "password-unacceptable"


class FlowExpired(Gone):
    """The login is over, was never begun, or belongs to another browser."""

    code = "flow-expired"


class Throttled(RateLimited):
    """Too many failures in a row at one account name (R27)."""

    code = "throttled"
