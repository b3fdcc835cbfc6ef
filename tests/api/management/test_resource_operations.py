"""The tenant's own APIs and their permissions by the management API (RFC 8707)."""

from typing import Any

import pytest

from tests.api.management.callers import Caller
from tests.factories import NOBODY, People

API = {"identifier": "https://api.example.com", "name": "Invoices", "scope": ["invoices:read"]}


@pytest.fixture
def api(admin: Caller) -> dict[str, Any]:
    made = admin.post("/resources", API)
    assert made.status_code == 201, made.text
    document: dict[str, Any] = made.json
    return document


def test_an_api_is_registered_changed_and_deleted(admin: Caller, api: dict[str, Any]) -> None:
    url = f"/resources/{api['id']}"
    shown = admin.get(url)
    assert shown.json == api
    changed = admin.patch(
        url, {"scope": ["invoices:read", "invoices:write"]}, headers={"If-Match": shown.headers["ETag"]}
    )
    assert changed.json["scope"] == ["invoices:read", "invoices:write"]
    assert admin.patch(url, {"name": "x"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert [item["id"] for item in admin.get("/resources").json["items"]] == [api["id"]]
    assert admin.delete(url).status_code == 204
    assert admin.get(url).json["code"] == "no-such-resource"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"identifier": "http://localhost:8000/t/x/api/v1"}, "client-metadata-invalid"),
        ({"identifier": "not a uri"}, "client-metadata-invalid"),
        ({"scope": ["users:read"]}, "client-metadata-invalid"),
        ({"scope": ["openid"]}, "client-metadata-invalid"),
        ({"scope": []}, "body-invalid"),
        ({"scope": "invoices:read"}, "body-invalid"),
        ({"client_id": str(NOBODY)}, "client-metadata-invalid"),
        ({"client_id": "x"}, "body-invalid"),
        ({"name": ""}, "body-invalid"),
        ({"tenant_id": str(NOBODY)}, "body-invalid"),
    ],
)
def test_what_cannot_be_registered_is_told(admin: Caller, change: dict[str, Any], code: str) -> None:
    assert admin.post("/resources", {**API, **change}).json["code"] == code


def test_a_scope_belongs_to_one_api(admin: Caller, api: dict[str, Any]) -> None:
    other = {**API, "identifier": "https://other.example.com"}
    assert admin.post("/resources", other).json["code"] == "resource-taken"
    made = admin.post("/resources", {**other, "scope": ["notes:read"]}).json
    assert admin.patch(f"/resources/{made['id']}", {"scope": ["invoices:read"]}).json["code"] == "resource-taken"


def test_a_permission_is_defined_and_taken_from_every_role(admin: Caller, api: dict[str, Any]) -> None:
    url = f"/resources/{api['id']}/permissions/invoices:approve"
    assert admin.put(url, {"description": "Approve"}).json == {"name": "invoices:approve", "description": "Approve"}
    assert admin.put(url, {"description": "Approve them"}).json["description"] == "Approve them"
    role = admin.post("/roles", {"name": "clerk", "permissions": ["invoices:approve"]}).json
    assert admin.get(f"/resources/{api['id']}").json["permissions"][0]["name"] == "invoices:approve"
    assert admin.delete(url).status_code == 204
    assert admin.delete(url).json["code"] == "no-such-permission"
    assert admin.get(f"/roles/{role['id']}").json["permissions"] == []
    assert admin.post("/roles", {"name": "other", "permissions": ["invoices:approve"]}).json["code"] == "role-invalid"


def test_the_permissions_of_an_api_are_listed_by_name(admin: Caller, api: dict[str, Any]) -> None:
    other = admin.post("/resources", {**API, "identifier": "https://other.example.com", "scope": ["other:read"]}).json
    url = f"/resources/{api['id']}/permissions"
    for path in (f"{url}/invoices:see", f"{url}/invoices:approve", f"/resources/{other['id']}/permissions/other:do"):
        assert admin.put(path, {}).status_code == 200
    first = admin.get(f"{url}?limit=1").json
    assert [item["name"] for item in first["items"]] == ["invoices:approve"]
    rest = admin.get(f"{url}?limit=1&cursor={first['next_cursor']}").json
    assert ([item["name"] for item in rest["items"]], rest["next_cursor"]) == (["invoices:see"], None)
    assert admin.get(f"/resources/{NOBODY}/permissions").json["code"] == "no-such-resource"


def test_an_api_has_a_client_that_introspects(admin: Caller, api: dict[str, Any]) -> None:
    client = admin.post("/clients", {"client_name": "API", "type": "machine"}).json["client_id"]
    url = f"/resources/{api['id']}"
    changed = admin.patch(url, {"client_id": client, "permissions_claim": True, "name": "Bills"}).json
    assert (changed["client_id"], changed["permissions_claim"], changed["name"]) == (client, True, "Bills")
    assert changed["updated_at"] > api["updated_at"]
    assert admin.patch(url, {"identifier": "https://x.example.com"}).json["code"] == "body-invalid"
    assert admin.delete(f"/clients/{client}").status_code == 204
    assert admin.get(url).json["client_id"] is None


@pytest.mark.parametrize("name", ["approve", "Invoices:approve", "a:b:c", "*", "a:" + "b" * 60])
def test_a_permission_has_a_form(admin: Caller, api: dict[str, Any], name: str) -> None:
    assert admin.put(f"/resources/{api['id']}/permissions/{name}", {}).json["code"] == "permission-invalid"


def test_a_permission_of_the_product_is_nobody_elses(admin: Caller, api: dict[str, Any]) -> None:
    assert admin.put(f"/resources/{api['id']}/permissions/users:read", {}).json["code"] == "permission-taken"


def test_deleting_an_api_takes_its_permissions_from_the_roles(admin: Caller, api: dict[str, Any]) -> None:
    admin.put(f"/resources/{api['id']}/permissions/invoices:approve", {})
    role = admin.post("/roles", {"name": "clerk", "permissions": ["invoices:approve"]}).json
    assert admin.delete(f"/resources/{api['id']}").status_code == 204
    assert admin.get(f"/roles/{role['id']}").json["permissions"] == []


def test_another_tenants_api_does_not_exist(admin: Caller, others: People) -> None:
    stranger = others.resource()
    for method, path, body in (("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None)):
        assert admin.call(method, f"/resources/{stranger.id}{path}", body).json["code"] == "no-such-resource"
    assert admin.put(f"/resources/{stranger.id}/permissions/a:b", {}).json["code"] == "no-such-resource"
