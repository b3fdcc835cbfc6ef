"""Thieves and owners of one account: what a thief began ends with the owner's word, and never the other way round."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from idp.accounts import leaving, notices, verification
from idp.accounts.models import Registration
from idp.authn import login, one_time_tokens, passwords, throttle
from idp.authn.assurance import Method
from idp.authn.login import Stage
from idp.authn.one_time_tokens import Purpose
from idp.crypto.secrets import new_secret
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.oauth.models import AuthorizationRequest
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.browser import Browser
from tests.factories import PASSWORD, People, make_tenant
from tests.post import Post
from tests.unit.accounts.newcomers import Newcomer
from tests.web.account.visitor import Visitor

EMAIL, THIEF, NEW = "ada@example.com", "thief@example.com", "another battery staple horse"


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    return Post(wiring, people.tenant)


def test_a_thief_cannot_disown_the_owner(people: People, post: Post) -> None:
    """The thief moves the account to their mailbox, and then says “this was not me” by a notice that went there."""
    ada = people.user()
    with people.unit() as uow:
        users.change_email(uow, uow.get(User, ada.id), THIEF)
    with people.unit() as uow:
        passwords.set_password(uow, uow.get(User, ada.id), NEW, how=EventType.PASSWORD_CHANGED)
    owners, thiefs = post.token(EMAIL, "/not-me?token="), post.token(THIEF, "/not-me?token=")
    with people.unit() as uow:
        assert notices.disown(uow, thiefs) is not None
    post.deliver()
    with people.unit() as uow:
        assert notices.disown(uow, owners) is not None
        assert users.primary_email(uow, ada.id).address == EMAIL


ENDINGS: dict[str, Callable[[UnitOfWork, User], object]] = {
    "another password": lambda uow, ada: passwords.set_password(uow, ada, NEW, how=EventType.PASSWORD_CHANGED),
    "another address": lambda uow, ada: users.change_email(uow, ada, "ada@new.example"),
    "disabling": users.disable,
    "disowning": lambda uow, ada: events.record(uow, EventType.USER_DISOWNED, ada),
    "leaving": leaving.request_deletion,
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_a_half_finished_sign_in_ends_with_what_it_was_begun_with(
    people: People, end: Callable[[UnitOfWork, User], object]
) -> None:
    """A thief with the old password waits for the proof of an address, which the owner then gives elsewhere."""
    ada, browser = people.user(), new_secret("br")
    with people.unit() as uow:
        transaction = login.begin(uow, browser)
        uow.flush()
        assert login.submit_password(uow, transaction, EMAIL, PASSWORD)
    with people.unit() as uow:
        end(uow, uow.get(User, ada.id))
    with people.unit() as uow:
        assert login.advance(uow, login.get(uow, transaction.id, browser)) is Stage.PASSWORD


def test_somebody_elses_factors_do_not_count(people: People) -> None:
    ada, eve = people.user(), people.user(email="eve@example.com")
    with people.unit() as uow:
        transaction = login.begin(uow, new_secret("br"))
        login.prove(transaction, ada.id, Method.PASSWORD)
        transaction.methods = ["otp", "pwd"]
        login.prove(transaction, eve.id, Method.PASSWORD)
        assert transaction.methods == ["pwd"]


def test_a_mailed_code_is_no_sign_in(people: People, browser: Browser, post: Post) -> None:
    """prompt=login wants the password: a code of the account page, which proves a mailbox, does not stand for it."""
    ada = people.user()
    client, _ = people.client()
    visitor = Visitor(browser)
    with people.unit() as uow:
        users.primary_email(uow, ada.id).verified_at = None
    page = browser.authorize(client, prompt="login")
    assert "Sign in to" in page.text
    visitor.done("email", action="send")
    visitor.done("email", action="prove", code=post.code(EMAIL))
    with people.unit() as uow:
        (flow,) = uow.session.scalars(select(AuthorizationRequest.id)).all()
    again = browser.follow(browser.get(browser.url(f"/oauth/authorize/resume?flow={flow}")))
    assert again.status_code == 200, "no code for the client"
    assert "Sign in to" in again.text


def test_an_address_that_turned_out_to_be_somebody_elses_keeps_its_count(people: People) -> None:
    """R27: only whoever gets the address ends the count of wrong passwords at it."""
    ada, name = people.user(), "eve@example.com"
    with people.unit() as uow:
        issued = one_time_tokens.issue(
            uow, Purpose.CHANGE_EMAIL, ada.id, message_id=new_id(), user_id=ada.id, bound=name
        )
        assert issued is not None
    people.user(email=name)
    with people.unit() as uow:
        assert throttle.reserve(uow, name) == 1
        assert verification.prove_by_link(uow, issued.token, browser=None) is verification.Refusal.LINK_IS_OVER
    with people.unit() as uow:
        assert throttle.reserve(uow, name) == 2


def test_who_has_an_address_is_told_only_at_that_address(people: People, post: Post) -> None:
    """Two mailboxes may count as one address here, and yet be read by two people."""
    people.user(email="strasse@example.com", name="Ada Lovelace")
    eve = people.user(email="eve@example.com")
    with people.unit() as uow:
        verification.ask_for_change(uow, uow.get(User, eve.id), "straße@example.com")
    post.deliver()
    assert post.mails("straße@example.com") == []
    assert "already have an account" in post.last("strasse@example.com").text


def test_a_sign_up_that_is_done_keeps_no_hash_of_the_password(wiring: Wiring) -> None:
    """Whoever changes it later has changed it everywhere (R8)."""
    people = People(wiring, make_tenant(wiring, registration="open"))
    newcomer = Newcomer(people)
    newcomer.sign_up()
    assert newcomer.type_code(Post(wiring, people.tenant).code(newcomer.email))
    with people.unit() as uow:
        assert uow.session.scalars(select(Registration.password_hash)).all() == [""]
