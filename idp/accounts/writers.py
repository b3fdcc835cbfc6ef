"""Who writes which letter: the worker's table."""

from collections.abc import Callable

from idp.accounts import invitations, notices, recovery, registration, verification
from idp.accounts.letters import Letter

WRITERS: dict[Letter, Callable[..., None]] = {
    Letter.REGISTER: registration.write_proof,
    Letter.VERIFY_EMAIL: verification.write_own,
    Letter.CHANGE_EMAIL: verification.write_change,
    Letter.RECOVER: recovery.write_link,
    Letter.INVITE: invitations.write_invitation,
    Letter.LOGIN_BLOCKED: notices.write_login_blocked,
}
"""``writer(uow, message_id, **facts)``, with the facts that `idp.accounts.letters.ask` was given."""
