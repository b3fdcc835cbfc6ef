"""Domains by the management API, proven at a real name server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select

from idp import txt_records
from idp.config import Settings
from idp.events.models import Event
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


@pytest.mark.parametrize("kind", ["broken", "silent", "garbled", "truncated"])
def test_name_servers_that_do_not_answer_prove_nothing(
    admin: Caller, server: NameServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(txt_records, "LIFETIME_SECONDS", 0.3)
    added = admin.post("/domains", {"domain": f"{kind}.example"}).json
    getattr(server, kind).add(added["record_name"])
    answer = admin.post(f"/domains/{added['id']}/verify")
    assert (answer.status_code, answer.json["code"]) == (422, "domain-not-proven")
    assert answer.json["detail"].startswith("No name server gave an answer that makes sense")
    assert added["record_name"] in answer.json["detail"]
    assert added["record_value"] in answer.json["detail"]


def test_when_somebody_looked_last_is_told_whatever_was_found(admin: Caller, server: NameServer) -> None:
    added = admin.post("/domains", {"domain": "checked.example"}).json
    assert (added["checked_at"], added["verified_at"]) == (None, None)
    url = f"/domains/{added['id']}"
    assert admin.post(f"{url}/verify").status_code == 422
    first = admin.get(url).json
    assert (first["checked_at"] is None, first["verified_at"]) == (False, None)
    assert admin.post(f"{url}/verify").status_code == 422
    assert admin.get(url).json["checked_at"] > first["checked_at"]


def test_a_look_up_that_found_nothing_is_no_answer_for_the_next(admin: Caller, server: NameServer) -> None:
    """A refusal is not remembered, whatever it left written."""
    added = admin.post("/domains", {"domain": "again.example"}).json
    verify, headers = f"/domains/{added['id']}/verify", {"Idempotency-Key": "the-same-every-time"}
    assert admin.post(verify, headers=headers).json["code"] == "domain-not-proven"
    assert admin.get(f"/domains/{added['id']}").json["checked_at"] is not None
    server.records[added["record_name"]] = [added["record_value"]]
    proven = admin.post(verify, headers=headers)
    assert proven.json["verified_at"] is not None
    again = admin.post(verify, headers=headers)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (proven.json, "true")


def test_a_look_up_waits_for_no_place(admin: Caller, server: NameServer) -> None:
    url = f"/domains/{admin.post('/domains', {'domain': 'crowd.example'}).json['id']}"
    with ExitStack() as held:
        for _ in range(txt_records.CONCURRENT_LOOK_UPS):
            held.enter_context(txt_records._places)
        answer = admin.post(f"{url}/verify")
    assert (answer.status_code, answer.json["code"]) == (503, "too-many-look-ups")
    assert "Retry-After" in answer.headers
    assert admin.get(url).json["checked_at"] is None


def test_proofs_are_tried_so_often_and_no_oftener(admin: Caller, granted: Callable[..., None]) -> None:
    added = admin.post("/domains", {"domain": "often.example"}).json
    granted(limit_proof_ip="1/day")
    assert admin.post(f"/domains/{added['id']}/verify").json["code"] == "domain-not-proven"
    refused = admin.post(f"/domains/{added['id']}/verify")
    assert (refused.status_code, refused.json["code"]) == (429, "too-many-requests")
    assert "Retry-After" in refused.headers


def test_what_happens_to_a_domain_is_in_the_log(admin: Caller, people: People, server: NameServer) -> None:
    added = admin.post("/domains", {"domain": "logged.example"}).json
    server.records[added["record_name"]] = [added["record_value"]]
    for _ in range(2):
        assert admin.post(f"/domains/{added['id']}/verify").status_code == 200
    admin.delete(f"/domains/{added['id']}")
    with people.unit() as uow:
        events = uow.session.scalars(
            select(Event)
            .where(Event.type.in_(["domain.added", "domain.verified", "domain.removed"]))
            .order_by(Event.id)
        ).all()
    assert [event.type for event in events] == ["domain.added", "domain.verified", "domain.removed"]
    assert {(event.actor_id, str(event.target_id)) for event in events} == {(admin.id, added["id"])}
    assert [event.data for event in events] == [{"domain": "logged.example"}] * 3


@pytest.mark.parametrize(
    "domain", ["acme", "not a domain", "a..b", "x" * 254, "http://acme.example", "*.acme.example", "-a.example"]
)
def test_what_is_no_domain_is_told(admin: Caller, domain: str) -> None:
    refused = admin.post("/domains", {"domain": domain})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == ["/domain"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/domain"),
        ({"domain": None}, "/domain"),
        ({"domain": 5}, "/domain"),
        ({"domain": ["acme.example"]}, "/domain"),
        ({"domain": ""}, "/domain"),
        ({"domain": "acme\u0000.example"}, "/domain"),
        ({"domain": "acme.example", "verified_at": "2026-11-24T09:12:00Z"}, "/verified_at"),
        ({"domain": "acme.example", "challenge": "mine"}, "/challenge"),
    ],
)
def test_a_body_that_is_none_is_pointed_at(admin: Caller, body: dict[str, Any], pointer: str) -> None:
    refused = admin.post("/domains", body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert admin.get("/domains").json["items"] == []


def test_whoever_may_only_look_changes_nothing(
    app: Any, admin: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    url = f"/domains/{admin.post('/domains', {'domain': 'acme.example'}).json['id']}"
    reader = machine(scope="domains:read", roles=("admin",))
    member = person_caller(app, people, email="mia@example.com", roles=("member",))
    assert reader.get(url).status_code == 200
    for who, calls in (
        (reader, (("POST", "/domains"), ("POST", f"{url}/verify"), ("DELETE", url))),
        (member, (("GET", "/domains"), ("GET", url), ("POST", f"{url}/verify"), ("DELETE", url))),
    ):
        for method, path in calls:
            assert who.call(method, path).json["code"] == "permission-needed", (method, path)
    assert admin.get(url).json["checked_at"] is None


def test_a_domain_is_added_once_and_in_ascii(admin: Caller) -> None:
    assert admin.post("/domains", {"domain": "straße.example"}).json["domain"] == "xn--strae-oqa.example"
    assert admin.post("/domains", {"domain": "xn--strae-oqa.example"}).json["code"] == "domain-taken"


def test_two_tenants_have_challenges_of_their_own(admin: Caller, app: Any, others: People) -> None:
    other = person_caller(app, others, email="xaver@example.com", roles=("admin",))
    mine, theirs = (who.post("/domains", {"domain": "acme.example"}).json for who in (admin, other))
    assert mine["record_value"] != theirs["record_value"]
    assert admin.get(f"/domains/{theirs['id']}").json["code"] == "no-such-domain"
    for method, path in (("POST", "/verify"), ("DELETE", "")):
        assert admin.call(method, f"/domains/{theirs['id']}{path}").json["code"] == "no-such-domain"
    assert other.get(f"/domains/{theirs['id']}").json == theirs
