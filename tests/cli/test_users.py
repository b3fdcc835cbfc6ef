from uuid import UUID

from idp.authn import passwords, sessions
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.wiring import Wiring
from tests.cli.conftest import Terminal

EMAIL = "grace@example.com"


def opens(wiring: Wiring, tenant: Tenant, password: str) -> bool:
    with wiring.tenant_unit(tenant) as uow:
        return passwords.verify(uow, users.get_by_email(uow, EMAIL), password)


def test_a_person_gets_a_password_of_ours_which_is_shown_once(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    made = idp.json(
        "user", "create", "--tenant", tenant.slug, "--email", EMAIL, "--verified", "--name", "Grace", "--role", "admin"
    )
    assert (made["email"], made["email_verified"], made["name"], made["roles"]) == (EMAIL, True, "Grace", ["admin"])
    assert opens(wiring, tenant, made["password"])
    shown = idp.json("user", "show", "--tenant", tenant.slug, EMAIL)
    assert "password" not in shown
    assert shown == idp.json("user", "show", "--tenant", tenant.slug, made["id"])
    assert [row["id"] for row in idp.json("user", "list", "--tenant", tenant.slug)] == [made["id"]]


def test_a_password_from_stdin_is_never_shown(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    common = ("--tenant", tenant.slug, "--email", EMAIL, "--password-stdin")
    made = idp.json("user", "create", *common, stdin="a long and secret phrase\n")
    assert "password" not in made
    assert opens(wiring, tenant, "a long and secret phrase")
    idp.json("user", "set-password", *common, stdin="another long and secret phrase")
    assert opens(wiring, tenant, "another long and secret phrase")
    assert idp.sentence("user", "set-password", *common, stdin="short") == "A password needs at least 15 characters."
    assert idp.sentence("user", "set-password", *common) == "There was no password on stdin."


def test_nothing_is_left_of_a_person_who_could_not_be_made_whole(idp: Terminal, tenant: Tenant) -> None:
    idp.sentence("user", "create", "--tenant", tenant.slug, "--email", EMAIL, "--role", "emperor")
    assert idp.json("user", "list", "--tenant", tenant.slug) == []


def test_a_disabled_person_is_signed_out_and_may_come_back(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug, "--email", EMAIL)
    made = idp.json("user", "create", *who)
    with wiring.tenant_unit(tenant) as uow:
        sessions.start(uow, UUID(made["id"]), ["pwd"], replaces=None)
    assert len(idp.json("user", "sessions", *who)) == 1
    assert idp.json("user", "disable", *who)["state"] == "disabled"
    assert idp.json("user", "sessions", *who) == []
    assert not opens(wiring, tenant, made["password"])
    assert idp.json("user", "enable", *who)["state"] == "active"
    assert opens(wiring, tenant, made["password"])


def test_sessions_can_be_ended_from_here(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug, "--email", EMAIL)
    made = idp.json("user", "create", *who)
    with wiring.tenant_unit(tenant) as uow:
        sessions.start(uow, UUID(made["id"]), ["pwd"], replaces=None)
    assert len(idp.json("user", "sessions", *who, "--end-all")) == 1
    assert idp.json("user", "sessions", *who) == []


def test_roles_come_and_go(idp: Terminal, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug, "--email", EMAIL)
    idp.json("user", "create", *who)
    assert idp.json("user", "assign-role", *who, "--role", "admin", "--role", "member")["roles"] == ["admin", "member"]
    assert idp.json("user", "unassign-role", *who, "--role", "admin")["roles"] == ["member"]


def test_the_last_owner_stays_one(idp: Terminal, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug, "--email", EMAIL)
    idp.json("user", "create", *who, "--role", "owner")
    for verb in (("unassign-role", "--role", "owner"), ("disable",)):
        refused = idp.sentence("user", verb[0], *who, *verb[1:])
        assert refused == "This is the last owner. Make somebody else an owner first."
    assert idp.json("user", "show", *who)["roles"] == ["owner"]


def test_a_person_is_deleted_only_by_somebody_who_means_it(idp: Terminal, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug, "--email", EMAIL)
    idp.json("user", "create", *who)
    assert idp.sentence("user", "delete", *who).endswith("repeat it with --yes.")
    idp.json("user", "delete", *who, "--yes")
    assert idp.sentence("user", "show", *who) == f"Nobody here has the address {EMAIL}."


def test_another_tenants_person_does_not_exist(idp: Terminal, tenant: Tenant, other_tenant: Tenant) -> None:
    made = idp.json("user", "create", "--tenant", tenant.slug, "--email", EMAIL)
    for spelled in (EMAIL, made["id"]):
        assert idp.sentence("user", "show", "--tenant", other_tenant.slug, spelled).startswith("Nobody here has")


def test_a_list_of_people_has_no_end_of_its_own(idp: Terminal, tenant: Tenant, wiring: Wiring) -> None:
    from unittest import mock

    with wiring.tenant_unit(tenant) as uow:
        for number in range(7):
            users.create(uow, email=f"person{number}@example.com")
            uow.flush()
    with mock.patch("idp.cli.users.PAGE", 3):
        rows = idp.json("user", "list", "--tenant", tenant.slug)
    assert [row["email"] for row in rows] == [f"person{number}@example.com" for number in range(7)]
