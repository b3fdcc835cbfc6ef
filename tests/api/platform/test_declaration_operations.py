"""A tenant declared over HTTP: by operators alone, as JSON, and never with what the server could read (R47, R48)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from idp.events.models import Event
from idp.mail import settings as mail_settings
from idp.oauth import clients, management
from idp.tenants import resolve
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.wiring import Wiring
from tests.api.management.callers import Caller, machine_caller, person_caller
from tests.factories import People, system_tenant

SMTP = "smtp://u:hunter2@mail.example"
HUB = {"name": "hub", "kind": "github", "client_id": "Iv1.1", "client_secret": "hunter2", "options": {"creation": "on"}}
BACKEND = {"name": "Backend", "type": "machine", "scope": "users:read", "roles": ["admin"]}


@pytest.fixture
def system(wiring: Wiring) -> People:
    """The operators' own tenant."""
    return People(wiring, system_tenant(wiring))


@pytest.fixture
def operator(app: Any, system: People, tenant: Tenant) -> Caller:
    clients.forget()
    caller = person_caller(app, system, email=f"{tenant.slug}@idp.example", roles=("owner",))
    caller.base = management.platform_audience(system.tenant)
    return caller


@pytest.fixture
def machine(app: Any, system: People) -> Callable[[str], Caller]:
    """Makes an operators' machine whose token has one scope."""

    def machine(scope: str) -> Caller:
        caller = machine_caller(app, system, scope=scope, roles=("owner",))
        caller.base = management.platform_audience(system.tenant)
        return caller

    return machine


def test_a_tenant_is_made_changed_and_left_as_it_is(operator: Caller, wiring: Wiring, tenant: Tenant) -> None:
    slug = f"{tenant.slug}-put"
    document = {"tenant": slug, "name": "New", "roles": [{"name": "a"}], "clients": [BACKEND | {"roles": ["a"]}]}
    made = operator.put(f"/tenants/{slug}", document)
    assert made.status_code == 200, made.text
    assert [(change["action"], change["what"]) for change in made.json["changes"]] == [
        ("create", "tenant"),
        ("create", "client"),
        ("create", "role"),
    ]
    assert made.json["secrets"]["Backend"]["client_secret"].startswith("idp_cs_")
    again = operator.put(f"/tenants/{slug}", document)
    assert again.json == {"changes": [], "kept": [], "secrets": {}}
    changed = operator.put(f"/tenants/{slug}", {"tenant": slug, "roles": [{"name": "b"}]})
    assert changed.json["kept"] == [{"what": "role", "name": "a"}]
    (change,) = operator.put(f"/tenants/{slug}", {"tenant": slug, "name": "Newer"}).json["changes"]
    assert change == {
        "action": "update",
        "what": "tenant",
        "name": slug,
        "before": {"name": "New"},
        "after": {"name": "Newer"},
    }


def test_a_dry_run_says_what_it_would_do_and_does_nothing(operator: Caller, tenant: Tenant) -> None:
    url, document = f"/tenants/{tenant.slug}", {"tenant": tenant.slug, "clients": [BACKEND]}
    for _ in range(2):
        planned = operator.put(f"{url}?dry_run=true", document)
        assert (len(planned.json["changes"]), planned.json["secrets"]) == (1, {})
    done = operator.put(url, document)
    assert done.json["changes"] == planned.json["changes"]
    assert operator.put(f"{url}?dry_run=1", document).json["code"] == "query-invalid"


def test_whoever_prunes_must_be_allowed_to_delete_tenants(
    operator: Caller, machine: Callable[[str], Caller], tenant: Tenant
) -> None:
    url, document = f"/tenants/{tenant.slug}", {"tenant": tenant.slug, "roles": [{"name": "a"}]}
    writer = machine("tenants:write tenants:act")
    assert writer.put(url, document).status_code == 200
    refused = writer.put(f"{url}?prune=true", {"tenant": tenant.slug, "roles": []})
    assert (refused.status_code, refused.json["code"]) == (403, "permission-needed")
    assert "tenants:delete" in refused.json["detail"]
    pruned = operator.put(f"{url}?prune=true", {"tenant": tenant.slug, "roles": []})
    assert [change["action"] for change in pruned.json["changes"]] == ["delete"]
    assert machine("tenants:read").put(url, document).json["code"] == "permission-needed"


@pytest.mark.parametrize(
    "part",
    [
        {"clients": [BACKEND | {"roles": ["owner"]}]},
        {"roles": [{"name": "a"}]},
        {"groups": [{"name": "A"}]},
        {"resources": [{"identifier": "urn:a", "name": "A", "scope": ["a"]}]},
        {"mail": {"smtp_url": SMTP}},
        {"connections": [HUB]},
    ],
)
def test_whoever_may_not_act_for_a_tenant_declares_nothing_that_would_let_them(
    machine: Callable[[str], Caller], tenant: Tenant, part: dict[str, Any]
) -> None:
    """An administrator of ``system`` has `tenants:write` and no `tenants:act` (R48)."""
    writer = machine("tenants:write")
    for query in ("", "?dry_run=true"):
        refused = writer.put(f"/tenants/{tenant.slug}{query}", {"tenant": tenant.slug, **part})
        assert (refused.status_code, refused.json["code"]) == (403, "permission-needed")
        assert "tenants:act" in refused.json["detail"]
    settings = {"tenant": tenant.slug, "settings": {"password_min_length": 12}}
    assert writer.put(f"/tenants/{tenant.slug}", settings).status_code == 200
    made = f"{tenant.slug}-new"
    assert writer.put(f"/tenants/{made}", {"tenant": made, "name": "New", **part}).status_code == 200


def test_every_event_names_the_operator(operator: Caller, wiring: Wiring, tenant: Tenant) -> None:
    operator.put(f"/tenants/{tenant.slug}", {"tenant": tenant.slug, "clients": [BACKEND]})
    with wiring.tenant_unit(tenant) as uow:
        found = uow.session.scalars(select(Event).where(Event.actor_kind == "operator")).all()
        assert [event.type for event in found] == ["client.created", "role.assigned", "alert.raised"]
        assert {event.actor_id for event in found} == {operator.id}


def test_a_connections_secret_is_written_and_never_shown(operator: Caller, tenant: Tenant) -> None:
    url = f"/tenants/{tenant.slug}"
    refused = operator.put(url, {"tenant": tenant.slug, "connections": [HUB | {"client_secret": "env:IDP_X"}]})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/connections/0/client_secret")
    made = operator.put(url, {"tenant": tenant.slug, "connections": [HUB]})
    (change,) = made.json["changes"]
    assert (change["what"], change["name"], change["after"]["client_secret"]) == ("connection", "hub", "(hidden)")
    changed = operator.put(url, {"tenant": tenant.slug, "connections": [HUB | {"client_secret": "hunter3"}]})
    (change,) = changed.json["changes"]
    assert change["before"] == change["after"] == {"client_secret": "(hidden)"}
    assert "hunter" not in made.text + changed.text
    again = operator.put(url, {"tenant": tenant.slug, "connections": [{"name": "hub"}]})
    assert again.json["changes"] == []


def test_the_operators_own_tenant_is_not_declared_over_http(operator: Caller, machine: Callable[[str], Caller]) -> None:
    """Or `tenants:write` would be every other permission of operators too."""
    more = {"tenant": SYSTEM_SLUG, "clients": [BACKEND | {"scope": "tenants:delete", "roles": ["owner"]}]}
    for caller in (operator, machine("tenants:write")):
        refused = caller.put(f"/tenants/{SYSTEM_SLUG}", more)
        assert (refused.status_code, refused.json["code"]) == (409, "declaration-refused")


def test_a_server_reads_neither_its_environment_nor_its_files_for_a_caller(
    operator: Caller, wiring: Wiring, tenant: Tenant
) -> None:
    url = f"/tenants/{tenant.slug}"
    for reference in ("env:IDP_MASTER_KEYS", "file:/etc/passwd"):
        refused = operator.put(url, {"tenant": tenant.slug, "mail": {"smtp_url": reference}})
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/mail/smtp_url")
        assert "at the terminal only" in refused.json["detail"]
    done = operator.put(url, {"tenant": tenant.slug, "mail": {"smtp_url": SMTP}})
    assert done.json["changes"][0]["after"] == {"smtp_url": "(hidden)"}
    assert "hunter2" not in done.text
    assert operator.put(url, {"tenant": tenant.slug, "mail": {"smtp_url": SMTP}}).json["changes"] == []
    with wiring.tenant_unit(tenant) as uow:
        assert mail_settings.sender(uow).smtp_url == SMTP


@pytest.mark.parametrize(
    ("document", "status", "pointer"),
    [
        ({"tenant": "other"}, 422, "/tenant"),
        ({}, 422, "/tenant"),
        ({"people": []}, 422, "/people"),
        ({"connections": [HUB | {"options": {"roles": {"a": "owner"}}}]}, 422, "/connections/0/options/roles/a"),
        ({"roles": [{"name": "a", "includes": ["nobody"]}]}, 422, "/roles/0/includes/0"),
        ({"clients": [{"name": "X", "redirect_uris": ["https://a", "http://b"]}]}, 422, "/clients/0/redirect_uris/1"),
        ({"settings": {"password_min_length": "12"}}, 422, "/settings/password_min_length"),
        ({"settings": {"terms_version": "\ud800"}}, 422, ""),
    ],
)  # fmt: skip
def test_each_mistake_is_pointed_at(
    operator: Caller, tenant: Tenant, document: dict[str, Any], status: int, pointer: str
) -> None:
    whole = {"tenant": tenant.slug, **document} if document else document
    refused = operator.put(f"/tenants/{tenant.slug}", whole)
    assert refused.status_code == status, refused.text
    assert refused.json["errors"][0]["pointer"].startswith(pointer)


def test_what_is_refused_late_changes_nothing(operator: Caller, tenant: Tenant) -> None:
    document = {"tenant": tenant.slug, "roles": [{"name": "a"}], "mail": {"smtp_url": f"{SMTP}/path"}}
    refused = operator.put(f"/tenants/{tenant.slug}", document)
    assert (refused.status_code, refused.json["code"]) == (422, "declaration-invalid")
    left = operator.put(f"/tenants/{tenant.slug}?dry_run=true", {"tenant": tenant.slug, "roles": []})
    assert left.json["kept"] == []


def test_a_tenants_own_people_declare_nothing(app: Any, people: People, operator: Caller, tenant: Tenant) -> None:
    resolve.forget()
    owner = person_caller(app, people, email="olive@example.com", roles=("owner",))
    owner.base = operator.base
    assert owner.put(f"/tenants/{tenant.slug}", {"tenant": tenant.slug}).status_code == 401


def test_a_document_of_more_than_a_mebibyte_is_too_large(operator: Caller, tenant: Tenant) -> None:
    big = {"tenant": tenant.slug, "domains": ["a" * 60 + ".example"] * 16_000}
    assert operator.put(f"/tenants/{tenant.slug}", big).status_code == 413
