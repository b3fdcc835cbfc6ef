"""A program of the operators, made at the terminal and used over HTTP; and how much there is of a tenant."""

from collections.abc import Callable
from typing import Any

from idp.oauth import clients, management
from idp.wiring import Wiring
from tests.api.management.callers import Caller
from tests.cli.conftest import Terminal
from tests.factories import system_tenant


def test_a_program_made_at_the_terminal_makes_tenants(
    app: Any, wiring: Wiring, idp: Terminal, new_slug: Callable[[], str]
) -> None:
    system = system_tenant(wiring)
    scopes = ("--scope", "tenants:read", "--scope", "tenants:write")
    made = idp.json(
        *("client", "create", "--tenant", "system", "--name", "Terraform", "--type", "machine"),
        *(*scopes, "--role", "admin"),
    )
    clients.forget()
    token = app.test_client(use_cookies=False).post(
        f"{system.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(made["client_id"], made["client_secret"]),
    )
    assert token.status_code == 200, token.text
    program = Caller(app, management.platform_audience(system), token.json["access_token"], made["client_id"])
    slug = new_slug()
    body = {"slug": slug, "name": "Acme", "admin": {"email": "ida@example.com"}}
    assert program.post("/tenants", body).status_code == 201
    assert program.get(f"/tenants/{slug}").json["status"] == "active"
    assert program.delete(f"/tenants/{slug}?confirm={slug}").json["code"] == "permission-needed"
    used = idp.json("tenant", "usage", slug)
    assert (used["people"], used["clients"], used["mails_waiting"], used["at_least"]) == (0, 0, 1, [])


def test_a_tenant_that_there_is_not_is_not_counted(idp: Terminal, new_slug: Callable[[], str]) -> None:
    assert "There is no tenant" in idp.sentence("tenant", "usage", new_slug())
