"""Public documents from memory: the same bytes, no Flask, and never for a request that could differ (R20)."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from idp.http.documents import PublicDocuments
from idp.keys import service as keys
from idp.tenants import resolve
from idp.tenants.models import Tenant

HOST = "localhost:8000"


@pytest.fixture
def asked(app: Flask) -> list[str]:
    """Paths that reached the application."""
    return []


@pytest.fixture
def client(app: Flask, asked: list[str]) -> Client:
    def counting(environ: dict[str, Any], start_response: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return app.wsgi_app(environ, start_response)

    return Client(PublicDocuments(counting, HOST))


def get(client: Client, tenant: Tenant, document: str, **kwargs: Any) -> TestResponse:
    return client.get(f"/t/{tenant.slug}/{document}", base_url=f"http://{HOST}", **kwargs)


@pytest.mark.parametrize("document", ["jwks.json", ".well-known/openid-configuration"])
def test_the_second_reader_is_answered_from_memory(
    client: Client, tenant: Tenant, asked: list[str], document: str
) -> None:
    first, second = get(client, tenant, document), get(client, tenant, document)
    assert first.data == second.data
    assert len(asked) == 1
    for name in ("Content-Type", "Cache-Control", "ETag", "X-Content-Type-Options"):
        assert first.headers[name] == second.headers[name]
    assert "X-Request-Id" not in second.headers


@pytest.mark.parametrize(
    "kwargs",
    [
        {"headers": {"Origin": "https://app.example.com"}},
        {"headers": {"If-None-Match": '"x"'}},
        {"query_string": "a=b"},
    ],
)
def test_a_request_that_could_differ_is_never_answered_from_memory(
    client: Client, tenant: Tenant, asked: list[str], kwargs: dict[str, Any]
) -> None:
    get(client, tenant, "jwks.json")
    get(client, tenant, "jwks.json", **kwargs)
    assert len(asked) == 2


def test_another_host_is_refused_although_the_document_is_known(client: Client, tenant: Tenant) -> None:
    """R35."""
    get(client, tenant, "jwks.json")
    refused = client.get(f"/t/{tenant.slug}/jwks.json", base_url="http://evil.example.com")
    assert refused.status_code == 400


def test_an_unknown_tenant_is_not_remembered(client: Client, asked: list[str]) -> None:
    for _ in range(2):
        assert client.get("/t/nobody/jwks.json", base_url=f"http://{HOST}").status_code == 404
    assert len(asked) == 2


def test_what_is_remembered_grows_old(client: Client, tenant: Tenant, asked: list[str]) -> None:
    get(client, tenant, "jwks.json")
    front: Any = client.application
    front._kept.clear()
    keys.forget()
    resolve.forget()
    assert get(client, tenant, "jwks.json").status_code == 200
    assert len(asked) == 2
