"""Connections by the management API: made, changed, never beyond one's own, and no secret shown (R22, R48, R54)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from idp.api.management.connection_schemas import ConnectionOptions, ConnectionOptionsOut
from idp.events.models import Event
from idp.federation import connections, upstreams
from idp.federation.options import Options
from idp.federation.providers.registry import COMMON, KINDS
from tests.api.management.callers import Caller
from tests.factories import People

SECRET = "hunter2-of-github"
GITHUB = {"name": "github", "kind": "github", "client_id": "Iv1.8a61f9b3a7aba766", "client_secret": SECRET}
OIDC = {"name": "corp", "kind": "oidc", "client_id": "idp", "client_secret": SECRET}


def oidc(issuer: str = "https://login.acme.example", **options: Any) -> dict[str, Any]:
    return {**OIDC, "options": {"issuer": issuer, **options}}


def secrets_of(people: People, name: str) -> tuple[str, ...]:
    """What would be tried at the upstream, in that order."""
    with people.unit() as uow:
        return upstreams.of(uow, connections.get(uow, name)).client_secrets


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return sorted({error["pointer"] for error in answer.json["errors"]})


def test_a_connection_is_made_shown_changed_and_deleted(admin: Caller, people: People) -> None:
    made = admin.post("/connections", GITHUB)
    assert made.status_code == 201
    assert made.json["callback_url"] == f"{people.tenant.issuer}/connections/github/callback"
    assert made.json["login_url"] == f"{people.tenant.issuer}/connections/github/login"
    assert (made.json["label"], made.json["enabled"], made.json["position"]) == ("GitHub", True, 0)
    shown = admin.get("/connections/github")
    assert (shown.json, shown.headers["ETag"]) == (made.json, made.headers["ETag"])
    changes = {"label": "Our GitHub", "enabled": False, "position": 7, "options": {"organizations": ["acme"]}}
    changed = admin.patch("/connections/github", changes, headers={"If-Match": shown.headers["ETag"]})
    assert changed.json["options"] == made.json["options"] | {"organizations": ["acme"]}
    assert changed.json | {"options": {}, "updated_at": ""} == shown.json | changes | {"options": {}, "updated_at": ""}
    stale = {"headers": {"If-Match": shown.headers["ETag"]}}
    assert admin.patch("/connections/github", {"position": 1}, **stale).json["code"] == "changed-meanwhile"
    assert admin.delete("/connections/github", **stale).json["code"] == "changed-meanwhile"
    assert admin.delete("/connections/github", headers={"If-Match": changed.headers["ETag"]}).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        body = {} if method == "PATCH" else None
        assert admin.call(method, "/connections/github", body).json["code"] == "no-such-connection"


def test_they_are_listed_in_the_order_of_their_buttons(admin: Caller) -> None:
    admin.post("/connections", GITHUB)
    admin.post("/connections", oidc())
    admin.post("/connections", GITHUB | {"name": "ghes", "enabled": False, "label": "Old"})
    admin.patch("/connections/ghes", {"position": 0})

    def names(query: str = "") -> list[str]:
        return [item["name"] for item in admin.get(f"/connections{query}").json["items"]]

    assert names() == ["ghes", "github", "corp"]
    assert names("?sort=-name") == ["github", "ghes", "corp"]
    assert names("?filter[kind]=oidc") == ["corp"]
    assert names("?filter[status]=disabled") == ["ghes"]
    first = admin.get("/connections?limit=2").json
    assert names(f"?limit=2&cursor={first['next_cursor']}") == ["corp"]


def test_the_secret_is_written_and_never_shown(owner: Caller, people: People) -> None:
    made = owner.post("/connections", GITHUB, headers={"Idempotency-Key": "connection-1"})
    again = owner.post("/connections", GITHUB, headers={"Idempotency-Key": "connection-1"})
    assert (again.status_code, again.json) == (201, made.json)
    rotated = owner.patch("/connections/github", {"client_secret": "the-next-one"})
    said = [made, again, rotated, owner.get("/connections"), owner.get("/connections/github"), owner.get("/events")]
    for answer in said:
        assert SECRET not in answer.text
        assert "the-next-one" not in answer.text
    assert made.json["has_client_secret"] is True
    assert made.json["previous_secret_until"] is None
    assert rotated.json["previous_secret_until"] > rotated.json["client_secret_changed_at"]
    assert secrets_of(people, "github") == ("the-next-one", SECRET)


def test_another_address_needs_the_secret_and_never_gets_the_one_before(admin: Caller, people: People) -> None:
    admin.post("/connections", oidc())
    elsewhere = {"options": {"issuer": "https://evil.example"}}
    refused = admin.patch("/connections/corp", elsewhere)
    assert (refused.json["code"], pointers(refused)) == ("connection-invalid", ["/client_secret"])
    assert admin.get("/connections/corp").json["issuer"] == "https://login.acme.example"
    moved = admin.patch("/connections/corp", elsewhere | {"client_secret": "of-the-other"})
    assert moved.json["issuer"] == "https://evil.example"
    assert moved.json["previous_secret_until"] is None
    assert secrets_of(people, "corp") == ("of-the-other",)


def test_options_are_merged_and_null_is_the_default_again(admin: Caller) -> None:
    admin.post("/roles", {"name": "developer"})
    roles = {"acme/core": "developer", "acme": "member"}
    options = {"organizations": ["acme"], "creation": "on", "profile_updates": "every", "roles": roles}
    made = admin.post("/connections", GITHUB | {"options": options | {"scope": None, "icon": None}}).json
    assert made["options"] | options == made["options"]
    whole = admin.patch("/connections/github", {"options": made["options"]}).json
    assert whole["options"] == made["options"]
    fewer = admin.patch("/connections/github", {"options": {"roles": {"acme": None, "labs": "member"}}}).json
    assert fewer["options"]["roles"] == {"acme/core": "developer", "labs": "member"}
    assert fewer["options"]["organizations"] == ["acme"]
    reset = admin.patch("/connections/github", {"options": dict.fromkeys(made["options"]), "label": None}).json
    defaults = {**Options().model_dump()}
    assert reset["options"] == {name: defaults[name] for name in reset["options"]}
    assert reset["label"] == "GitHub"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**GITHUB, "name": "Git Hub"}, "/name"),
        ({**GITHUB, "name": "-github"}, "/name"),
        ({**GITHUB, "name": "x" * 51}, "/name"),
        ({**GITHUB, "kind": "facebook"}, "/kind"),
        ({**GITHUB, "position": 1}, "/position"),
        ({**GITHUB, "client_id": ""}, "/client_id"),
        ({**GITHUB, "client_secret": None}, "/client_secret"),
        ({**GITHUB, "enabled": "yes"}, "/enabled"),
        ({**GITHUB, "options": None}, "/options"),
        ({**GITHUB, "options": {"colour": "red"}}, "/options/colour"),
        ({**GITHUB, "options": {"organizations": "acme"}}, "/options/organizations"),
        ({**GITHUB, "options": {"organizations": ["a/b"]}}, "/options/organizations"),
        ({**GITHUB, "options": {"groups_claim": "groups"}}, "/options/groups_claim"),
        ({**GITHUB, "options": {"creation": "maybe"}}, "/options/creation"),
        ({**GITHUB, "options": {"creation": "domains"}}, "/options"),
        ({**GITHUB, "options": {"trusts_email": 1}}, "/options/trusts_email"),
        ({**GITHUB, "options": {"icon": "https://evil.example/x.svg"}}, "/options/icon"),
        ({**GITHUB, "options": {"base_url": "ftp://acme.example"}}, "/options/base_url"),
        ({**GITHUB, "options": {"base_url": "https://user@acme.example"}}, "/options/base_url"),
        ({**GITHUB, "options": {"roles": {"acme": 5}}}, "/options/roles/acme/value"),
        (OIDC, "/options/issuer"),
        ({**oidc(), "options": {"issuer": "https://login.acme.example?x=1"}}, "/options/issuer"),
        (oidc(organizations=["acme"]), "/options/organizations"),
        ({name: value for name, value in GITHUB.items() if name != "client_secret"}, "/client_secret"),
    ],
)
def test_what_cannot_be_is_pointed_at_and_changes_nothing(admin: Caller, body: dict[str, Any], pointer: str) -> None:
    assert pointers(admin.post("/connections", body)) == [pointer]
    assert admin.get("/connections").json["items"] == []


@pytest.mark.parametrize("changes", [{"name": "x"}, {"kind": "oidc"}, {"client_id": None}, {"enabled": None}])
def test_what_never_changes_is_no_member_of_a_change(admin: Caller, changes: dict[str, Any]) -> None:
    admin.post("/connections", GITHUB)
    assert pointers(admin.patch("/connections/github", changes)) == [f"/{next(iter(changes))}"]


def test_a_name_is_had_once_and_belongs_to_its_tenant(
    admin: Caller, machine: Callable[..., Caller], app: Any, others: People
) -> None:
    from tests.api.management.callers import person_caller

    assert admin.post("/connections", GITHUB).status_code == 201
    assert admin.post("/connections", GITHUB).json["code"] == "connection-name-taken"
    other = person_caller(app, others, email="xaver@example.com", roles=("admin",))
    assert other.get("/connections/github").json["code"] == "no-such-connection"
    assert other.post("/connections", GITHUB | {"client_id": "theirs"}).status_code == 201
    assert admin.get("/connections/github").json["client_id"] == GITHUB["client_id"]


@pytest.mark.parametrize("name", ["nothing", "Github", "x" * 300, "a%00b", "%F0%9F%92%A9", "github%0A"])
def test_a_name_that_none_has_is_not_found(admin: Caller, name: str) -> None:
    admin.post("/connections", GITHUB)
    assert admin.get(f"/connections/{name}").json["code"] == "no-such-connection"
    assert admin.post(f"/connections/{name}/tests").json["code"] == "no-such-connection"


def test_only_owners_trust_an_upstream_with_addresses(admin: Caller, owner: Caller) -> None:
    trusting = {"options": {"trusts_email": True}}
    assert admin.post("/connections", GITHUB | trusting).json["code"] == "permission-needed"
    admin.post("/connections", GITHUB)
    assert admin.patch("/connections/github", trusting).json["code"] == "permission-needed"
    assert owner.patch("/connections/github", trusting).json["options"]["trusts_email"] is True
    assert admin.patch("/connections/github", {"client_id": "mine"}).json["code"] == "permission-needed"
    assert admin.patch("/connections/github", {"label": "Ours", "enabled": False}).status_code == 200


def test_no_mapping_gives_more_than_whoever_makes_it_may_do(machine: Callable[..., Caller], owner: Caller) -> None:
    maker = machine(scope="connections:read connections:write", roles=("admin",))
    mapped = {"options": {"roles": {"acme": "admin"}}}
    assert maker.post("/connections", GITHUB | mapped).json["code"] == "beyond-your-own"
    assert (
        maker.post("/connections", GITHUB | {"options": {"roles": {"acme": "nobody"}}}).json["code"] == "no-such-role"
    )
    assert maker.post("/connections", GITHUB).status_code == 201
    assert maker.patch("/connections/github", mapped).json["code"] == "beyond-your-own"
    assert owner.patch("/connections/github", mapped).status_code == 200
    assert pointers(owner.patch("/connections/github", {"options": {"roles": {"x": "owner"}}})) == ["/options/roles"]


def test_what_happens_to_a_connection_is_in_the_log(admin: Caller, people: People) -> None:
    row_id = admin.post("/connections", GITHUB).json["id"]
    admin.patch("/connections/github", {"label": "X", "client_secret": "next", "enabled": False})
    admin.patch("/connections/github", {"enabled": True})
    admin.delete("/connections/github")
    with people.unit() as uow:
        logged = uow.session.scalars(select(Event).where(Event.type.startswith("connection.")).order_by(Event.id)).all()
    kinds = ["created", "secret_rotated", "updated", "disabled", "enabled", "deleted"]
    assert sorted(event.type for event in logged) == sorted(f"connection.{kind}" for kind in kinds)
    assert {(event.actor_id, str(event.target_id), event.data["connection"]) for event in logged} == {
        (admin.id, row_id, "github")
    }


def test_kinds_say_what_a_form_needs(admin: Caller, people: People) -> None:
    kinds = {item["kind"]: item for item in admin.get("/connection-kinds").json["items"]}
    assert kinds.keys() == KINDS.keys()
    issuer = next(option for option in kinds["oidc"]["options"] if option["name"] == "issuer")
    assert (issuer["type"], issuer["required"]) == ("text", True)
    by_name = {option["name"]: option for option in kinds["github"]["options"]}
    assert by_name.keys() == KINDS["github"].members | COMMON
    assert {name: by_name[name]["type"] for name in ("teams", "roles", "trusts_email", "base_url")} == {
        "teams": "list",
        "roles": "map",
        "trusts_email": "flag",
        "base_url": "text",
    }
    assert by_name["creation"]["choices"] == ["off", "domains", "on"]
    assert kinds["github"]["callback_url"] == f"{people.tenant.issuer}/connections/{{name}}/callback"


def test_the_api_knows_every_option() -> None:
    for schema in (ConnectionOptions, ConnectionOptionsOut):
        assert schema().fields.keys() == Options.model_fields.keys()


def test_whoever_may_only_look_changes_nothing(machine: Callable[..., Caller], admin: Caller) -> None:
    admin.post("/connections", GITHUB)
    reader = machine(scope="connections:read", roles=("admin",))
    assert reader.get("/connections/github").status_code == 200
    assert reader.get("/connection-kinds").status_code == 200
    for method, path in (
        ("POST", "/connections"),
        ("PATCH", "/connections/github"),
        ("DELETE", "/connections/github"),
        ("POST", "/connections/github/tests"),
    ):
        assert reader.call(method, path).json["code"] == "permission-needed"
