"""Plans carried out on rows: whole or not at all, and one after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from idp.declarations.apply import Applied, rehearse
from idp.declarations.document import check
from idp.declarations.errors import DeclarationInvalid, DeclarationRefused
from idp.declarations.reading import Source
from idp.declarations.things import Kind, State
from idp.events.models import Event
from idp.oauth import console
from idp.rbac import service as rbac
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.conftest import BASE_URL
from tests.unit.declarations.examples import API, MACHINE, OPERATOR, WEB

Apply = Callable[..., Applied]


def test_a_tenant_that_there_is_not_is_made_with_keys_and_roles(declare: Apply, tenant: Tenant) -> None:
    slug = f"{tenant.slug}-new"
    made = declare(slug=slug, name="New", roles=[{"name": "billing", "includes": ["member"]}])
    assert [change.sentence for change in made.plan.changes] == [f"+ tenant {slug}", "+ role billing"]
    assert declare(slug=slug, name="New", roles=[{"name": "billing"}]).plan.changes == ()


def test_a_tenant_without_a_name_is_not_made(declare: Apply, tenant: Tenant) -> None:
    with pytest.raises(DeclarationInvalid, match="There is no tenant 'nowhere' yet; a name makes it"):
        declare(slug="nowhere", roles=[])


def test_a_slug_that_was_somebodys_is_refused(declare: Apply, wiring: Wiring, tenant: Tenant) -> None:
    with wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, tenant.slug))
    with pytest.raises(DeclarationRefused, match="slugs are never used twice"):
        declare(name="Again")


def test_what_is_refused_last_undoes_what_was_done_first(declare: Apply, present: Callable[[], State]) -> None:
    before = present()
    with pytest.raises(DeclarationInvalid) as refused:
        declare(
            settings={"password_min_length": 20},
            clients=[WEB],
            resources=[API],
            roles=[{"name": "billing"}],
            mail={"smtp_url": "smtp://u:p@mail.example/path"},
        )
    assert [pointer for pointer, _ in refused.value.errors] == ["/mail/smtp_url"]
    assert present() == before


def test_a_rehearsal_refuses_and_changes_nothing(
    declare: Apply, wiring: Wiring, tenant: Tenant, present: Callable[[], State]
) -> None:
    before = present()
    wanted = {"tenant": tenant.slug, "clients": [WEB], "roles": [{"name": "billing"}]}
    with wiring.platform_unit() as platform:
        planned = rehearse(platform, check(Source(wanted), secrets=str), base_url=BASE_URL)
        bad = check(Source(wanted | {"roles": [{"name": "Not A Name"}]}), secrets=str)
        with pytest.raises(DeclarationInvalid, match=r"roles\[0\].name"):
            rehearse(platform, bad, base_url=BASE_URL)
    assert [change.name for change in planned.changes] == ["Notes", "billing"]
    assert present() == before


def test_everything_changes_and_changes_back(declare: Apply, present: Callable[[], State]) -> None:
    whole: dict[str, Any] = {
        "settings": {"refresh_grace_seconds": 0, "registration_domains": ["a.example"], "accent": "#0f766e"},
        "limits": {"limit_client": "10/minute"},
        "clients": [WEB | {"first_party": True}, MACHINE | {"roles": ["member"]}],
        "resources": [API | {"client": "Backend", "permissions_claim": True}],
        "roles": [{"name": "billing", "permissions": ["notes:see"], "includes": ["member"]}],
        "groups": [{"name": "Finance", "description": "Pays", "roles": ["billing"]}],
        "mail": {"sender_name": "Acme", "smtp_url": "smtp://u:p@mail.example"},
        "domains": ["a.example"],
    }
    made = declare(**whole)
    assert {name: sorted(held) for name, held in made.credentials.items()} == {
        "Notes": ["client_id", "client_secret"],
        "Backend": ["client_id", "client_secret"],
    }
    there = present()
    assert there.things[Kind.SETTINGS]["settings"]["refresh_grace_seconds"] == 0
    assert there.things[Kind.RESOURCE]["https://api.example"]["client"] == "Backend"
    other: dict[str, Any] = {
        "settings": {"refresh_grace_seconds": 5, "registration_domains": None, "accent": None},
        "limits": {"limit_client": None},
        "clients": [WEB | {"redirect_uris": ["https://other.example/"], "scope": None}, MACHINE | {"roles": ["admin"]}],
        "resources": [API | {"name": "Other", "scope": ["notes", "more"], "client": None, "permissions_claim": None}],
        "roles": [{"name": "billing", "permissions": None, "includes": ["admin"]}],
        "groups": [{"name": "Finance", "description": None, "roles": []}],
        "mail": {"sender_name": None, "smtp_url": "smtp://u:q@mail.example"},
    }
    assert declare(**other).plan.changes
    assert declare(**other).plan.changes == ()
    assert present() != there
    assert declare(**whole).credentials == {}
    assert present() == there
    assert declare(**whole).plan.changes == ()


def test_members_that_are_not_declared_stay(declare: Apply, present: Callable[[], State]) -> None:
    declare(clients=[WEB | {"first_party": True, "require_pkce": False}], settings={"password_min_length": 20})
    declare(clients=[WEB], settings={"accent": "#0f766e"})
    client = present().things[Kind.CLIENT]["Notes"]
    assert (client["first_party"], client["require_pkce"]) == (True, False)
    assert present().things[Kind.SETTINGS]["settings"]["password_min_length"] == 20


def test_pruning_deletes_what_is_not_in_a_section_and_leaves_other_sections(
    declare: Apply, present: Callable[[], State]
) -> None:
    declare(roles=[{"name": "a"}, {"name": "b", "includes": ["a"]}], groups=[{"name": "G", "roles": ["b"]}])
    kept = declare(roles=[{"name": "b"}]).plan.kept
    assert [change.sentence for change in kept] == ["= role a"]
    declare(prune=True, roles=[{"name": "b", "includes": []}])
    assert (list(present().things[Kind.ROLE]), list(present().things[Kind.GROUP])) == (["b"], ["G"])
    declare(prune=True, roles=[], groups=[])
    assert (present().things[Kind.ROLE], present().things[Kind.GROUP]) == ({}, {})


def test_a_pruned_api_takes_its_permissions_along(declare: Apply, present: Callable[[], State]) -> None:
    declare(resources=[API], roles=[{"name": "seer", "permissions": ["notes:see"]}])
    with pytest.raises(DeclarationRefused, match="permission notes:see cannot go: role seer, which stays, names it"):
        declare(prune=True, resources=[])
    declare(prune=True, resources=[], roles=[{"name": "seer", "permissions": []}])
    assert present().things[Kind.PERMISSION] == {}


def test_roles_may_swap_who_includes_whom(declare: Apply, present: Callable[[], State]) -> None:
    declare(roles=[{"name": "a", "includes": ["b", "member"]}, {"name": "b"}])
    declare(roles=[{"name": "a", "includes": ["member"]}, {"name": "b", "includes": ["a"]}])
    included = {name: members["includes"] for name, members in present().things[Kind.ROLE].items()}
    assert included == {"a": ["member"], "b": ["a"]}


def test_a_scope_moves_from_one_api_to_another(declare: Apply, present: Callable[[], State]) -> None:
    other = {"identifier": "https://other.example", "scope": ["x"]}
    declare(resources=[API | {"scope": ["notes", "more"]}, other])
    declare(resources=[other | {"scope": ["x", "more"]}, API | {"scope": ["notes"]}])
    assert present().things[Kind.RESOURCE]["https://other.example"]["scope"] == ["x", "more"]


def test_the_console_is_not_of_the_tenants_clients(declare: Apply, wiring: Wiring, tenant: Tenant) -> None:
    declare(prune=True, clients=[], roles=[])
    with wiring.tenant_unit(tenant) as uow:
        assert uow.find(console.Client, console.CLIENT_ID) is not None
        assert [role.name for role in rbac.list_roles(uow)] == ["admin", "member", "owner"]


def test_a_plan_that_was_agreed_on_is_the_one_that_is_carried_out(
    declare: Apply, wiring: Wiring, tenant: Tenant
) -> None:
    wanted = {"roles": [{"name": "a", "description": "One"}]}
    with wiring.platform_unit() as platform:
        agreed = rehearse(platform, check(Source({"tenant": tenant.slug, **wanted}), secrets=str), base_url=BASE_URL)
    declare(roles=[{"name": "a", "description": "Other"}])
    with pytest.raises(DeclarationRefused, match="The tenant was changed meanwhile"):
        declare(expected=agreed, **wanted)


def test_two_applies_at_once_come_one_after_the_other(declare: Apply, tenant: Tenant) -> None:
    slug = f"{tenant.slug}-raced"
    with ThreadPoolExecutor(4) as pool:
        racing = [pool.submit(declare, slug=slug, name="Raced", clients=[WEB]) for _ in range(4)]
        done = [future.result() for future in racing]
    assert sorted(len(applied.plan.changes) for applied in done) == [0, 0, 0, 2]


def test_every_event_names_the_operator(declare: Apply, wiring: Wiring, tenant: Tenant) -> None:
    declare(name="Other", clients=[WEB], roles=[{"name": "a"}], domains=["a.example"])
    with wiring.tenant_unit(tenant) as uow:
        found = uow.session.scalars(select(Event).where(Event.actor_id == OPERATOR.id).order_by(Event.id)).all()
    assert [event.type for event in found] == ["tenant.updated", "client.created", "role.created", "domain.added"]
    assert {event.actor_kind for event in found} == {"operator"}
