"""The OpenAPI document: complete, honest, committed as it is served (OpenAPI 3.1)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from idp.api.problems import CATALOGUE, TITLES
from idp.dev import openapi, reference
from idp.dev.postman import collection as postman
from idp.http.problems import status_of
from idp.rbac.permissions import Permission, catalogue
from tests.api.conformance import document, why_not
from tests.architecture.test_house_rules import every_error


def _each() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, method and operation."""
    for path, operations in document()["paths"].items():
        yield from ((path, method, operation) for method, operation in operations.items() if method != "parameters")


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in it."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _walk(inner)


OPERATIONS = [pytest.param(*found, id=found[2]["operationId"]) for found in _each()]
NO_JSON = {"text", "image"}
PROMISED = {
    "POST register",
    "POST verify-email",
    "POST verify-email/resend",
    "POST login",
    "POST refresh",
    "POST logout",
    "POST password/forgot",
    "POST password/reset",
    "POST password/change",
    "GET me",
    "PATCH me",
    "DELETE me",
    "POST me/email",
    "POST me/email/verify",
    "GET sessions",
    "DELETE sessions",
    "DELETE sessions/{session_id}",
}


@pytest.mark.parametrize("name", ["openapi.json", "idp.postman_collection.json", "idp.postman_environment.json"])
def test_what_is_committed_is_what_the_code_says(name: str) -> None:
    assert (openapi.FOLDER / name).read_text() == openapi.files()[name], "make openapi writes it anew"


def test_the_tables_of_the_page_are_what_the_code_says() -> None:
    """docs/api.md: every permission with who has it, and every code with its status."""
    text = reference.PAGE.read_text()
    assert text == reference.page(), "make openapi writes them anew"
    assert re.findall(r"^\| `([a-z-]+:[a-z]+)` \|", text, re.MULTILINE) == [
        permission.value for permission in Permission
    ]
    codes = re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", text, re.MULTILINE)
    assert {code: int(status) for status, code in codes} == {code: status for code, (status, _) in CATALOGUE.items()}


def test_what_is_served_is_what_is_committed(app: Any) -> None:
    answer = app.test_client().get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json == json.loads((openapi.FOLDER / "openapi.json").read_text())
    assert "Set-Cookie" not in answer.headers


def test_it_is_openapi_3_1() -> None:
    """By the schema that the OpenAPI Initiative publishes, and the meta-schema of JSON Schema for what is inside."""
    assert document()["openapi"] == "3.1.0"
    assert [error.message for error in jsonschema_rs.validator_for(OPENAPI_31).iter_errors(document())] == []
    schemas = [found for found in _walk(document()) if "schema" in found]
    assert len(schemas) > 100
    for found in [*(found["schema"] for found in schemas), *document()["components"]["schemas"].values()]:
        jsonschema_rs.meta.validate(found)


def test_every_reference_leads_somewhere_and_every_component_is_referred_to() -> None:
    named = {found["$ref"] for found in _walk(document()) if isinstance(found.get("$ref"), str)}
    kinds = ("schemas", "headers", "parameters")
    there = {f"#/components/{kind}/{name}" for kind in kinds for name in document()["components"][kind]}
    assert named == there
    schemes = {name for _, _, operation in _each() for needed in operation["security"] for name in needed}
    assert schemes == document()["components"]["securitySchemes"].keys()


def test_the_sign_in_api_is_what_was_promised() -> None:
    prefix = "/t/{tenant_slug}/api/v1/auth/"
    found = {f"{method.upper()} {path.removeprefix(prefix)}" for path, method, _ in _each() if path.startswith(prefix)}
    assert found == PROMISED


def test_every_permission_opens_something_and_every_operation_says_which_it_needs() -> None:
    needed: set[str] = set()
    for path, _, operation in _each():
        if "x-permission" not in operation:
            continue
        permission = operation["x-permission"]
        needed.add(permission)
        assert operation["security"] == [{"management": [permission]}]
        assert operation["description"].endswith(f"Needs the permission `{permission}`.")
        assert "permission-needed" in operation["responses"]["403"]["content"]["application/problem+json"]["examples"]
        assert path.startswith("/api/v1/") == (permission not in catalogue("acme"))
    # Who may make owners is asked where roles are given, beside the permission for that.
    assert needed == set(Permission) - {Permission.OWNERS_WRITE}


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"].endswith(".")
    assert len(operation["tags"]) == 1
    assert "security" in operation
    assert any(status[0] in "23" for status in operation["responses"])
    parameters = [*operation.get("parameters", ()), *document()["paths"][path].get("parameters", ())]
    parameters = [document()["components"]["parameters"]["tenant_slug"] if "$ref" in it else it for it in parameters]
    assert {it["name"] for it in parameters if it["in"] == "path"} == set(re.findall(r"{([^}]+)}", path))
    for parameter in parameters:
        assert parameter.get("description"), parameter["name"]
    for status, answer in operation["responses"].items():
        assert answer["description"], status


def test_the_collection_calls_every_operation() -> None:
    assert {operation["operationId"] for _, _, operation in _each()} == postman.WALK


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_example_is_what_its_schema_says(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation.get("description") or not path.startswith("/t/{tenant_slug}/oauth")
    contents = [answer.get("content", {}) for answer in operation["responses"].values()]
    contents.append(operation.get("requestBody", {}).get("content", {}))
    for media in (
        media for content in contents for kind, media in content.items() if kind.split("/")[0] not in NO_JSON
    ):
        examples = [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]
        assert examples
        for example in examples:
            assert why_not(media["schema"], example) is None, example


def test_no_two_operations_share_a_name() -> None:
    names = [operation["operationId"] for _, _, operation in _each()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_an_error_of_ours_with_that_status(code: str) -> None:
    """The registered names of the protocol are `OAuthError.error`; their status is where they are raised."""
    protocol = {"invalid-request", "invalid-scope", "invalid-target", "invalid-grant", "unauthorized-client"}
    protocol |= {"invalid-client", "invalid-token", "insufficient-scope"}
    status = CATALOGUE[code][0]
    assert status in TITLES
    if code not in protocol:
        kinds = [kind for kind in every_error() if kind.code == code]
        assert [status_of(kind.__new__(kind)) for kind in kinds] == [status], code


def test_nothing_in_it_is_a_secret_of_anybody() -> None:
    text = (openapi.FOLDER / "idp.postman_environment.json").read_text()
    values = {entry["key"]: entry["value"] for entry in json.loads(text)["values"]}
    assert values == postman.VARIABLES | {"base_url": openapi.BASE_URL}
    assert not re.search(r"/(root|home|tmp|work)/", (openapi.FOLDER / "openapi.json").read_text())


def test_what_a_tenant_is_shown_is_about_that_tenant(app: Any) -> None:
    """Its endpoints, its scopes, and what can be done there; the platform API is in that of `system` alone."""
    told = app.test_client().get("/openapi.json?tenant=acme").json
    assert jsonschema_rs.validator_for(OPENAPI_31).is_valid(told)
    flow = told["components"]["securitySchemes"]["management"]["flows"]["authorizationCode"]
    assert flow["authorizationUrl"] == f"{openapi.BASE_URL}/t/acme/oauth/authorize"
    assert flow["scopes"].keys() == catalogue("acme")
    assert told["components"]["parameters"]["tenant_slug"]["schema"]["default"] == "acme"
    assert told["paths"].keys() == {path for path in document()["paths"] if not path.startswith("/api/v1/")}
    of_system = app.test_client().get("/openapi.json?tenant=system").json
    assert of_system["paths"] == document()["paths"]
    scopes = of_system["components"]["securitySchemes"]["management"]["flows"]["clientCredentials"]["scopes"]
    assert scopes.keys() == set(Permission)


@pytest.mark.parametrize("slug", ["", "A", "a", "acme/", "-acme", "acme%0a", "a" * 41, "%3Cscript%3E"])
def test_what_cannot_be_a_tenant_is_refused_in_a_sentence(app: Any, slug: str) -> None:
    answer = app.test_client().get(f"/openapi.json?tenant={slug}")
    assert (answer.status_code, answer.json["code"]) == (404, "no-such-tenant")
    page = app.test_client().get(f"/docs?tenant={slug}")
    assert page.status_code == 404
    assert 'role="alert"' in page.text
    assert "<script>" not in page.text


def test_metadata_is_as_it_is_described(app: Any, tenant: Any) -> None:
    """Every member that discovery gives is in the schema, and the other way round."""
    told = app.test_client().get(f"/t/{tenant.slug}/.well-known/openid-configuration").json
    described = document()["components"]["schemas"]["Metadata"]
    assert told.keys() == described["properties"].keys() == set(described["required"])
    assert why_not({"$ref": "#/components/schemas/Metadata"}, told) is None
    keys = app.test_client().get(f"/t/{tenant.slug}/jwks.json").json
    assert why_not({"$ref": "#/components/schemas/KeySet"}, keys) is None


@pytest.mark.parametrize("address", ["/docs", "/docs?tenant=acme", "/docs/oauth2-redirect.html"])
def test_the_page_brings_everything_itself(app: Any, address: str) -> None:
    """R41, R66: our files only, nothing inline."""
    page = app.test_client().get(address)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:" in policy
    assert "connect-src 'self'; form-action 'self'" in policy
    assert "unsafe" not in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    for found in addresses:
        assert found.startswith("/")
        with app.test_client().get(found) as asset:
            assert asset.status_code == 200
    assert not re.search(r"<script>|<style| on[a-z]+=", page.text)
    assert "Cross-Origin-Opener-Policy" not in page.headers
