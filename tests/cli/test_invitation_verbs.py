import pytest

from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal
from tests.factories import People
from tests.post import Post

EMAIL = "grace@example.com"


def test_an_invitation_is_mailed_listed_and_taken_back(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    at = ("--tenant", tenant.slug)
    made = idp.json("user", "invite", *at, "--email", EMAIL, "--role", "admin", "--role", "member")
    assert (made["email"], made["roles"]) == (EMAIL, ["admin", "member"])
    assert "/signup?invitation=idp_ot_" in Post(wiring, tenant).link(EMAIL, "invitation=")
    assert [row["id"] for row in idp.json("invitation", "list", *at)] == [made["id"]]
    assert idp("invitation", "revoke", *at, made["id"]).stdout == f"{EMAIL} is not invited any more.\n"
    assert idp.json("invitation", "list", *at) == []
    assert idp.sentence("invitation", "revoke", *at, made["id"]).startswith("There is no open invitation")


def test_an_invitation_without_a_role_makes_a_member(idp: Terminal, tenant: Tenant) -> None:
    assert idp.json("user", "invite", "--tenant", tenant.slug, "--email", EMAIL)["roles"] == ["member"]


def test_a_newer_invitation_of_an_address_takes_the_place_of_the_older(idp: Terminal, tenant: Tenant) -> None:
    at = ("--tenant", tenant.slug)
    idp.json("user", "invite", *at, "--email", EMAIL)
    newer = idp.json("user", "invite", *at, "--email", EMAIL.upper())
    assert [row["id"] for row in idp.json("invitation", "list", *at)] == [newer["id"]]


@pytest.mark.parametrize(
    "email", ["", "grace", "a b@example.com", "x" * 300 + "@example.com", "a@b@example.com", "\udcff@x.io"]
)
def test_what_is_no_address_is_not_invited(idp: Terminal, tenant: Tenant, email: str) -> None:
    assert idp.sentence("user", "invite", "--tenant", tenant.slug, "--email", email).startswith("This is not an email")
    assert idp.json("invitation", "list", "--tenant", tenant.slug) == []


def test_what_is_wrong_with_an_invitation_is_said_in_a_sentence(
    idp: Terminal, tenant: Tenant, other_tenant: Tenant
) -> None:
    at, made = ("--tenant", tenant.slug), idp.json("user", "invite", "--tenant", tenant.slug, "--email", EMAIL)
    assert "no role 'emperor'" in idp.sentence("user", "invite", *at, "--email", EMAIL, "--role", "emperor")
    assert "no tenant 'nowhere'" in idp.sentence("user", "invite", "--tenant", "nowhere", "--email", EMAIL)
    assert "--email" in idp("user", "invite", *at).stderr
    assert "not a valid UUID" in idp.sentence("invitation", "revoke", *at, "first")
    elsewhere = ("--tenant", other_tenant.slug)
    assert idp.json("invitation", "list", *elsewhere) == []
    assert idp.sentence("invitation", "revoke", *elsewhere, made["id"]).startswith("There is no open invitation")
    idp.json("tenant", "set", tenant.slug, "registration=closed")
    assert "is closed" in idp.sentence("user", "invite", *at, "--email", "new@example.com")


def test_somebody_who_is_here_already_may_be_invited_to_more(idp: Terminal, people: People, tenant: Tenant) -> None:
    people.user(email=EMAIL)
    assert idp.json("user", "invite", "--tenant", tenant.slug, "--email", EMAIL, "--role", "owner")["email"] == EMAIL


def test_an_invitation_is_sent_again(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    at, made = ("--tenant", tenant.slug), idp.json("user", "invite", "--tenant", tenant.slug, "--email", EMAIL)
    before = Post(wiring, tenant).link(EMAIL, "invitation=")
    assert idp("invitation", "resend", *at, made["id"]).stdout.startswith(f"{EMAIL} gets another invitation")
    assert Post(wiring, tenant).link(EMAIL, "invitation=") != before
    (again,) = idp.json("invitation", "list", *at)
    assert (again["id"] != made["id"], again["roles"]) == (True, ["member"])
    assert idp.sentence("invitation", "resend", *at, made["id"]).startswith("There is no open invitation")
