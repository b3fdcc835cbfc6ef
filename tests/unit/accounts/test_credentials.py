"""Another password and another address, by whoever is signed in and knows the password (R36, R38)."""

from typing import Any

import pytest
from sqlalchemy import select, update

from idp.accounts import credentials, verification
from idp.accounts.verification import Proven, Refusal
from idp.authn import passwords, sessions
from idp.authn.errors import PasswordUnacceptable, Throttled
from idp.authn.models import LoginThrottle, Session
from idp.events.models import Event
from idp.events.types import EventType
from idp.oauth import grants
from idp.users import service as users
from idp.users.errors import EmailInvalid
from idp.users.models import User
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post

EMAIL, WANTED = "ada@example.com", "ada@new.example"
NEW = "another battery staple horse"


class SignedIn:
    """Somebody with two sessions, this one and another."""

    def __init__(self, people: People, email: str = EMAIL) -> None:
        self.people, self.user = people, people.user(email=email)
        with people.unit() as uow:
            self.session, _ = sessions.start(uow, self.user.id, ["pwd"], replaces=None)
            sessions.start(uow, self.user.id, ["pwd"], replaces=None)

    def change_password(self, current: str, new: str) -> bool:
        with self.people.unit() as uow:
            person, session = uow.get(User, self.user.id), uow.get(Session, self.session.id)
            return credentials.change_password(uow, person, current, new, session=session)

    def want(self, address: str, password: str = PASSWORD) -> bool:
        with self.people.unit() as uow:
            person, session = uow.get(User, self.user.id), uow.get(Session, self.session.id)
            return credentials.request_email_change(uow, person, address, password, session=session)

    def type_code(self, code: str) -> bool:
        with self.people.unit() as uow:
            person, session = uow.get(User, self.user.id), uow.get(Session, self.session.id)
            return verification.prove_own_by_code(uow, person, code, session=session)

    @property
    def address(self) -> str:
        with self.people.unit() as uow:
            return users.primary_email(uow, self.user.id).address

    @property
    def sessions(self) -> list[Any]:
        with self.people.unit() as uow:
            return [row.id for row in grants.list_sessions(uow, self.user.id)]


@pytest.fixture
def ada(people: People) -> SignedIn:
    return SignedIn(people)


def follow(people: People, token: str, session: Session | None = None) -> Proven | Refusal:
    with people.unit() as uow:
        kept = None if session is None else uow.get(Session, session.id)
        return verification.prove_by_link(uow, token, browser=None, session=kept)


def test_another_password_ends_every_session_but_this_one(people: People, post: Post, ada: SignedIn) -> None:
    assert ada.change_password(PASSWORD, NEW)
    assert ada.sessions == [ada.session.id]
    assert post.last(EMAIL).subject.endswith("password was changed")
    with people.unit() as uow:
        assert passwords.verify(uow, uow.get(User, ada.user.id), NEW)


def test_a_wrong_password_changes_nothing_and_counts(people: People, post: Post, ada: SignedIn) -> None:
    for _ in range(5):
        assert not ada.change_password("wrong", NEW)
    with pytest.raises(Throttled):
        ada.change_password(PASSWORD, NEW)
    assert len(ada.sessions) == 2


def test_a_new_password_that_will_not_do_counts_as_no_attempt(people: People, ada: SignedIn) -> None:
    for _ in range(7):
        with pytest.raises(PasswordUnacceptable):
            ada.change_password(PASSWORD, "short")
    with people.unit() as uow:
        assert uow.session.scalars(select(LoginThrottle)).all() == []
    assert ada.change_password(PASSWORD, NEW)


def test_another_address_is_proven_first_and_the_old_one_hears_of_it_twice(
    people: People, post: Post, ada: SignedIn
) -> None:
    assert ada.want(WANTED)
    assert ada.address == EMAIL
    assert ada.type_code(post.code(WANTED))
    assert ada.address == WANTED
    assert ada.sessions == [ada.session.id]
    post.deliver()
    assert [WANTED in mail.text for mail in post.mails(EMAIL)][-2:] == [True, True]


def test_a_link_from_the_new_address_works_anywhere_and_keeps_the_session_that_opened_it(
    people: People, post: Post, ada: SignedIn
) -> None:
    ada.want(WANTED)
    assert isinstance(follow(people, post.token(WANTED), ada.session), Proven)
    assert ada.sessions == [ada.session.id]
    ada.want("ada@third.example")
    assert isinstance(follow(people, post.token("ada@third.example")), Proven)
    assert ada.sessions == []


def test_somebody_elses_session_is_not_kept(people: People, post: Post, ada: SignedIn) -> None:
    eve = SignedIn(people, "eve@example.com")
    ada.want(WANTED)
    assert isinstance(follow(people, post.token(WANTED), eve.session), Proven)
    assert ada.sessions == []
    assert len(eve.sessions) == 2


def test_a_wrong_password_asks_for_nothing(people: People, post: Post, ada: SignedIn) -> None:
    assert not ada.want(WANTED, "wrong")
    post.deliver()
    assert post.mails(WANTED) == []


@pytest.mark.parametrize("address", ["", "ada", "a@b@c.example", "ada@new.example\n", "ada@new.example, eve@x.example"])
def test_what_is_no_address_is_refused_before_the_password_is_looked_at(
    people: People, ada: SignedIn, address: str
) -> None:
    if address.strip() == WANTED:
        assert ada.want(address)
        return
    with pytest.raises(EmailInvalid):
        ada.want(address)


def test_an_address_that_is_somebodys_looks_the_same_and_only_they_hear_it(
    people: People, post: Post, ada: SignedIn
) -> None:
    people.user(email=WANTED)
    assert ada.want(WANTED)
    assert "already have an account" in post.last(WANTED).subject
    assert post.last(WANTED).links("token=") == []


def test_an_address_that_was_taken_meanwhile_stays_taken(people: People, post: Post, ada: SignedIn) -> None:
    ada.want(WANTED)
    token = post.token(WANTED)
    people.user(email=WANTED)
    assert follow(people, token) is Refusal.LINK_IS_OVER
    assert ada.address == EMAIL


def test_only_the_last_address_that_was_asked_for_is_to_be_had(people: People, post: Post, ada: SignedIn) -> None:
    ada.want(WANTED)
    token = post.token(WANTED)
    ada.want("ada@third.example")
    post.deliver()
    assert follow(people, token) is Refusal.LINK_IS_OVER
    assert ada.type_code(post.code("ada@third.example"))


def test_another_spelling_of_the_same_address_is_no_collision(people: People, post: Post, ada: SignedIn) -> None:
    ada.want("Ada@example.com")
    assert ada.type_code(post.code("Ada@example.com"))
    assert ada.address == "Ada@example.com"


def test_the_new_name_is_not_blocked_by_guesses_at_it(people: People, post: Post, ada: SignedIn) -> None:
    from idp.authn import throttle

    for _ in range(5):
        with people.unit() as uow:
            throttle.reserve(uow, WANTED)
    ada.want(WANTED)
    assert ada.type_code(post.code(WANTED))
    with people.unit() as uow:
        assert throttle.reserve(uow, WANTED) == 1


def test_the_address_one_has_is_proven_once(people: People, post: Post, ada: SignedIn) -> None:
    with people.unit() as uow:
        users.primary_email(uow, ada.user.id).verified_at = None
        verification.ask_for_own(uow, ada.user.id)
    assert isinstance(follow(people, post.token(EMAIL)), Proven)
    sent = len(post.mails(EMAIL))
    with people.unit() as uow:
        assert users.primary_email(uow, ada.user.id).verified_at is not None
        verification.ask_for_own(uow, ada.user.id)
    post.deliver()
    assert len(post.mails(EMAIL)) == sent
    with people.unit() as uow:
        assert uow.session.scalars(select(Event.type).where(Event.type == EventType.EMAIL_VERIFIED)).all()


def test_a_disabled_person_proves_nothing(people: People, post: Post, ada: SignedIn) -> None:
    ada.want(WANTED)
    token = post.token(WANTED)
    with people.unit() as uow:
        uow.execute(update(User).values(disabled_at=uow.now))
    assert follow(people, token) is Refusal.LINK_IS_OVER
    assert ada.address == EMAIL


def test_a_code_ends_after_ten_minutes_and_a_link_after_a_day(people: People, post: Post, ada: SignedIn) -> None:
    ada.want(WANTED)
    code, token = post.code(WANTED), post.token(WANTED)
    pass_time(people, minutes=11)
    assert not ada.type_code(code)
    pass_time(people, hours=24)
    assert follow(people, token) is Refusal.LINK_IS_OVER
