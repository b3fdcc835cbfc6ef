"""Many people in one call: each by itself, all of them quickly, and once (R45, R46, R62)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from idp.events.models import Event, OutboxMessage
from idp.users import bulk
from idp.users import service as users
from idp.users.models import User
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People

STATEMENTS = 20
"""More would be one for each of them."""


def thousand() -> dict[str, Any]:
    return {"users": [{"email": f"p{number}@example.com", "given_name": f"P{number}"} for number in range(1000)]}


def test_what_is_wrong_with_one_does_no_harm_to_another(admin: Caller) -> None:
    assert admin.post("/users", {"email": "ida@example.com"}).status_code == 201
    sent: list[Any] = [
        {"email": "a@example.com", "name": "A", "address": {"country": "AT"}},
        {"email": "A@Example.com"},
        {"email": "ida@example.com"},
        {"email": 5},
        {"email": "b@example.com", "password": "x"},
        {"email": "not an address"},
        {"email": "b@example.com", "locale": "no locale!"},
        {"email": "b@example.com", "roles": ["owner"]},
        {"email": "b@example.com", "id": str(NOBODY)},
        {"email": "b@example.com", "name": "a\x00b"},
        {"email": "b@example.com", "address": {"street": "x"}},
        {},
        None,
        5,
        [],
        {"email": "b@example.com", "send_invitation": True},
        {"email": "b@example.com"},
    ]
    answer = admin.post("/users/bulk", {"users": sent})
    assert (answer.status_code, answer.json["created"], answer.json["refused"]) == (200, 2, 15)
    results = answer.json["results"]
    assert [result["index"] for result in results] == list(range(len(sent)))
    made, refused = [results[0], results[-1]], results[1:-1]
    assert {result["status"] for result in made} == {"created"}
    assert [admin.get(f"/users/{UUID(each['id'])}").json["email"] for each in made] == [
        "a@example.com",
        "b@example.com",
    ]
    assert {result["status"] for result in refused} == {"refused"}
    codes = [result["error"]["code"] for result in refused]
    assert codes == ["email-taken", "email-taken", "body-invalid", "body-invalid", "email-invalid"] + 10 * [
        "body-invalid"
    ]
    assert [result["error"]["errors"][0]["pointer"] for result in refused] == [
        "/users/1/email",
        "/users/2/email",
        "/users/3/email",
        "/users/4/password",
        "/users/5/email",
        "/users/6/locale",
        "/users/7/roles",
        "/users/8/id",
        "/users/9/name",
        "/users/10/address/street",
        "/users/11/email",
        "/users/12",
        "/users/13",
        "/users/14",
        "/users/15/send_invitation",
    ]


def test_a_thousand_at_once_take_few_statements_and_come_once(admin: Caller, people: People) -> None:
    headers = {"Idempotency-Key": "the-import-of-monday"}
    statements: list[str] = []
    engine = people.wiring.app
    note = lambda _c, _k, statement, *_rest: statements.append(statement)  # noqa: E731 - removed by its name
    event.listen(engine, "before_cursor_execute", note)
    try:
        first = admin.post("/users/bulk", thousand(), headers=headers)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert (first.json["created"], first.json["refused"]) == (1000, 0)
    assert len(statements) <= STATEMENTS
    again = admin.post("/users/bulk", thousand(), headers=headers)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    other = admin.post("/users/bulk", {"users": thousand()["users"][:1]}, headers=headers)
    assert other.json["code"] == "idempotency-key-reused"
    assert admin.post("/users/bulk", thousand()).json["refused"] == 1000
    with people.unit() as uow:
        created = select(func.count()).select_from(Event).where(Event.type == "user.created")
        assert uow.session.scalar(created.where(Event.data["via"].astext == "bulk")) == 1000
        mailed = select(func.count()).select_from(OutboxMessage)
        assert uow.session.scalar(mailed.where(OutboxMessage.payload["to"].astext.like("p%@example.com"))) == 0


def test_too_many_none_and_something_else_are_refused_as_a_whole(admin: Caller) -> None:
    too_many = {"users": [*thousand()["users"], {"email": "one-more@example.com"}]}
    for body in (too_many, {"users": []}, {"users": {}}, {"users": None}, {}, {**too_many, "atomic": True}):
        assert admin.post("/users/bulk", body).json["code"] == "body-invalid"
    assert len(admin.get("/users").json["items"]) == 1


def test_adding_many_takes_the_permission_that_adding_one_takes(machine: Callable[..., Caller]) -> None:
    reader = machine(scope="users:read", roles=("admin",))
    assert reader.post("/users/bulk", thousand()).json["code"] == "permission-needed"


def test_somebody_elses_addresses_are_free_here(admin: Caller, others: People) -> None:
    others.user(email="xaver@example.com")
    assert admin.post("/users/bulk", {"users": [{"email": "xaver@example.com"}]}).json["created"] == 1


def test_one_after_the_other_and_nobody_waits(admin: Caller, people: People, others: People) -> None:
    body = {"users": [{"email": "a@example.com"}]}
    headers = {"Idempotency-Key": "sent-until-it-is-done"}
    with people.unit() as uow:
        bulk.create_all(uow, [bulk.read({"email": "b@example.com"})])
        busy = admin.post("/users/bulk", body, headers=headers)
        assert (busy.status_code, busy.json["code"], busy.headers["Retry-After"]) == (503, "bulk-busy", "2")
        with others.unit() as elsewhere:
            assert isinstance(bulk.create_all(elsewhere, [bulk.read({"email": "c@example.com"})])[0], User)
    assert admin.post("/users/bulk", body, headers=headers).json["created"] == 1


def test_one_who_is_added_meanwhile_is_waited_for(admin: Caller, people: People) -> None:
    """The same address, one by one and among many: whoever comes second is told."""
    with ThreadPoolExecutor(1) as pool:
        with people.unit() as uow:
            users.create(uow, email="a@example.com", via="api")
            uow.flush()
            many = pool.submit(admin.post, "/users/bulk", {"users": [{"email": "A@example.com"}]})
            with pytest.raises(FutureTimeout):
                many.result(timeout=1)
        refused = many.result(timeout=10).json["results"][0]
    assert refused["error"]["code"] == "email-taken"
