"""Operators who ask for the same at the same moment (R62)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import func, select

from idp.events.models import Event
from idp.ids import new_id
from idp.rbac.models import OperatorAccess
from tests.api.management.callers import Caller
from tests.api.platform.conftest import REASON, Acting
from tests.factories import People

TRIES = 4


def at_once(act: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(TRIES) as pool:
        return [each.result() for each in [pool.submit(act) for _ in range(TRIES)]]


def wanted() -> dict[str, Any]:
    return {"slug": f"r-{new_id().hex[-12:]}", "name": "Acme", "admin": {"email": "ida@example.com"}}


def test_a_slug_is_given_once(operator: Caller) -> None:
    body = wanted()
    answers = at_once(lambda: operator.post("/tenants", body))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * (TRIES - 1)]
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} == {"slug-taken"}


def test_one_key_at_once_makes_one_tenant_and_everybody_hears_of_it(operator: Caller) -> None:
    body, headers = wanted(), {"Idempotency-Key": f"key-{new_id()}"}
    answers = at_once(lambda: operator.post("/tenants", body, headers=headers))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1


def test_one_key_at_once_begins_one_access(acting: Acting, people: People) -> None:
    body, headers = {"reason": REASON, "minutes": 5, "permissions": ["users:read"]}, {"Idempotency-Key": "once-at-once"}
    answers = at_once(lambda: acting.operator.post(acting.url, body, headers=headers))
    assert len({answer.json["access_token"] for answer in answers}) == 1
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(OperatorAccess)) == 1


def test_an_access_that_is_ended_by_many_ends_once(acting: Acting, people: People) -> None:
    acting.begin("users:read")
    answers = at_once(lambda: acting.operator.delete(f"{acting.url}/{acting.begun['id']}"))
    assert {answer.status_code for answer in answers} == {204}
    with people.unit() as uow:
        ended = select(func.count()).select_from(Event).where(Event.type == "operator_access.ended")
        assert uow.session.scalar(ended) == 1
