"""What can go wrong with people."""

from idp.errors import Conflict, Invalid, NotFound


class NoSuchUser(NotFound):
    """No such person in this tenant."""

    code = "no-such-user"


class EmailTaken(Conflict):
    """Somebody in this tenant has that address."""

    code = "email-taken"


class EmailInvalid(Invalid):
    """Not an email address that can exist."""

    code = "email-invalid"


class ProfileInvalid(Invalid):
    """A profile attribute that is unknown or malformed."""

    code = "profile-invalid"
