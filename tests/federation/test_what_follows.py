"""What follows from linking and unlinking: who hears of it, what ends, and what is purged (R8, R34, R38, R51)."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from idp.accounts import credentials, notices
from idp.accounts.errors import RecentSignInNeeded
from idp.authn import passwords, sessions
from idp.authn.models import LoginTransaction, Session
from idp.events.types import EventType
from idp.federation import connections, identities, linking, transactions
from idp.federation.errors import SignInRefused
from idp.federation.models import FederationTransaction
from idp.oauth import grants
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from idp.worker import purge
from tests.factories import PASSWORD, People
from tests.post import Post
from tests.upstream_rows import connect, labels, link, profile

ADA = "ada@example.com"


@pytest.fixture
def post(people: People) -> Post:
    return Post(people.wiring, people.tenant)


def test_whose_account_a_connection_made_hears_no_news(people: People, post: Post) -> None:
    connect(people, options={"creation": "on"})
    with people.unit() as uow:
        linking.sign_in(uow, connections.get(uow, "github"), profile())
    post.deliver()
    assert post.mails("ida@acme.example") == []


def test_whose_account_was_there_hears_that_it_has_another_way_in(people: People, post: Post) -> None:
    user = people.user(email="ida@acme.example")
    connect(people, label="GitHub of Acme", options={"trusts_email": True})
    with people.unit() as uow:
        assert linking.sign_in(uow, connections.get(uow, "github"), profile()).id == user.id
    mail = post.last("ida@acme.example")
    assert mail.subject.startswith("A new way to sign in")
    assert "GitHub of Acme" in mail.text
    assert mail.links("/not-me")


def test_an_unlinked_account_ends_all_sessions_but_the_one_it_was_done_in(people: People) -> None:
    user = people.user()
    connect(people)
    identity = link(people, user)
    with people.unit() as uow:
        kept, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        sessions.start(uow, user.id, ["fed"], replaces=None)
        uow.add(
            LoginTransaction(
                id=user.id,
                browser_digest=b"x",
                user_id=user.id,
                methods=["fed"],
                expires_at=uow.now + timedelta(hours=1),
            )
        )
    with people.unit() as uow:
        identities.unlink(uow, uow.get(User, user.id), identity.id, session=kept)
    with people.unit() as uow:
        assert [row.id for row in grants.list_sessions(uow, user.id)] == [kept.id]
        assert uow.session.scalars(select(LoginTransaction.methods)).all() == [[]], (
            "what was half finished counts no more"
        )


def test_this_was_not_me_takes_every_account_elsewhere_away(people: People, post: Post) -> None:
    user, eve = people.user(), people.user(email="eve@example.com")
    connect(people)
    connect(people, "other")
    link(people, user, "other", subject="1")
    link(people, eve, "other", subject="2")
    link(people, user)
    token = post.token(ADA, "/not-me?token=")
    with people.unit() as uow:
        assert notices.disown(uow, token) is not None
    assert labels(people, user) == []
    assert labels(people, eve) == ["other"]
    assert post.token(ADA, "/reset-password?token=")


def test_a_first_password_that_crosses_with_it_is_taken_away_too(people: People, post: Post) -> None:
    """Whoever is in the account for a moment keeps nothing: who comes second waits for the first."""
    user = people.user()
    connect(people)
    link(people, user)
    token = post.token(ADA, "/not-me?token=")
    with people.unit() as uow:
        passwords.remove(uow, uow.get(User, user.id))
        session, _ = sessions.start(uow, user.id, ["fed"], replaces=None)
    held, ended = threading.Event(), threading.Event()

    def take_back() -> None:
        held.wait(10)
        with people.unit() as other:
            notices.disown(other, token)
        ended.set()

    owner = threading.Thread(target=take_back)
    owner.start()
    with people.unit() as uow:
        thief, their = uow.get(User, user.id), uow.get(Session, session.id)
        assert credentials.confirm(uow, thief, None, session=their)
        held.set()
        assert not ended.wait(0.3), "the owner waits for what the thief has begun"
        passwords.set_password(uow, thief, PASSWORD, how=EventType.PASSWORD_CHANGED, keep=their)
    owner.join(10)
    with people.unit() as uow:
        assert passwords.changed_at(uow, uow.get(User, user.id)) is None
        thief, their = uow.get(User, user.id), uow.get(Session, session.id)
        with pytest.raises(RecentSignInNeeded):
            credentials.confirm(uow, thief, None, session=their)


def test_an_account_that_is_linked_too_late_is_not(people: People, post: Post) -> None:
    """Whoever set out to link from a session that “this was not me” has ended comes back to nothing."""
    user = people.user()
    with people.unit() as uow:
        session, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        passwords.set_password(uow, uow.get(User, user.id), PASSWORD, how=EventType.PASSWORD_CHANGED, keep=session)
    connect(people)
    token = post.token(ADA, "/not-me?token=")
    with people.unit() as uow:
        thief, their = uow.get(User, user.id), uow.get(Session, session.id)
        with people.unit() as other:
            notices.disown(other, token)
        with pytest.raises(SignInRefused):
            linking.link(uow, connections.get(uow, "github"), thief, profile(), session=their)
    assert labels(people, user) == []


def test_a_sign_in_that_crosses_with_it_is_ended(people: People, post: Post) -> None:
    user = people.user()
    connect(people)
    link(people, user)
    token = post.token(ADA, "/not-me?token=")
    ended = threading.Event()

    def take_back() -> None:
        with people.unit() as other:
            notices.disown(other, token)
        ended.set()

    owner = threading.Thread(target=take_back)
    with people.unit() as uow:
        thief = linking.sign_in(uow, connections.get(uow, "github"), profile())
        uow.flush()
        owner.start()
        assert not ended.wait(0.3)
        sessions.start(uow, thief.id, ["fed"], replaces=None)
    owner.join(10)
    with people.unit() as uow:
        assert grants.list_sessions(uow, user.id) == []


@pytest.mark.parametrize(("minutes", "left"), [(59, 1), (61, 0)])
def test_round_trips_go_when_they_are_over(people: People, wiring: Wiring, minutes: int, left: int) -> None:
    connect(people)
    with people.unit() as uow:
        transactions.begin(uow, connections.get(uow, "github"), "browser")
        uow.flush()
        uow.execute(update(FederationTransaction).values(expires_at=uow.now - timedelta(minutes=minutes)))
    purge.purge_expired(wiring, threading.Event())
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(FederationTransaction)) == left


def test_an_erased_person_leaves_no_identity(people: People) -> None:
    user = people.user()
    connect(people)
    link(people, user)
    with people.unit() as uow:
        transactions.begin(uow, connections.get(uow, "github"), "browser", user_id=user.id)
    people.erase(user)
    with people.unit() as uow:
        assert users.find_by_email(uow, ADA) is None
        assert uow.session.scalar(select(func.count()).select_from(FederationTransaction)) == 0
        assert identities.list_of(uow, user.id) == []
