"""What can go wrong with people."""

from idp.errors import Conflict, Invalid, NotFound, Unavailable


class NoSuchUser(NotFound):
    """No such person in this tenant."""

    code = "no-such-user"


class EmailTaken(Conflict):
    """Somebody in this tenant has that address."""

    code = "email-taken"


class BulkBusy(Unavailable):
    """Many people are being added already."""

    code = "bulk-busy"


class EmailInvalid(Invalid):
    """Not an email address that can exist."""

    code = "email-invalid"


class ProfileInvalid(Invalid):
    """A profile attribute that is unknown or malformed."""

    code = "profile-invalid"
