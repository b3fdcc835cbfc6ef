"""How a person gets in, as verbs of ``idp user``: passwords, the proof of an address, wrong attempts, sessions."""

from uuid import UUID

import click

from idp.accounts import credentials, recovery
from idp.authn import passwords
from idp.authn import sessions as sessions_
from idp.authn.models import Session
from idp.cli import output, people
from idp.cli.connect import tenant_unit
from idp.cli.options import password_stdin, program, read_password, tenant
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.oauth import grants
from idp.users import service as users
from idp.users.models import User


@program("reset-password")
@tenant
@people.who
def reset_password(slug: str, who: str) -> None:
    """Mail a person the link to a new password of their own; nothing ends before they use it."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        recovery.request_for(uow, row)
        document = people.whole(uow, row)
    output.done(document, f"{document['email']} gets a mail with the link to a new password.")


@program("set-password")
@tenant
@people.who
@password_stdin
def set_password(slug: str, who: str, password_stdin: bool) -> None:
    """Give a person another password; they are signed out everywhere.  ``reset-password`` lets them choose."""
    password, shown = read_password(password_stdin)
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        passwords.set_password(uow, row, password)
        document = {**people.whole(uow, row), **shown}
    output.record(document, once="password")


@program("verify")
@tenant
@people.who
def verify(slug: str, who: str) -> None:
    """Mark a person's address as theirs, when we know it from elsewhere."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        users.verify_email(uow, row)
        document = people.whole(uow, row)
    output.done(document, f"{document['email']} counts as proven.")


@program("unlock")
@tenant
@people.who
def unlock(slug: str, who: str) -> None:
    """Forget the wrong passwords of a person, so that they can try again at once."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        credentials.unlock(uow, row)
        document = people.whole(uow, row)
    output.done(document, f"{document['email']} can try to sign in again.")


@program("sessions")
@tenant
@people.who
@click.option("--end", "chosen", type=click.UUID, multiple=True, metavar="ID", help="End this one; may be repeated.")
@click.option("--end-all", is_flag=True, help="Sign them out everywhere.")
def sessions(slug: str, who: str, chosen: tuple[UUID, ...], end_all: bool) -> None:
    """List where a person is signed in, as it was before this ended anything."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        documents = [
            {
                "id": session.id,
                "created_at": session.created_at,
                "last_seen_at": session.last_seen_at,
                "expires_at": session.expires_at,
                "ip": session.ip,
                "user_agent": session.user_agent,
            }
            for session in grants.list_sessions(uow, row.id)
        ]
        for session_id in chosen:
            sessions_.end(uow, _session(uow, row, session_id), reason="operator")
        if end_all:
            sessions_.end_all(uow, row.id, reason="operator")
    output.table(
        documents, ("id", "created_at", "last_seen_at", "ip", "user_agent"), empty=f"{who} is not signed in anywhere."
    )


def _session(uow: UnitOfWork, row: User, session_id: UUID) -> Session:
    session = grants.find_session(uow, row.id, session_id)
    if session is None:
        raise NotFound(f"They have no session {session_id}.")
    return session
