"""The OpenAPI document: complete, honest, committed as it is served (OpenAPI 3.1)."""

import json
import re
from typing import Any

import pytest

from idp.api.problems import CATALOGUE, TITLES
from idp.dev import openapi, postman
from idp.http.problems import status_of
from tests.api.conformance import document, why_not
from tests.architecture.test_house_rules import every_error

OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
]
OURS = [parameter for parameter in OPERATIONS if "/api/v1/" in str(parameter.values[0])]
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


def test_what_is_served_is_what_is_committed(app: Any) -> None:
    answer = app.test_client().get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json == json.loads((openapi.FOLDER / "openapi.json").read_text())
    assert "Set-Cookie" not in answer.headers


def test_the_operations_are_those_that_were_promised() -> None:
    prefix = "/t/{tenant_slug}/api/v1/auth/"
    found = {
        f"{method.upper()} {str(path).removeprefix(prefix)}"
        for path, method, _ in (parameter.values for parameter in OURS)  # type: ignore[misc]
    }
    assert found == PROMISED
    assert document()["openapi"] == "3.1.0"


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"].endswith(".")
    assert len(operation["tags"]) == 1
    assert "security" in operation
    assert any(status.startswith("2") for status in operation["responses"])
    assert operation["operationId"] in postman.WALK


@pytest.mark.parametrize(("path", "method", "operation"), OURS)
def test_every_example_is_what_its_schema_says(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["description"]
    contents = [answer.get("content", {}) for answer in operation["responses"].values()]
    contents.append(operation.get("requestBody", {}).get("content", {}))
    for media in (media for content in contents for media in content.values()):
        examples = [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]
        assert examples
        for example in examples:
            assert why_not(media["schema"], example) is None, example


def test_no_two_operations_share_a_name() -> None:
    names = [operation["operationId"] for _, _, operation in (parameter.values for parameter in OPERATIONS)]  # type: ignore[misc]
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


def test_the_page_brings_everything_itself(app: Any) -> None:
    """R41, R66: our files only, nothing inline."""
    page = app.test_client().get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:" in policy
    assert "unsafe" not in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert address.startswith("/")
        with app.test_client().get(address) as asset:
            assert asset.status_code == 200
    assert "<script>" not in page.text
