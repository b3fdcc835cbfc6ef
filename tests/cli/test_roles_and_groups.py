"""Roles and groups at the terminal, and why somebody may do what they may."""

import pytest

from idp.tenants.models import Tenant
from tests.cli.conftest import Terminal
from tests.factories import People

EMAIL = "ada@example.com"


@pytest.fixture
def at(tenant: Tenant) -> tuple[str, str]:
    return ("--tenant", tenant.slug)


def test_a_role_is_made_shown_changed_listed_and_deleted(idp: Terminal, at: tuple[str, str]) -> None:
    made = idp.json("role", "create", *at, "reader", "--description", "Reads", "--permission", "users:read")
    assert (made["name"], made["permissions"], made["includes"]) == ("reader", ["users:read"], [])
    changed = idp.json("role", "update", *at, "reader", "--rename", "clerk", "--include", "member")
    assert (changed["name"], changed["permissions"], changed["includes"]) == ("clerk", ["users:read"], ["member"])
    bare = idp.json("role", "update", *at, "clerk", "--no-permissions", "--no-includes")
    assert (bare["permissions"], bare["includes"], bare["description"]) == ([], [], "Reads")
    assert idp.json("role", "show", *at, "clerk") == bare
    assert [row["name"] for row in idp.json("role", "list", *at)] == ["admin", "clerk", "member", "owner"]
    assert idp.json("role", "delete", *at, "clerk", "--yes") == {"name": "clerk", "deleted": True}
    assert idp.sentence("role", "show", *at, "clerk").startswith("There is no role 'clerk'")


def test_what_cannot_be_is_refused_in_a_sentence(idp: Terminal, at: tuple[str, str]) -> None:
    assert "built in" in idp.sentence("role", "delete", *at, "owner", "--yes")
    assert "no permission" in idp.sentence("role", "create", *at, "reader", "--permission", "users:raed")
    assert "by people, one by one" in idp.sentence("role", "create", *at, "chief", "--include", "owner")
    assert "not both" in idp.sentence("role", "update", *at, "admin", "--include", "member", "--no-includes")
    assert "--yes" in idp.sentence("role", "delete", *at, "member")
    assert idp.sentence("group", "delete", *at, "Nobody", "--yes") == "There is no group 'Nobody'."


def test_a_group_gives_its_people_its_roles(idp: Terminal, people: People, at: tuple[str, str]) -> None:
    people.user()
    made = idp.json("group", "create", *at, "Help desk", "--description", "Helps", "--role", "member")
    assert (made["name"], made["roles"]) == ("Help desk", ["member"])
    assert idp.json("group", "give-role", *at, "Help desk", "--role", "admin")["roles"] == ["admin", "member"]
    assert idp.json("group", "add-member", *at, "Help desk", EMAIL)["roles"] == ["admin", "member"]
    assert idp.json("group", "take-role", *at, "Help desk", "--role", "admin")["roles"] == ["member"]
    assert idp.json("user", "show", *at, EMAIL)["roles"] == ["member"]
    assert idp.json("group", "remove-member", *at, "Help desk", EMAIL)["roles"] == []
    assert [row["name"] for row in idp.json("group", "list", *at)] == ["Help desk"]
    assert idp.json("group", "delete", *at, "Help desk", "--yes") == {"name": "Help desk", "deleted": True}
    assert idp.json("group", "list", *at) == []


def test_what_somebody_may_do_is_explained(idp: Terminal, people: People, at: tuple[str, str]) -> None:
    people.user()
    assert idp.json("user", "permissions", *at, EMAIL) == []
    idp.json("role", "create", *at, "reader", "--permission", "users:read")
    idp.json("role", "create", *at, "support", "--include", "reader")
    idp.json("user", "assign-role", *at, EMAIL, "--role", "reader")
    idp.json("group", "create", *at, "Help desk", "--role", "support")
    idp.json("group", "add-member", *at, "Help desk", EMAIL)
    assert idp("user", "permissions", *at, EMAIL).stdout == (
        "users:read\tbecause of role reader, and of role reader, which support includes, through group Help desk\n"
    )
    (told,) = idp.json("user", "permissions", *at, EMAIL)
    assert told["because"] == [
        {"path": ["reader"], "group": None},
        {"path": ["support", "reader"], "group": "Help desk"},
    ]
