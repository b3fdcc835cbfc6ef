"""What can go wrong in the life of an account."""

from idp.errors import Conflict, Forbidden, Gone, Invalid, NotFound


class RegistrationClosed(Forbidden):
    """The tenant does not take sign-ups, or not from this address."""

    code = "registration-closed"


class TermsNotAccepted(Invalid):
    """The tenant has terms, and they were not agreed to."""

    code = "terms-not-accepted"


class RecentSignInNeeded(Forbidden):
    """What comes next is only for whoever signed in just now."""

    code = "recent-sign-in-needed"


class CannotRecover(Conflict):
    """A recovery that an administrator wants would reach nobody."""

    code = "cannot-recover"


class AccountDisabled(Conflict):
    """Nobody can do this for somebody who is shut out."""

    code = "account-disabled"


class LinkExpired(Gone):
    """A mailed link that was used, superseded, is too old, or was never one of ours; which, stays unsaid."""

    code = "link-expired"


class NoSuchInvitation(NotFound):
    """No open invitation of this tenant has that id."""

    code = "no-such-invitation"
