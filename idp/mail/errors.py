"""What can go wrong with mail."""

from idp.errors import Invalid, NotFound


class MailSettingsInvalid(Invalid):
    """No sender, or no mail server, that could exist."""

    code = "mail-settings-invalid"


class NoSuchMail(NotFound):
    """No dead letter with that id."""

    code = "no-such-mail"


class Undeliverable(Exception):
    """This mail can never be delivered as it is; trying again is of no use until somebody changed something."""
