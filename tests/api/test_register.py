"""``register`` and ``verify-email``: nobody learns who has an account, nobody is one unproven (R26, R33)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts import invitations
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.api.application import EMAIL, Application, pointers, refused
from tests.api.conftest import make_application
from tests.factories import PASSWORD, People, make_tenant
from tests.moments import pass_time
from tests.post import Post

NEW = "ida@example.com"


def sign_up(application: Application, email: str = NEW, **values: Any) -> Any:
    return application.post("register", email=email, password=PASSWORD, **values)


def count_users(people: People) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).select_from(User)) or 0


def test_a_code_makes_the_account_and_signs_in(newcomers: People, signup: Application, post: Post) -> None:
    begun = sign_up(signup, given_name="Ida", locale="de")
    assert (begun.status_code, begun.json["next"]) == (202, "verify-email")
    assert count_users(newcomers) == 0
    code = post.code(NEW)
    done = signup.post("verify-email", transaction=begun.json["transaction"], code=code, scope="openid email")
    assert (done.status_code, done.json["scope"]) == (200, "openid email")
    signup.tokens = done.json
    me = signup.call("GET", "me").json
    assert (me["email"], me["email_verified"], me["given_name"], me["roles"]) == (NEW, True, "Ida", ["member"])
    again = signup.post("verify-email", transaction=begun.json["transaction"], code=code)
    assert refused(again, "flow-expired", 410)


def test_every_address_gets_the_same_answer(newcomers: People, signup: Application, post: Post) -> None:
    """R26: a known address too, and its proof never completes."""
    newcomers.user()
    known, unknown = sign_up(signup, EMAIL), sign_up(signup, NEW)
    assert (known.status_code, known.json.keys()) == (unknown.status_code, unknown.json.keys())
    for name in ("status", "next", "expires_in"):
        assert known.json[name] == unknown.json[name]
    assert len(known.json["transaction"]) == len(unknown.json["transaction"])
    assert post.last(EMAIL).subject != post.last(NEW).subject
    guess = signup.post("verify-email", transaction=known.json["transaction"], code="00000000")
    assert refused(guess, "code-mismatch", 422)


def test_five_guesses_are_all_there_are(signup: Application, post: Post) -> None:
    begun = sign_up(signup).json
    right = post.code(NEW)
    wrong = f"{(int(right) + 1) % 10**8:08}"
    for _ in range(5):
        assert refused(signup.post("verify-email", transaction=begun["transaction"], code=wrong), "code-mismatch", 422)
    assert refused(signup.post("verify-email", transaction=begun["transaction"], code=right), "code-mismatch", 422)
    again = signup.post("verify-email/resend", transaction=begun["transaction"])
    assert (again.status_code, again.json["transaction"]) == (202, begun["transaction"])
    newer = post.code(NEW)
    assert "access_token" in signup.post("verify-email", transaction=begun["transaction"], code=newer).json


def test_a_code_lives_ten_minutes(newcomers: People, signup: Application, post: Post) -> None:
    begun = sign_up(signup).json
    code = post.code(NEW)
    pass_time(newcomers, minutes=11)
    assert refused(signup.post("verify-email", transaction=begun["transaction"], code=code), "code-mismatch", 422)


def test_a_link_with_its_transaction_signs_in(signup: Application, post: Post) -> None:
    begun = sign_up(signup).json
    token = post.token(NEW)
    assert "access_token" in signup.post("verify-email", token=token, transaction=begun["transaction"]).json
    assert refused(signup.post("verify-email", token=token), "link-expired", 410)


def test_a_link_alone_wants_the_password_of_its_sign_up(newcomers: People, signup: Application, post: Post) -> None:
    sign_up(signup)
    token = post.token(NEW)
    assert refused(signup.post("verify-email", token=token), "password-needed", 422)
    wrong = signup.post("verify-email", token=token, password="something else entirely")
    assert refused(wrong, "credentials-mismatch", 401)
    assert count_users(newcomers) == 0
    assert signup.post("verify-email", token=token, password=PASSWORD).json == {"status": "verified"}
    assert signup.log_in(NEW).status_code == 200


def test_another_clients_transaction_is_nothing(app: Any, newcomers: People, signup: Application, post: Post) -> None:
    begun = sign_up(signup).json
    thief = make_application(app, newcomers)
    code = post.code(NEW)
    assert refused(thief.post("verify-email", transaction=begun["transaction"], code=code), "flow-expired", 410)
    assert refused(thief.post("verify-email/resend", transaction=begun["transaction"]), "flow-expired", 410)
    assert "access_token" in signup.post("verify-email", transaction=begun["transaction"], code=code).json


@pytest.mark.parametrize("text", ["x", "idp_tx_aaaa.bbbb", ".", "idp_tx_" + "A" * 43 + "." + "A" * 22])
def test_what_is_no_transaction_is_expired(signup: Application, text: str) -> None:
    assert refused(signup.post("verify-email", transaction=text, code="12345678"), "flow-expired", 410)


def test_a_proof_is_a_code_or_a_token(signup: Application) -> None:
    begun = sign_up(signup).json
    for body in ({}, {"code": "12345678"}, {"transaction": begun["transaction"]}):
        assert refused(signup.post("verify-email", **body), "proof-needed", 422)
    both = signup.post("verify-email", transaction=begun["transaction"], code="12345678", token="x")
    assert refused(both, "proof-needed", 422)


def test_the_policy_of_the_tenant_decides(app: Any, wiring: Wiring, application: Application) -> None:
    assert refused(sign_up(application), "registration-closed", 403)
    picky = People(wiring, make_tenant(wiring, registration="domains", registration_domains="acme.example"))
    client = make_application(app, picky)
    assert refused(sign_up(client), "registration-closed", 403)
    assert sign_up(client, "ida@acme.example").status_code == 202


def test_terms_are_agreed_to(app: Any, wiring: Wiring) -> None:
    people = People(wiring, make_tenant(wiring, registration="open", terms_version="2026-11"))
    client = make_application(app, people)
    assert refused(sign_up(client), "terms-not-accepted", 422)
    assert refused(sign_up(client, terms_accepted="true"), "body-invalid", 422)
    assert sign_up(client, terms_accepted=True).status_code == 202


def test_what_cannot_be_is_refused(signup: Application) -> None:
    assert refused(signup.post("register", password=PASSWORD), "email-invalid", 422)
    assert refused(sign_up(signup, "not an address"), "email-invalid", 422)
    short = signup.post("register", email=NEW, password="short")
    assert refused(short, "password-unacceptable", 422)
    assert pointers(short) == ["/password"]
    assert refused(sign_up(signup, website="http://plain.example"), "body-invalid", 422)


def test_an_invitation_signs_a_new_person_in_at_once(
    app: Any, wiring: Wiring, people: People, tenant: Tenant, application: Application
) -> None:
    with people.unit() as uow:
        invitations.invite(uow, NEW, roles=("admin",))
    token = Post(wiring, tenant).token(NEW, "?invitation=")
    done = application.post("register", invitation=token, password=PASSWORD, name="Ida")
    application.tokens = done.json
    me = application.call("GET", "me").json
    assert (me["email"], me["email_verified"], me["roles"], me["name"]) == (NEW, True, ["admin"], "Ida")
    assert refused(application.post("register", invitation=token, password=PASSWORD), "link-expired", 410)


def test_an_invitation_gives_a_known_person_roles_and_signs_nobody_in(
    wiring: Wiring, people: People, tenant: Tenant, application: Application
) -> None:
    people.user()
    with people.unit() as uow:
        invitations.invite(uow, EMAIL, roles=("admin",))
    token = Post(wiring, tenant).token(EMAIL, "?invitation=")
    done = application.post("register", invitation=token, password="another password that stays unused")
    assert done.json == {"status": "accepted"}
    assert application.signed_in().call("GET", "me").json["roles"] == ["admin"]


def test_invitations_are_no_mail_to_one_recipient(wiring: Wiring, app: Any) -> None:
    """Whoever is invited does not wait for the others, nor for a stranger who makes tokens up."""
    people = People(wiring, make_tenant(wiring, limit_mail_recipient="2/day"))
    application = make_application(app, people)
    for _ in range(4):
        assert refused(application.post("register", invitation="idp_ot_x", password=PASSWORD), "link-expired", 410)


def test_a_link_of_an_old_address_signs_nobody_in(newcomers: People, signup: Application, post: Post) -> None:
    newcomers.user()
    with newcomers.unit() as uow:
        users.primary_email(uow, users.get_by_email(uow, EMAIL).id).verified_at = None
    begun = signup.log_in().json
    assert signup.post("verify-email", token=post.token(EMAIL)).json == {"status": "verified"}
    assert refused(signup.post("verify-email", token="idp_ot_x", transaction=begun["transaction"]), "link-expired", 410)
