"""What the terminal changes of applications and of the tenant's own APIs."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from idp.keys import rsa
from idp.oauth import clients
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal
from tests.factories import NOBODY

API = "https://api.example"


def make(idp: Terminal, tenant: Tenant, *more: str) -> dict[str, Any]:
    uri = () if "machine" in more else ("--redirect-uri", "https://notes.example/callback")
    made: dict[str, Any] = idp.json("client", "create", "--tenant", tenant.slug, "--name", "Notes", *uri, *more)
    return made


def lives(wiring: Wiring, tenant: Tenant, made: dict[str, Any], secret: str | None = None) -> bool:
    clients.forget()
    with wiring.tenant_unit(tenant) as uow:
        found = clients.find_registration(uow, UUID(made["client_id"]))
        return found is not None and found.has_secret(secret or made["client_secret"])


def test_members_of_a_client_are_set(idp: Terminal, tenant: Tenant) -> None:
    made = make(idp, tenant)
    changed = idp.json(
        *("client", "set", "--tenant", tenant.slug, made["client_id"], "client_name=Notes 2", "first_party=true"),
        *("redirect_uris=https://notes.example/a,https://notes.example/b", "scope=openid, email"),
        *("client-uri=https://notes.example", "permissions_claim=yes", "require_pkce=false"),
    )
    assert (changed["client_name"], changed["first_party"], changed["permissions_claim"]) == ("Notes 2", True, True)
    assert changed["redirect_uris"] == ["https://notes.example/a", "https://notes.example/b"]
    assert (changed["scope"], changed["require_pkce"]) == ("openid email", False)
    again = idp.json(
        "client", "set", "--tenant", tenant.slug, made["client_id"], "client_uri=", "scope=", "require_pkce="
    )
    assert (again["client_uri"], again["scope"], again["require_pkce"]) == (None, "", True)
    again = idp.json("client", "set", "--tenant", tenant.slug, made["client_id"], "scope=openid profile")
    assert again["scope"] == "openid profile"
    assert idp.json("client", "show", "--tenant", tenant.slug, made["client_id"]) == again


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        ("type=spa", "type: stays as it was registered."),
        ("grant_types=client_credentials", "grant_types: stays as it was registered."),
        ("redirect_uris=", "redirect_uris: at least one is needed."),
        ("redirect_uris=http://evil.example/", "redirect_uris: http://evil.example/ "),
        ("scope=openid users:read", "scope: users:read is for first-party clients and machines."),
        ("is_admin=true", "is_admin: "),
        ("client_name=", "client_name: "),
        ("scope=openid users:read,", "scope: users:read is for first-party clients and machines."),
        ("first_party=perhaps", "first_party is true or false."),
        ("client-uri=https://b.example", "client_uri is there twice."),
        ("first_party", "'first_party' is not KEY=VALUE."),
        ("jwks={}", "Keys are given as jwks=@FILE."),
        ("jwks=@nowhere.json", ""),
    ],
)
def test_what_cannot_be_set_is_one_sentence_and_changes_nothing(
    idp: Terminal, tenant: Tenant, member: str, sentence: str
) -> None:
    made = make(idp, tenant)
    before = idp.json("client", "show", "--tenant", tenant.slug, made["client_id"])
    said = idp.sentence(
        "client", "set", "--tenant", tenant.slug, made["client_id"], "client_uri=https://a.example", member
    )
    assert said.startswith(sentence)
    assert idp.json("client", "show", "--tenant", tenant.slug, made["client_id"]) == before


def test_keys_of_a_client_come_from_a_file(idp: Terminal, tenant: Tenant, tmp_path: Path) -> None:
    keys = [{**rsa.public_jwk(rsa.generate(2048).public_key()), "kid": kid} for kid in ("old", "new")]
    metadata = {
        "client_name": "Job",
        "type": "machine",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": keys[:1]},
    }
    create = ("client", "create", "--tenant", tenant.slug, "--metadata", "-")
    made = idp.json(*create, stdin=json.dumps(metadata))
    (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
    (tmp_path / "list.json").write_text("[]")
    change = ("client", "set", "--tenant", tenant.slug, made["client_id"])
    assert idp.json(*change, "jwks=@keys.json")["jwks"] == {"keys": keys}
    assert idp.sentence(*change, "jwks=@list.json") == "list.json must be one JSON object."


def test_a_client_is_shut_out_and_let_in_again(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    made = make(idp, tenant)
    assert idp.json("client", "disable", "--tenant", tenant.slug, made["client_id"])["disabled_at"]
    assert not lives(wiring, tenant, made)
    assert idp.json("client", "enable", "--tenant", tenant.slug, made["client_id"])["disabled_at"] is None
    assert lives(wiring, tenant, made)


def test_secrets_are_listed_without_what_they_are_and_revoked(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    made = make(idp, tenant)
    at = ("--tenant", tenant.slug, made["client_id"])
    (old,) = idp.json("client", "secrets", *at)
    assert old.keys() == {"id", "created_at", "expires_at"}
    assert idp.sentence("client", "revoke-secret", *at, old["id"]).startswith("This is the only secret.")
    new = idp.json("client", "rotate-secret", *at)["client_secret"]
    assert idp.json("client", "revoke-secret", *at, old["id"])["revoked"] is True
    assert not lives(wiring, tenant, made)
    assert lives(wiring, tenant, made, new)
    assert idp.sentence("client", "revoke-secret", *at, "--secret-id", "x") == "There is no secret 'x'."
    assert idp.sentence("client", "revoke-secret", *at, old["id"]) == "There is no such secret."
    assert idp.sentence("client", "revoke-secret", *at).startswith("Name one secret id")


def test_a_client_is_shown_with_its_roles(idp: Terminal, tenant: Tenant) -> None:
    made = make(idp, tenant, "--type", "machine", "--role", "member", "--role", "admin")
    assert made["roles"] == ["admin", "member"]
    assert idp.json("client", "show", "--tenant", tenant.slug, made["client_id"])["roles"] == ["admin", "member"]
    assert make(idp, tenant)["roles"] == []


def test_the_first_machine_of_a_tenant_needs_nobody_to_sign_in(idp: Terminal, app: Any, tenant: Tenant) -> None:
    """As the help of `idp client create` shows it."""
    made = make(idp, tenant, "--type", "machine", "--role", "admin", "--scope", "users:read clients:write")
    clients.forget()
    http = app.test_client(use_cookies=False)
    token = http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], made["client_secret"]),
    )
    assert token.status_code == 200, token.text
    principal = http.get(
        f"{tenant.issuer}/api/v1/principal", headers={"Authorization": f"Bearer {token.json['access_token']}"}
    )
    assert principal.status_code == 200, principal.text
    assert (principal.json["kind"], principal.json["id"]) == ("client", made["client_id"])
    assert principal.json["roles"] == ["admin"]
    assert principal.json["permissions"] == ["*", "clients:write", "users:read"]
    assert "nobody needs to have signed in before" in " ".join(idp("client", "create", "--help").output.split())


VERBS = [
    ("set", ["client_name=x"]),
    ("disable", []),
    ("enable", []),
    ("rotate-secret", []),
    ("revoke-secret", [str(NOBODY)]),
    ("delete", ["--yes"]),
]


@pytest.mark.parametrize(("verb", "more"), [*VERBS, ("show", []), ("secrets", [])])
def test_another_tenants_client_and_what_is_none_do_not_exist(
    idp: Terminal, tenant: Tenant, other_tenant: Tenant, verb: str, more: list[str]
) -> None:
    theirs = make(idp, other_tenant)
    before = idp.json("client", "show", "--tenant", other_tenant.slug, theirs["client_id"])
    said = idp.sentence("client", verb, "--tenant", tenant.slug, theirs["client_id"], *more)
    assert said == f"There is no client {theirs['client_id']}."
    assert idp.json("client", "show", "--tenant", other_tenant.slug, theirs["client_id"]) == before
    assert idp.sentence("client", verb, "--tenant", tenant.slug, "notes", *more) == "There is no client 'notes'."


@pytest.mark.parametrize(("verb", "more"), VERBS)
def test_the_consoles_client_stays_as_it_is(idp: Terminal, tenant: Tenant, verb: str, more: list[str]) -> None:
    console = "00000000-0000-7000-8000-000000000001"
    said = idp.sentence("client", verb, "--tenant", tenant.slug, console, *more)
    assert said == "The console's client is the product's own, and stays as it is."


def test_an_api_is_set(idp: Terminal, tenant: Tenant) -> None:
    at = ("--tenant", tenant.slug)
    made = idp.json("resource", "create", *at, "--identifier", API, "--scope", "notes:read", "--permissions-claim")
    assert made["permissions_claim"] is True
    client = make(idp, tenant, "--type", "machine")["client_id"]
    change = ("resource", "set", *at, API)
    members = ("name=Notes", "scope=notes:read,notes:write", f"client_id={client}", "permissions_claim=no")
    changed = idp.json(*change, *members)
    assert (changed["name"], changed["scope"], changed["permissions_claim"]) == (
        "Notes",
        "notes:read notes:write",
        False,
    )
    assert changed["client_id"] == client
    assert idp.json(*change, "client_id=", "permissions_claim=yes")["client_id"] is None
    assert idp.json(*change, "permissions_claim=")["permissions_claim"] is False
    assert idp.sentence(*change, "client_id=notes") == "There is no client 'notes'."
    assert "no API" in idp.sentence("resource", "set", *at, "https://other.example", "name=x")
    assert idp.sentence(*change, "identifier=https://x.example").startswith("identifier: only name, scope,")
    assert idp.sentence(*change, "scope=users:read") == "scope: users:read is a scope of the management API."
    assert idp.sentence(*change, "scope=").startswith("scope: at least one scope name")
    assert idp.sentence(*change, "name=").startswith("name: ")
    assert idp.sentence(*change, f"client_id={tenant.id}") == "client_id: there is no such client."
    assert idp.json("resource", "show", *at, API) == idp.json(*change, "permissions_claim=false")


def test_permissions_of_an_api_come_and_go(idp: Terminal, tenant: Tenant) -> None:
    at = ("--tenant", tenant.slug, API)
    idp.json("resource", "create", *at[:2], "--identifier", API, "--scope", "notes:read")
    define = ("resource", "define-permission", *at, "notes:burn")
    assert idp.json(*define, "--description", "Burn notes.")["description"] == "Burn notes."
    idp.json("role", "create", *at[:2], "burner", "--permission", "notes:burn")
    assert idp.json("resource", "show", *at)["permissions"] == ["notes:burn"]
    assert [row["name"] for row in idp.json("resource", "permissions", *at)] == ["notes:burn"]
    remove = ("resource", "remove-permission", *at, "notes:burn")
    assert idp.sentence(*remove).endswith("repeat it with --yes.")
    idp.json(*remove, "--yes")
    assert idp.json("role", "show", *at[:2], "burner")["permissions"] == []
    assert "no permission 'notes:burn'" in idp.sentence(*remove, "--yes")
    assert idp.sentence("resource", "define-permission", *at, "Burn").startswith("A permission reads")
