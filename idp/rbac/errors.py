"""What can go wrong with roles."""

from idp.errors import NotFound


class NoSuchRole(NotFound):
    """No role of this tenant has that name."""

    code = "no-such-role"
