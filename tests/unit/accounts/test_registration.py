"""Signing up: nobody is a user before the address is proven, and nobody learns whose it is (R26, R32, R33)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts import registration, verification
from idp.accounts.errors import RegistrationClosed, TermsNotAccepted
from idp.accounts.models import Registration
from idp.accounts.verification import Proven, Refusal
from idp.authn import passwords, throttle
from idp.authn.errors import PasswordUnacceptable, Throttled
from idp.events.models import OutboxMessage
from idp.rbac import service as rbac
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.errors import EmailInvalid, ProfileInvalid
from idp.wiring import Wiring
from tests import factories
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.unit.accounts.newcomers import EMAIL, Newcomer, person


def test_a_proven_address_makes_a_member_who_is_signed_in(people: People, post: Post) -> None:
    grace = Newcomer(people)
    grace.sign_up(given_name="Grace", address={"country": "UK"})
    assert person(people) is None
    assert grace.type_code(post.code(EMAIL))
    user = person(people)
    assert user is not None
    assert grace.transaction().user_id == user.id
    with people.unit() as uow:
        assert user.profile.given_name == "Grace"
        assert rbac.names_of(uow, user.id) == ["member"]
        assert users.primary_email(uow, user.id).verified_at is not None
        assert passwords.verify(uow, user, PASSWORD)


def test_a_link_in_the_browser_that_signed_up_needs_no_password_and_goes_on_with_its_login(
    people: People, post: Post
) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    proven = grace.follow(post.token(EMAIL))
    assert isinstance(proven, Proven)
    assert proven.transaction is not None
    assert proven.transaction.id == grace.login_id


def test_a_link_in_another_browser_wants_the_password_and_signs_nobody_in(people: People, post: Post) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    token = post.token(EMAIL)
    for browser in (None, "idp_br_another"):
        with people.unit() as uow:
            offer = verification.look(uow, token, browser)
        assert offer is not None
        assert offer.needs_password
        assert grace.follow(token, browser=browser) is Refusal.PASSWORD_MISMATCH
        assert grace.follow(token, browser=browser, password="wrong") is Refusal.PASSWORD_MISMATCH
    proven = grace.follow(token, browser=None, password=PASSWORD)
    assert isinstance(proven, Proven)
    assert proven.transaction is None


def test_the_password_beside_a_link_cannot_be_guessed_for_long(people: People, post: Post) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    token = post.token(EMAIL)
    for number in range(5):
        assert grace.follow(token, browser=None, password=f"guess {number}") is Refusal.PASSWORD_MISMATCH
    with pytest.raises(Throttled):
        grace.follow(token, browser=None, password=PASSWORD)


def test_an_address_that_has_an_account_looks_the_same_and_its_owner_hears_of_it(people: People, post: Post) -> None:
    owner = people.user(email=EMAIL)
    stranger = Newcomer(people, password="another battery staple horse")
    stranger.sign_up()
    mail = post.last(EMAIL)
    assert "already have an account" in mail.subject
    assert mail.links("token") == []
    with people.unit() as uow:
        assert passwords.verify(uow, owner, PASSWORD)
        assert not passwords.verify(uow, owner, "another battery staple horse")


def test_a_request_does_the_same_whether_or_not_the_address_is_known(people: People) -> None:
    people.user(email=EMAIL)
    for email in (EMAIL, "nobody@example.com"):
        Newcomer(people, email).sign_up()
    with people.unit() as uow:
        asked = select(OutboxMessage.kind, func.count()).where(OutboxMessage.kind == "account.register")
        assert uow.session.execute(asked.group_by(OutboxMessage.kind)).all() == [("account.register", 2)]
        assert uow.session.scalar(select(func.count()).select_from(Registration)) == 2


def test_whoever_proves_an_address_first_has_it(people: People, post: Post) -> None:
    one, two = Newcomer(people), Newcomer(people, password="another battery staple horse")
    one.sign_up()
    first = post.token(EMAIL)
    two.sign_up()
    second = post.token(EMAIL)
    assert isinstance(two.follow(second), Proven)
    assert one.follow(first) is Refusal.LINK_IS_OVER
    user = person(people)
    with people.unit() as uow:
        assert passwords.verify(uow, user, "another battery staple horse")


def test_an_address_that_was_taken_between_sign_up_and_proof_stays_taken(people: People, post: Post) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    code = post.code(EMAIL)
    owner = people.user(email=EMAIL.upper())
    assert not grace.type_code(code)
    assert person(people).id == owner.id


def test_sign_ups_that_were_closed_meanwhile_come_to_nothing(people: People, post: Post, wiring: Wiring) -> None:
    from idp.tenants import service as tenants

    grace = Newcomer(people)
    grace.sign_up()
    token = post.token(EMAIL)
    with wiring.platform_unit() as platform:
        people.tenant = tenants.update(
            platform, tenants.get(platform, people.tenant.slug), {"registration": "invitation"}
        )
    assert grace.follow(token) is Refusal.LINK_IS_OVER
    assert person(people) is None


@pytest.mark.parametrize("later", [{"hours": 25}, {"days": 400}])
def test_a_link_ends_after_a_day_and_a_code_after_ten_minutes(
    people: People, post: Post, later: dict[str, float]
) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    token, code = post.token(EMAIL), post.code(EMAIL)
    pass_time(people, minutes=11)
    assert not grace.type_code(code)
    pass_time(people, **later)
    assert grace.follow(token) is Refusal.LINK_IS_OVER


def test_asking_again_makes_the_earlier_mail_worthless(people: People, post: Post) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    token, code = post.token(EMAIL), post.code(EMAIL)
    with people.unit() as uow:
        assert verification.ask_again(uow, grace.transaction()) == EMAIL
    newer = post.code(EMAIL)
    assert len(post.mails(EMAIL)) == 2
    assert grace.follow(token) is Refusal.LINK_IS_OVER
    assert code == newer or not grace.type_code(code)
    assert grace.type_code(newer)


def test_another_browsers_flow_cannot_use_the_code(people: People, post: Post) -> None:
    grace, mallory = Newcomer(people), Newcomer(people, "mallory@example.com")
    grace.sign_up()
    mallory.sign_up()
    code = post.code(EMAIL)
    assert code == post.code("mallory@example.com") or not mallory.type_code(code)
    assert person(people) is None
    assert grace.type_code(code)


def test_whoever_guessed_at_an_address_before_does_not_keep_its_owner_out(people: People, post: Post) -> None:
    for _ in range(5):
        with people.unit() as uow:
            throttle.reserve(uow, EMAIL)
    grace = Newcomer(people)
    grace.sign_up()
    assert grace.type_code(post.code(EMAIL))
    with people.unit() as uow:
        assert throttle.reserve(uow, EMAIL) == 1


@pytest.mark.parametrize("policy", ["closed", "invitation"])
def test_a_tenant_that_takes_no_sign_ups_says_so_to_everybody(wiring: Wiring, policy: str) -> None:
    people = People(wiring, factories.make_tenant(wiring, registration=policy))
    people.user(email=EMAIL)
    sentences = set()
    for email in (EMAIL, "nobody@example.com"):
        with pytest.raises(RegistrationClosed) as refused:
            Newcomer(people, email).sign_up()
        sentences.add(refused.value.detail)
    assert len(sentences) == 1


@pytest.mark.parametrize(
    ("email", "taken"),
    [
        ("grace@acme.example", True),
        ("grace@ACME.example", True),
        ("grace@bücher.example", True),
        ("grace@xn--bcher-kva.example", True),
        ("grace@evil.acme.example", False),
        ("grace@acme.example.evil.example", False),
        ("grace@strasse.example", True),
        ("grace@straße.example", False),
        ('"grace@acme.example"@evil.example', False),
    ],
)
def test_only_addresses_of_the_listed_domains_may_sign_up(wiring: Wiring, email: str, taken: bool) -> None:
    domains = "acme.example, bücher.example strasse.example"
    people = People(wiring, factories.make_tenant(wiring, registration="domains", registration_domains=domains))
    if taken:
        Newcomer(people, email).sign_up()
    else:
        with pytest.raises((RegistrationClosed, EmailInvalid)):
            Newcomer(people, email).sign_up()


def test_terms_are_agreed_to_in_the_version_that_there_is(wiring: Wiring, tenant: Tenant) -> None:
    people = People(wiring, factories.make_tenant(wiring, registration="open", terms_version="2026-11"))
    grace = Newcomer(people)
    with pytest.raises(TermsNotAccepted):
        grace.sign_up(terms_accepted=False)
    grace.sign_up()
    assert grace.type_code(Post(wiring, people.tenant).code(EMAIL))
    user = person(people)
    assert (user.terms_version, user.terms_accepted_at is not None) == ("2026-11", True)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"email": "grace"}, EmailInvalid),
        ({"email": "\ud800@example.com"}, EmailInvalid),
        ({"email": "g\x00@example.com"}, EmailInvalid),
        ({"password": "short"}, PasswordUnacceptable),
        ({"password": EMAIL + EMAIL}, PasswordUnacceptable),
        ({"password": "\ud800" * 20}, PasswordUnacceptable),
        ({"profile": {"name": "a\x00b"}}, ProfileInvalid),
        ({"profile": {"is_admin": "yes"}}, ProfileInvalid),
        ({"profile": {"name": ["a"]}}, ProfileInvalid),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    people: People, changes: dict[str, Any], error: type[Exception]
) -> None:
    grace = Newcomer(people, changes.get("email", EMAIL), changes.get("password", PASSWORD))
    with pytest.raises(error):
        grace.sign_up(**changes.get("profile", {}))
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(Registration)) == 0


def test_a_registration_that_is_over_is_not_completed_twice(people: People, post: Post) -> None:
    grace = Newcomer(people)
    grace.sign_up()
    assert grace.type_code(post.code(EMAIL))
    with people.unit() as uow:
        row = uow.session.scalars(select(Registration)).one()
        assert registration.complete(uow, row.id) is None
        assert registration.find_pending(uow, grace.login_id) is None
    assert not grace.type_code(post.code(EMAIL))
