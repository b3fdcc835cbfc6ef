"""Domains by the management API, proven at a real name server."""

from collections.abc import Iterator
from typing import Any

import pytest

from idp.config import Settings
from idp.wiring import Wiring
from tests.api.management.callers import Caller, person_caller
from tests.dns_server import NameServer, name_server
from tests.factories import People


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server() as started:
        yield started


@pytest.fixture
def admin(settings: Settings, wiring: Wiring, people: People, server: NameServer) -> Caller:
    """At an application that asks our name server."""
    from idp.app import create_app

    app = create_app(settings.model_copy(update={"dns_servers": (server.address,)}), wiring)
    return person_caller(app, people, email="adam@example.com", roles=("admin",))


def test_a_domain_is_proven_by_its_record(admin: Caller, server: NameServer) -> None:
    added = admin.post("/domains", {"domain": "Acme.EXAMPLE"}).json
    assert (added["domain"], added["record_name"]) == ("acme.example", "_idp-challenge.acme.example")
    verify = f"/domains/{added['id']}/verify"
    refused = admin.post(verify)
    assert refused.json["code"] == "domain-not-proven"
    assert added["record_value"] in refused.json["detail"]
    server.records[added["record_name"]] = ["v=spf1 -all", "idp-verify=somebody-elses"]
    assert admin.post(verify).json["code"] == "domain-not-proven"
    server.records[added["record_name"]].append(added["record_value"])
    proven = admin.post(verify).json
    assert proven["verified_at"] is not None
    server.records.clear()
    assert admin.post(verify).json["code"] == "domain-not-proven"
    assert admin.get(f"/domains/{added['id']}").json["verified_at"] == proven["verified_at"]
    assert [item["id"] for item in admin.get("/domains?filter[status]=verified").json["items"]] == [added["id"]]
    assert admin.delete(f"/domains/{added['id']}").status_code == 204
    assert admin.get(f"/domains/{added['id']}").json["code"] == "no-such-domain"


def test_name_servers_that_fail_are_an_outage_and_no_verdict(admin: Caller, server: NameServer) -> None:
    added = admin.post("/domains", {"domain": "broken.example"}).json
    server.broken.add(added["record_name"])
    answer = admin.post(f"/domains/{added['id']}/verify")
    assert (answer.status_code, answer.json["code"], "Retry-After" in answer.headers) == (
        503,
        "name-servers-silent",
        True,
    )


@pytest.mark.parametrize(
    "domain", ["acme", "not a domain", "a..b", "x" * 254, "http://acme.example", "*.acme.example", "-a.example"]
)
def test_what_is_no_domain_is_told(admin: Caller, domain: str) -> None:
    assert admin.post("/domains", {"domain": domain}).status_code == 422


def test_a_domain_is_added_once_and_in_ascii(admin: Caller) -> None:
    assert admin.post("/domains", {"domain": "straße.example"}).json["domain"] == "xn--strae-oqa.example"
    assert admin.post("/domains", {"domain": "xn--strae-oqa.example"}).json["code"] == "domain-taken"


def test_two_tenants_have_challenges_of_their_own(admin: Caller, app: Any, others: People) -> None:
    other = person_caller(app, others, email="xaver@example.com", roles=("admin",))
    mine, theirs = (who.post("/domains", {"domain": "acme.example"}).json for who in (admin, other))
    assert mine["record_value"] != theirs["record_value"]
    assert admin.get(f"/domains/{theirs['id']}").json["code"] == "no-such-domain"
