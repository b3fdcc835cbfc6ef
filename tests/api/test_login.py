"""``login``: the tokens of the token endpoint, by the stage machine, the throttle and the limits of the page."""

from typing import Any

import jwt
import pytest
from sqlalchemy import func, select

from idp.authn import throttle
from idp.authn.models import LoginTransaction, Session
from idp.events.models import Event
from idp.events.types import EventType
from idp.oauth.models import Grant
from idp.users import service as users
from idp.wiring import Wiring
from tests.api.application import AGENT, EMAIL, Application, refused
from tests.api.conftest import make_application
from tests.browser import Browser
from tests.factories import API, People, make_tenant
from tests.post import Post

WRONG = "not the password at all"


def test_the_answer_is_that_of_the_token_endpoint(people: People, application: Application, browser: Browser) -> None:
    user = people.user(roles=("member",))
    tokens = application.log_in().json
    by_code = browser.tokens(*people.client(), scope="openid email offline_access")
    assert tokens.keys() == by_code.keys()
    claims, theirs = (jwt.decode(one["access_token"], options={"verify_signature": False}) for one in (tokens, by_code))
    assert claims.keys() == theirs.keys()
    assert (claims["sub"], claims["client_id"]) == (str(user.id), str(application.client.id))
    assert (claims["amr"], claims["roles"], claims["iss"]) == (["pwd"], ["member"], people.tenant.issuer)
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"


def test_it_begins_a_session_with_a_grant(people: People, application: Application) -> None:
    user = people.user()
    application.signed_in()
    with people.unit() as uow:
        session = uow.session.scalars(select(Session)).one()
        grant = uow.session.scalars(select(Grant)).one()
        assert (session.user_id, session.user_agent, session.methods) == (user.id, AGENT, ["pwd"])
        assert (grant.session_id, grant.client_id, grant.amr) == (session.id, application.client.id, ["pwd"])
        assert uow.session.scalar(select(LoginTransaction.completed_at)) is not None


def test_the_scope_is_what_is_asked_for_and_the_client_may_have(people: People, application: Application) -> None:
    people.user()
    assert application.log_in().json["scope"] == "openid profile email offline_access"
    narrowed = application.log_in(scope="email phone").json
    assert narrowed["scope"] == "email"
    assert "id_token" not in narrowed
    assert refused(application.log_in(scope="phone address"), "invalid-scope", 400)


def test_a_resource_is_the_audience(app: Any, people: People) -> None:
    people.user()
    people.resource()
    application = make_application(app, people, scope="openid notes:read")
    answer = application.log_in(scope="notes:read", resource=[API]).json
    assert jwt.decode(answer["access_token"], options={"verify_signature": False})["aud"] == API
    assert refused(application.log_in(resource=["https://elsewhere.example"]), "invalid-target", 400)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(people: People, application: Application) -> None:
    """R26."""
    people.user()
    answers = [application.log_in(email=email, password=WRONG) for email in (EMAIL, "nobody@example.com")]
    for answer in answers:
        assert refused(answer, "credentials-mismatch", 401)
        assert "WWW-Authenticate" not in answer.headers
    bodies = [{name: value for name, value in answer.json.items() if name != "request_id"} for answer in answers]
    assert bodies[0] == bodies[1]
    headers = [{name for name, _ in answer.headers} for answer in answers]
    assert headers[0] == headers[1]
    with people.unit() as uow:
        failures = select(func.count()).where(Event.type == EventType.LOGIN_FAILED)
        assert uow.session.scalar(failures) == 2


def test_a_disabled_person_is_nobody(people: People, application: Application) -> None:
    user = people.user()
    with people.unit() as uow:
        users.disable(uow, users.get_by_email(uow, EMAIL))
    assert user.disabled_at is None
    assert refused(application.log_in(), "credentials-mismatch", 401)


def test_failures_count_with_those_of_the_page(people: People, application: Application, browser: Browser) -> None:
    """R27: one counter an account, whatever the way in."""
    people.user()
    for _ in range(throttle.FREE_FAILURES):
        browser.sign_in(browser.follow(browser.get(browser.url("/login"))), password=WRONG)
    answer = application.log_in()
    assert refused(answer, "throttled", 429)
    assert int(answer.headers["Retry-After"]) >= 1


def test_too_many_from_one_address_are_refused(app: Any, wiring: Any) -> None:
    """R28: the limits of the page, and the headers that say so."""
    people = People(wiring, make_tenant(wiring, limit_sign_in_ip="2/minute"))
    application = make_application(app, people)
    answers = [application.log_in(email=f"a{number}@example.com") for number in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert refused(answers[2], "too-many-requests", 429)
    assert "Retry-After" in answers[2].headers
    assert '"sign-in-ip";r=0' in answers[2].headers["RateLimit"]
    assert '"sign-in-ip";r=1' in answers[0].headers["RateLimit"]


def test_an_unproven_address_is_the_next_step(newcomers: People, signup: Application, post: Post) -> None:
    newcomers.user()
    with newcomers.unit() as uow:
        users.primary_email(uow, users.get_by_email(uow, EMAIL).id).verified_at = None
    answer = signup.log_in()
    assert (answer.status_code, answer.json["status"], answer.json["next"]) == (200, "action_required", "verify-email")
    assert 0 < answer.json["expires_in"] <= 1800
    code = post.code(EMAIL)
    done = signup.post("verify-email", transaction=answer.json["transaction"], code=code)
    assert "access_token" in done.json
    again = signup.post("verify-email", transaction=answer.json["transaction"], code=code)
    assert refused(again, "flow-expired", 410)
    assert "access_token" in signup.log_in().json


def test_signing_in_again_and_again_is_no_way_to_fill_a_mailbox(app: Any, wiring: Wiring) -> None:
    tenant = make_tenant(wiring, sign_in_needs_verified_email="true", limit_mail_recipient="2/day")
    people = People(wiring, tenant)
    people.user()
    with people.unit() as uow:
        users.primary_email(uow, users.get_by_email(uow, EMAIL).id).verified_at = None
    application, post = make_application(app, people), Post(wiring, tenant)
    post.deliver()
    before = len(post.mails(EMAIL))
    for _ in range(4):
        assert application.log_in().json["next"] == "verify-email"
    post.deliver()
    assert len(post.mails(EMAIL)) == before + 2


def test_a_new_application_is_worth_a_notice_and_a_known_one_is_not(
    people: People, application: Application, backend: Application
) -> None:
    people.user()
    for one in (application, application, backend, backend):
        one.signed_in()
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).where(Event.type == EventType.DEVICE_ADDED)) == 1


@pytest.mark.parametrize("accepted", ["en", "de", "ar"])
def test_a_refusal_is_in_the_readers_language(people: People, application: Application, accepted: str) -> None:
    body = {"client_id": str(application.client.id), "email": EMAIL, "password": WRONG}
    answer = application.send("POST", "login", body, headers={"Accept-Language": accepted})
    assert answer.headers["Content-Language"] == accepted
    assert (accepted == "en") == (answer.json["detail"] == "That email and password don’t match.")
