"""Whoever sat in an account with an address that nobody proved does not stay in it, whatever they try at the time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from idp.accounts import credentials, invitations
from idp.authn import passwords, sessions
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.federation import connections, identities, linking
from idp.federation.errors import SignInRefused
from idp.rbac import service as rbac
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.factories import PASSWORD, People
from tests.federation.comers import ADA, at, connect, profile
from tests.post import Post

SQUATTERS = "the password of the squatter"


@pytest.fixture
def squatter(people: People) -> User:
    """Of a server of one's own, which says that the address is theirs."""
    with people.unit() as uow:
        connect(uow, trusts_email=True)
        own = connect(uow, name="own", kind="oidc", creation="on", issuer="https://own.example")
        return linking.sign_in(uow, own, at(own, profile("squatter")))


def test_a_password_that_was_set_in_wait_for_an_invitation_opens_nothing(
    people: People, squatter: User, wiring: Wiring
) -> None:
    """R22, R48: the password went on to open what the invitation gave."""
    with people.unit() as uow:
        session, _ = sessions.start(uow, squatter.id, ["fed"], replaces=None)
    with people.unit() as uow:
        held = uow.get(Session, session.id)
        assert credentials.change_password(uow, uow.get(User, squatter.id), None, SQUATTERS, session=held)
        invitations.invite(uow, ADA, roles=("owner",))
    token = Post(wiring, people.tenant).token(ADA, "?invitation=")
    with people.unit() as uow:
        found = invitations.find(uow, token)
        assert found is not None
        assert found[1] is None, "whoever reads the mail is asked for a password of their own"
        owner = invitations.accept(uow, token, password=PASSWORD, terms_accepted=True, profile={})
        assert owner.id == squatter.id
        assert "owner" in rbac.names_of(uow, owner.id)
    with people.unit() as uow:
        assert not passwords.verify(uow, uow.get(User, squatter.id), SQUATTERS)
        assert passwords.verify(uow, uow.get(User, squatter.id), PASSWORD)


def test_the_password_of_a_disabled_squatter_is_gone_too(people: People, squatter: User, wiring: Wiring) -> None:
    with people.unit() as uow:
        passwords.set_password(uow, uow.get(User, squatter.id), SQUATTERS)
        users.disable(uow, uow.get(User, squatter.id))
        invitations.invite(uow, ADA, roles=("admin",))
    token = Post(wiring, people.tenant).token(ADA, "?invitation=")
    with people.unit() as uow:
        invitations.accept(uow, token, password=PASSWORD, terms_accepted=True, profile={})
        users.enable(uow, uow.get(User, squatter.id))
    with people.unit() as uow:
        assert not passwords.verify(uow, uow.get(User, squatter.id), SQUATTERS)


def by_trusted_upstream(people: People, _token: str) -> None:
    with people.unit() as uow:
        linking.sign_in(uow, connections.get(uow, "github"), profile("ada"))


def by_invitation(people: People, token: str) -> None:
    with people.unit() as uow:
        invitations.accept(uow, token, password=PASSWORD, terms_accepted=True, profile={})


@pytest.mark.parametrize("prove", [by_trusted_upstream, by_invitation])
def test_what_a_squatter_adds_at_the_same_moment_goes_too(
    people: People, squatter: User, wiring: Wiring, prove: Callable[[People, str], None]
) -> None:
    """The owner comes while the squatter's own changes are not committed yet: another password, another identity."""
    with people.unit() as uow:
        connect(uow, name="elsewhere")
        invitations.invite(uow, ADA)
        session, _ = sessions.start(uow, squatter.id, ["fed"], replaces=None)
    token = Post(wiring, people.tenant).token(ADA, "?invitation=")
    with ThreadPoolExecutor(1) as pool:
        with people.unit() as uow:
            user, held = uow.get(User, squatter.id), uow.get(Session, session.id)
            assert credentials.change_password(uow, user, None, SQUATTERS, session=held)
            linking.link(uow, connections.get(uow, "elsewhere"), user, profile("spare"), session=held)
            uow.flush()
            proven = pool.submit(prove, people, token)
            wait_until_blocked_or_done(uow, proven)
        proven.result(30)
    with people.unit() as uow:
        assert not passwords.verify(uow, uow.get(User, squatter.id), SQUATTERS)
        left = [connection.name for _, connection in identities.list_of(uow, squatter.id)]
        assert left == (["github"] if prove is by_trusted_upstream else [])


def test_two_accounts_there_cannot_be_linked_to_one_here_at_once(people: People) -> None:
    """By the account page and by an address: the second is told so, where it used to be an error of ours."""
    with people.unit() as uow:
        connect(uow, trusts_email=True)
    ada = people.user(email=ADA)

    def come() -> str:
        try:
            with people.unit() as uow:
                linking.sign_in(uow, connections.get(uow, "github"), profile("2"))
        except SignInRefused as refused:
            return refused.reason
        return "in"

    with ThreadPoolExecutor(1) as pool:
        with people.unit() as uow:
            linking.link(uow, connections.get(uow, "github"), uow.get(User, ada.id), profile("1"))
            other = pool.submit(come)
            wait_until_blocked_or_done(uow, other)
        assert other.result(30) == "other-identity"


def wait_until_blocked_or_done(uow: UnitOfWork, other: Future[Any]) -> None:
    """Until somebody waits for a lock of this transaction, or has got past it."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    pause = threading.Event()
    for _ in range(1_000):
        if other.done() or uow.session.scalar(waiting):
            return
        pause.wait(0.01)
    raise AssertionError("neither blocked nor done")
