"""What happened to an account is told to its owner, once, with a link that takes it back (R34, R36, R38)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from idp.accounts import credentials, leaving, notices, recovery
from idp.accounts.letters import Letter
from idp.actor import Actor, ActorKind
from idp.authn import attempts, devices, passwords, sessions
from idp.authn.models import Device, LoginThrottle, OneTimeToken
from idp.authn.throttle import LOCKED_AT
from idp.db.unit import UnitOfWork
from idp.events.models import OutboxMessage
from idp.events.types import EventType
from idp.federation import connections, identities
from idp.oauth import grants
from idp.users import service as users
from idp.users.models import User
from tests.factories import PASSWORD, People
from tests.post import Mail, Post
from tests.upstream_rows import profile

EMAIL = "ada@example.com"
NEW = "another battery staple horse"


def change_password(uow: UnitOfWork, ada: User) -> None:
    passwords.set_password(uow, ada, NEW, how=EventType.PASSWORD_CHANGED)


def reset_password(uow: UnitOfWork, ada: User) -> None:
    passwords.remove(uow, ada)
    passwords.set_password(uow, ada, NEW, how=EventType.PASSWORD_RESET)


def set_password(uow: UnitOfWork, ada: User) -> None:
    passwords.set_password(uow, ada, NEW)


def ask_for_another_address(uow: UnitOfWork, ada: User) -> None:
    session, _ = sessions.start(uow, ada.id, ["pwd"], replaces=None)
    assert credentials.request_email_change(uow, ada, "ada@new.example", PASSWORD, session=session)


def change_address(uow: UnitOfWork, ada: User) -> None:
    users.change_email(uow, ada, "ada@new.example")


def link_an_account(uow: UnitOfWork, ada: User) -> None:
    connection = connections.create(uow, name="github", kind="github", client_id="us", client_secret="secret")
    identities.link(uow, ada, connection, profile())


def unlink_an_account(uow: UnitOfWork, ada: User) -> None:
    connection = connections.create(uow, name="github", kind="github", client_id="us", client_secret="secret")
    identities.unlink(uow, ada, identities.link(uow, ada, connection, profile(), at_creation=True).id)


def sign_in_from_two_devices(uow: UnitOfWork, ada: User) -> None:
    session, _ = sessions.start(uow, ada.id, ["pwd"], replaces=None)
    uow.flush()
    for device in (b"laptop", b"laptop", b"phone", b"phone"):
        devices.remember(uow, session, device)


def guess_until_it_is_blocked(uow: UnitOfWork, ada: User) -> None:
    attempts.try_password(uow, EMAIL, ada, "wrong")
    with UnitOfWork(uow.engine, uow.tenant, uow.actor, uow.master_keys) as other:
        other.execute(update(LoginThrottle).values(failures=LOCKED_AT - 1))
    assert not attempts.try_password(uow, EMAIL, ada, "wrong")


def ask_to_be_deleted(uow: UnitOfWork, ada: User) -> None:
    leaving.request_deletion(uow, ada)
    leaving.request_deletion(uow, ada)


ACTS = (
    change_password,
    reset_password,
    set_password,
    ask_for_another_address,
    change_address,
    link_an_account,
    unlink_an_account,
    sign_in_from_two_devices,
    guess_until_it_is_blocked,
    ask_to_be_deleted,
)
Act = Callable[[UnitOfWork, User], None]
WITHOUT_SIGNING_IN = tuple(act for act in ACTS if act not in {ask_for_another_address, ask_to_be_deleted})


def each(acts: tuple[Act, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("act", acts, ids=lambda act: act.__name__.replace("_", " "))


@pytest.fixture
def ada(people: People, post: Post) -> User:
    user = people.user(roles=("member",))
    post.deliver()
    return user


def told(people: People, post: Post, ada: User, act: Act) -> list[Mail]:
    """The mails to her old address because of `act`."""
    before = len(post.mails(EMAIL))
    somewhere = Actor(ActorKind.ANONYMOUS, ip="198.51.100.7", user_agent="Mozilla/5.0 Firefox/140.0")
    with people.wiring.tenant_unit(people.tenant, somewhere) as uow:
        act(uow, uow.get(User, ada.id))
    post.deliver()
    return post.mails(EMAIL)[before:]


def not_me(mail: Mail) -> str:
    (link,) = mail.links("/not-me?token=")
    return link.partition("=")[2]


def disown(people: People, token: str) -> User | None:
    with people.unit() as uow:
        return notices.disown(uow, token)


@each(ACTS)
def test_each_act_is_one_mail_that_says_from_where_and_takes_the_account_back(
    people: People, post: Post, ada: User, act: Act
) -> None:
    (mail,) = told(people, post, ada, act)
    assert "198.51.100.7" in mail.text
    token = not_me(mail)
    with people.unit() as uow:
        assert notices.find_disowner(uow, token) is not None
    assert disown(people, token) is not None
    assert disown(people, token) is None
    with people.unit() as uow:
        again = uow.get(User, ada.id)
        assert users.primary_email(uow, ada.id).address == EMAIL
        assert again.deletes_at is None
        assert not passwords.verify(uow, again, PASSWORD)
        assert not passwords.verify(uow, again, NEW)
        assert grants.list_sessions(uow, ada.id) == []
        assert identities.list_of(uow, ada.id) == []
        assert uow.session.scalars(select(Device)).all() == []
    recovery_link = post.token(EMAIL, "reset-password?token=")
    with people.unit() as uow:
        assert recovery.reset(uow, recovery_link, "a third battery staple horse") is not None


@each(WITHOUT_SIGNING_IN)
def test_a_disabled_person_is_told_nothing(people: People, post: Post, ada: User, act: Act) -> None:
    with people.unit() as uow:
        users.disable(uow, uow.get(User, ada.id))
    assert told(people, post, ada, act) == []


def test_a_first_password_and_a_first_device_are_no_news(people: People, post: Post, ada: User) -> None:
    def first(uow: UnitOfWork, _: User) -> None:
        session, _secret = sessions.start(uow, ada.id, ["pwd"], replaces=None)
        uow.flush()
        devices.remember(uow, session, b"laptop")

    assert told(people, post, ada, first) == []
    assert [mail.subject for mail in post.mails(EMAIL)] == [f"Your {people.tenant.name} account"]


def test_guesses_at_a_name_that_nobody_has_are_told_to_nobody(people: People, post: Post) -> None:
    with people.unit() as uow:
        attempts.try_password(uow, EMAIL, None, "wrong")
    with people.unit() as uow:
        uow.execute(update(LoginThrottle).values(failures=LOCKED_AT - 1))
    with people.unit() as uow:
        attempts.try_password(uow, EMAIL, None, "wrong")
        uow.flush()
        asked = select(OutboxMessage).where(OutboxMessage.kind == Letter.LOGIN_BLOCKED)
        assert len(uow.session.scalars(asked).all()) == 1
    post.deliver()
    assert post.mails() == []


def test_a_thief_who_changed_the_address_is_out_for_good(people: People, post: Post, ada: User) -> None:
    """The thief, too, was sent links that take an account back: none of them works after the owner has it again."""

    def steal(uow: UnitOfWork, person: User) -> None:
        users.change_email(uow, person, "thief@example.com")

    def settle_in(uow: UnitOfWork, person: User) -> None:
        passwords.set_password(uow, person, NEW, how=EventType.PASSWORD_CHANGED)

    (mail,) = told(people, post, ada, steal)
    told(people, post, ada, settle_in)
    thiefs = post.mails("thief@example.com")
    assert disown(people, not_me(mail)) is not None
    post.deliver()
    assert post.mails("thief@example.com") == thiefs
    assert disown(people, not_me(thiefs[-1])) is None
    with people.unit() as uow:
        assert users.primary_email(uow, ada.id).address == EMAIL


def test_an_address_that_somebody_else_proved_meanwhile_is_not_given_back_and_no_thief_gets_a_link(
    people: People, post: Post, ada: User
) -> None:
    def steal(uow: UnitOfWork, person: User) -> None:
        users.change_email(uow, person, "thief@example.com")

    (mail,) = told(people, post, ada, steal)
    people.user(email=EMAIL)
    assert disown(people, not_me(mail)) is not None
    post.deliver()
    assert [link for mail in post.mails() for link in mail.links("reset-password")] == []
    with people.unit() as uow:
        assert not passwords.verify(uow, uow.get(User, ada.id), PASSWORD)
        recovery.request(uow, "thief@example.com")
    post.deliver()
    assert [link for mail in post.mails() for link in mail.links("reset-password")] == [], "nor by asking for one"


def test_a_notice_that_is_written_twice_is_one_mail(people: People, post: Post, ada: User) -> None:
    assert len(told(people, post, ada, guess_until_it_is_blocked)) == 1
    with people.unit() as uow:
        asked = uow.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "account.login-blocked")).one()
        notices.write_login_blocked(uow, asked.id, **asked.payload)
    assert len([mail for mail in post.mails(EMAIL) if "blocked" in mail.subject]) == 1
    with people.unit() as uow:
        assert len(uow.session.scalars(select(OneTimeToken)).all()) == 1
