"""What can keep a development instance from running; each says so in one sentence."""

from idp.errors import Conflict, IdPError


class CannotStart(IdPError):
    """Something on this machine is in the way; the sentence says what, and how to mend it."""

    code = "cannot-start"


class ServerFailed(IdPError):
    """A program that we started ended, or never became ready; the sentence ends with what it said last."""

    code = "server-failed"


class AlreadyRunning(Conflict):
    """Another process already uses this data folder."""

    code = "already-running"
