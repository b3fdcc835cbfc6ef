"""What a tenant may spend, and what it has spent, by the management API (R28)."""

import dataclasses
from collections.abc import Callable
from typing import Any

from idp.budget import Budget
from idp.config import Settings
from idp.http.limiter import Limiter
from idp.wiring import Wiring
from tests.api.management.callers import Caller, person_caller
from tests.factories import People


def found(caller: Caller) -> dict[str, dict[str, Any]]:
    return {item["setting"]: item for item in caller.get("/limits").json["items"]}


def test_every_limit_of_the_budget_is_shown(admin: Caller, granted: Callable[..., None]) -> None:
    granted(limit_sign_in_ip="7 per 2 hours")
    shown = found(admin)
    assert shown.keys() == Budget.model_fields.keys()
    assert shown["limit_sign_in_ip"] == {
        "name": "sign-in-ip",
        "setting": "limit_sign_in_ip",
        "by": "ip",
        "allowance": "7 per 2 hours",
        "amount": 7,
        "window_seconds": 7200,
        "used": None,
    }
    assert (shown["limit_tenant"]["amount"], shown["limit_tenant"]["window_seconds"]) == (30_000, 60)


def test_what_is_used_of_the_whole_grows_with_each_request(admin: Caller, granted: Callable[..., None]) -> None:
    granted(limit_tenant="1000/day")
    before = found(admin)["limit_tenant"]["used"]
    assert before >= 1
    admin.get("/settings")
    assert found(admin)["limit_tenant"]["used"] == before + 2
    assert {item["used"] for name, item in found(admin).items() if name != "limit_tenant"} == {None}


def test_what_is_used_is_unknown_where_a_process_counts_alone(
    settings: Settings, wiring: Wiring, people: People
) -> None:
    from idp.app import create_app

    alone = create_app(settings, dataclasses.replace(wiring, limiter=Limiter(None, processes=1)))
    admin = person_caller(alone, people, email="adam@example.com", roles=("admin",))
    assert {item["used"] for item in found(admin).values()} == {None}


def test_limits_are_the_operators_to_set(admin: Caller) -> None:
    refused = admin.patch("/settings", {"limit_tenant": "1/minute"})
    assert [error["pointer"] for error in refused.json["errors"]] == ["/limit_tenant"]
    for method in ("PATCH", "PUT", "POST", "DELETE"):
        assert admin.call(method, "/limits", {}).status_code == 405


def test_another_tenant_spends_its_own(app: Any, admin: Caller, others: People, granted: Callable[..., None]) -> None:
    granted(limit_tenant="1000/day")
    admin.get("/settings")
    before = found(admin)["limit_tenant"]["used"]
    other = person_caller(app, others, email="xaver@example.com", roles=("admin",))
    assert found(other)["limit_tenant"]["allowance"] == Budget().limit_tenant
    assert found(admin)["limit_tenant"]["used"] == before + 1


def test_limits_are_for_those_who_may_see_them(app: Any, people: People, machine: Callable[..., Caller]) -> None:
    assert machine(scope="limits:read", roles=("admin",)).get("/limits").status_code == 200
    assert machine(scope="settings:read", roles=("admin",)).get("/limits").json["code"] == "permission-needed"
    member = person_caller(app, people, email="mia@example.com", roles=("member",))
    assert member.get("/limits").json["code"] == "permission-needed"
