import json
from uuid import UUID

import pytest

from idp.oauth import clients
from idp.rbac import effective
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal


def opens(wiring: Wiring, tenant: Tenant, client_id: str, secret: str) -> bool:
    clients.forget()
    with wiring.tenant_unit(tenant) as uow:
        registration = clients.find_registration(uow, UUID(client_id))
        return registration is not None and registration.has_secret(secret)


def test_a_web_client_gets_its_secret_once(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    made = idp.json(
        *("client", "create", "--tenant", tenant.slug, "--name", "Notes", "--type", "web", "--first-party"),
        *("--redirect-uri", "https://notes.example/callback", "--redirect-uri", "http://localhost:8001/callback"),
        *("--post-logout-redirect-uri", "https://notes.example/", "--scope", "openid", "--scope", "email"),
        "--no-require-pkce",
    )
    assert opens(wiring, tenant, made["client_id"], made["client_secret"])
    assert (made["scope"], made["first_party"], made["require_pkce"]) == ("openid email", True, False)
    assert made["redirect_uris"] == ["https://notes.example/callback", "http://localhost:8001/callback"]
    assert "client_secret" not in idp.json("client", "show", "--tenant", tenant.slug, made["client_id"])
    assert [row["client_name"] for row in idp.json("client", "list", "--tenant", tenant.slug)] == ["Notes"]


@pytest.mark.parametrize(("kind", "method"), [("spa", "none"), ("native", "none"), ("machine", "client_secret_basic")])
def test_other_kinds_of_client_have_what_they_need(idp: Terminal, tenant: Tenant, kind: str, method: str) -> None:
    uris = () if kind == "machine" else ("--redirect-uri", "https://app.example/callback")
    made = idp.json("client", "create", "--tenant", tenant.slug, "--name", "X", "--type", kind, *uris)
    assert made["token_endpoint_auth_method"] == method
    assert ("client_secret" in made) == (method != "none")


def test_a_machine_gets_its_roles_at_once_and_nothing_else_can(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    create = ("client", "create", "--tenant", tenant.slug, "--name", "Terraform", "--role", "admin")
    made = idp.json(*create, "--type", "machine", "--scope", "users:read")
    with wiring.tenant_unit(tenant) as uow:
        assert effective.of_client(uow, UUID(made["client_id"])).roles == ("admin",)
    refused = idp("client", "create", "--tenant", tenant.slug, "--name", "X", "--type", "machine", "--role", "nobody")
    assert refused.exit_code == 1
    web = idp(*create, "--type", "web", "--redirect-uri", "https://notes.example/callback")
    assert web.exit_code == 1
    assert "client_credentials" in web.stderr
    assert [row["client_name"] for row in idp.json("client", "list", "--tenant", tenant.slug)] == ["Terraform"]


def test_only_a_client_of_ours_may_sign_people_in_directly(idp: Terminal, tenant: Tenant) -> None:
    uri = ("--redirect-uri", "https://app.example/callback")
    create = ("client", "create", "--tenant", tenant.slug, "--name", "X", "--direct-sign-in")
    made = idp.json(*create, "--type", "native", "--first-party", *uri)
    assert made["direct_sign_in"] is True
    assert "first-party" in idp.sentence(*create, "--type", "native", *uri)
    assert "first-party" in idp.sentence(*create, "--type", "machine", "--first-party")


def test_metadata_come_from_stdin_and_options_win(idp: Terminal, tenant: Tenant) -> None:
    metadata = {
        "client_name": "From metadata",
        "redirect_uris": ["https://app.example/callback"],
        "allowed_origins": ["https://app.example"],
        "token_endpoint_auth_method": "none",
    }
    create = ("client", "create", "--tenant", tenant.slug, "--metadata", "-")
    made = idp.json(*create, "--name", "By option", stdin=json.dumps(metadata))
    assert (made["client_name"], made["type"], made["allowed_origins"]) == ("By option", "spa", ["https://app.example"])
    assert idp.sentence(*create, stdin="{").startswith("The metadata is not JSON")
    assert idp.sentence(*create, stdin="[]") == "The metadata must be one JSON object."
    assert idp.sentence(*create, stdin=json.dumps(metadata | {"is_admin": True})).startswith("is_admin")


def test_a_secret_is_rotated_with_and_without_overlap(idp: Terminal, wiring: Wiring, tenant: Tenant) -> None:
    made = idp.json("client", "create", "--tenant", tenant.slug, "--name", "X", "--type", "machine")
    rotate = ("client", "rotate-secret", "--tenant", tenant.slug, "--client-id", made["client_id"])
    second = idp.json(*rotate)["client_secret"]
    assert opens(wiring, tenant, made["client_id"], made["client_secret"])
    third = idp.json(*rotate, "--overlap-hours", "0")["client_secret"]
    assert [opens(wiring, tenant, made["client_id"], s) for s in (made["client_secret"], second, third)] == [
        False,
        False,
        True,
    ]


def test_a_client_is_deleted_only_by_somebody_who_means_it(idp: Terminal, tenant: Tenant) -> None:
    made = idp.json("client", "create", "--tenant", tenant.slug, "--name", "X", "--type", "machine")
    delete = ("client", "delete", "--tenant", tenant.slug, made["client_id"])
    assert idp.sentence(*delete).endswith("repeat it with --yes.")
    idp.json(*delete, "--yes")
    assert idp.sentence(*delete, "--yes") == f"There is no client {made['client_id']}."


def test_an_api_resource_comes_and_goes(idp: Terminal, tenant: Tenant) -> None:
    at = ("--tenant", tenant.slug, "--identifier", "https://api.example")
    made = idp.json("resource", "create", *at, "--name", "Notes", "--scope", "notes:read notes:write")
    assert made["scope"] == "notes:read notes:write"
    assert len(idp.json("resource", "list", "--tenant", tenant.slug)) == 1
    idp.sentence("resource", "create", *at, "--name", "Notes", "--scope", "x")
    idp.json("resource", "delete", *at, "--yes")
    assert idp.json("resource", "list", "--tenant", tenant.slug) == []


def test_a_revoked_key_leaves_at_once_and_the_next_one_signs(idp: Terminal, tenant: Tenant) -> None:
    (active,) = idp.json("key", "list", "--tenant", tenant.slug)
    assert active["state"] == "active"
    revoke = ("key", "revoke", "--tenant", tenant.slug, active["kid"])
    assert idp.sentence(*revoke).endswith("repeat it with --yes.")
    assert idp.json(*revoke, "--yes")["state"] == "revoked"
    states = [key["state"] for key in idp.json("key", "list", "--tenant", tenant.slug)]
    assert sorted(states) == ["active", "revoked"]
