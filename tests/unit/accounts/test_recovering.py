"""A forgotten password: a link to the proven address makes another, and nothing more (R33, R34)."""

import pytest
from sqlalchemy import select

from idp.accounts import recovery, verification
from idp.authn import attempts, passwords, sessions, throttle
from idp.authn.errors import PasswordUnacceptable
from idp.authn.models import OneTimeToken
from idp.events.models import OutboxMessage
from idp.oauth import grants
from idp.users import service as users
from idp.users.errors import EmailInvalid
from idp.users.models import User
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post

EMAIL = "ada@example.com"
NEW = "another battery staple horse"


def ask(people: People, email: str = EMAIL) -> None:
    with people.unit() as uow:
        recovery.request(uow, email)


def reset(people: People, token: str, password: str = NEW) -> bool:
    with people.unit() as uow:
        return recovery.reset(uow, token, password) is not None


def opens(people: People, password: str) -> bool:
    with people.unit() as uow:
        return passwords.verify(uow, users.find_by_email(uow, EMAIL), password)


def test_a_link_makes_another_password_ends_every_session_and_is_told(people: People, post: Post) -> None:
    user = people.user()
    with people.unit() as uow:
        sessions.start(uow, user.id, ["pwd"], replaces=None)
    ask(people)
    assert reset(people, post.token(EMAIL, "reset-password?token="))
    assert opens(people, NEW)
    assert not opens(people, PASSWORD)
    assert post.last(EMAIL).subject.endswith("password was changed")
    with people.unit() as uow:
        assert grants.list_sessions(uow, user.id) == []


def test_a_recovery_opens_a_blocked_account(people: People, post: Post) -> None:
    people.user()
    for _ in range(5):
        with people.unit() as uow:
            throttle.reserve(uow, EMAIL)
    ask(people)
    assert reset(people, post.token(EMAIL, "reset-password?token="))
    with people.unit() as uow:
        assert attempts.try_password(uow, EMAIL, users.find_by_email(uow, EMAIL), NEW)


@pytest.mark.parametrize("who", ["nobody", "disabled", "unproven"])
def test_nobody_who_may_not_recover_gets_a_mail_and_the_request_looks_the_same(
    people: People, post: Post, who: str
) -> None:
    if who != "nobody":
        user = people.user()
        with people.unit() as uow:
            if who == "disabled":
                users.disable(uow, uow.get(User, user.id))
            else:
                users.primary_email(uow, user.id).verified_at = None
    post.deliver()
    before = len(post.mails(EMAIL))
    ask(people)
    with people.unit() as uow:
        asked = uow.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "account.recover")).all()
        assert [message.payload for message in asked] == [{"email": EMAIL, "by_admin": False}]
    post.deliver()
    assert len(post.mails(EMAIL)) == before


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@example.com,eve@example.com", "ada@example.com\nCc: eve@example.com"]
)
def test_one_address_is_asked_for_and_nothing_else(people: People, email: str) -> None:
    with pytest.raises(EmailInvalid):
        ask(people, email)


def test_the_mail_goes_to_the_stored_spelling(people: People, post: Post) -> None:
    """A look-alike that folds to the same name must not have it mailed to itself (R34)."""
    people.user()
    ask(people, "\uff21DA@example.com")
    post.deliver()
    assert [mail.to for mail in post.mails() if "reset" in mail.text] == [EMAIL]


def test_a_used_link_opens_nothing(people: People, post: Post) -> None:
    people.user()
    ask(people)
    token = post.token(EMAIL, "reset-password?token=")
    assert reset(people, token)
    assert not reset(people, token, PASSWORD)
    assert opens(people, NEW)


def test_an_unacceptable_password_leaves_the_link_good(people: People, post: Post) -> None:
    people.user()
    ask(people)
    token = post.token(EMAIL, "reset-password?token=")
    with pytest.raises(PasswordUnacceptable):
        reset(people, token, "short")
    assert reset(people, token)


def test_a_link_lives_half_an_hour(people: People, post: Post) -> None:
    people.user()
    ask(people)
    token = post.token(EMAIL, "reset-password?token=")
    pass_time(people, minutes=31)
    assert not reset(people, token)


@pytest.mark.parametrize("meanwhile", ["disabled", "another address"])
def test_a_link_of_an_account_that_is_not_what_it_was_opens_nothing(people: People, post: Post, meanwhile: str) -> None:
    user = people.user()
    ask(people)
    token = post.token(EMAIL, "reset-password?token=")
    with people.unit() as uow:
        if meanwhile == "disabled":
            users.disable(uow, uow.get(User, user.id))
        else:
            users.change_email(uow, user, "new@example.com")
    assert not reset(people, token)


def test_an_address_that_a_thief_asked_for_is_not_to_be_had_after_a_recovery(people: People, post: Post) -> None:
    user = people.user()
    with people.unit() as uow:
        verification.ask_for_change(uow, user, "thief@example.com")
    stolen = post.token("thief@example.com")
    with people.unit() as uow:
        verification.ask_for_change(uow, user, "thief2@example.com")  # the worker has not come to this one
        recovery.request(uow, EMAIL)
        unwritten = uow.session.scalars(
            select(OutboxMessage).where(OutboxMessage.payload["address"].astext == "thief2@example.com")
        ).one()
        recovery.write_link(uow, unwritten.id, email=EMAIL, by_admin=False)
    post_token = [link for mail in post.mails(EMAIL) for link in mail.links("reset-password")][-1].partition("=")[2]
    assert reset(people, post_token)
    post.deliver()
    assert post.mails("thief2@example.com") == []
    with people.unit() as uow:
        assert verification.prove_by_link(uow, stolen, browser=None) is verification.Refusal.LINK_IS_OVER
        assert uow.session.scalar(select(OneTimeToken).where(OneTimeToken.purpose == "change-email")) is None
