"""``/alerts`` of the management API: listed, shown, tried out; by whom, how often, and by whom not."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.alerts import service as alerts
from idp.alerts.kinds import Kind
from tests.alerts.conftest import alerts_of, fresh, mails_of
from tests.api.management.callers import Caller, machine_caller, person_caller
from tests.factories import NOBODY, People
from tests.moments import pass_time
from tests.post import Post
from tests.web.tenancy import decide

SOC = "soc@acme.example"


@pytest.fixture
def admin(app: Any, people: People) -> Caller:
    return person_caller(app, people, email="adam@example.com", roles=("admin",))


def listed(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = caller.get(f"/alerts?{query}")
    assert answer.status_code == 200, answer.text
    return list(answer.json["items"])


def raise_one(people: People, kind: Kind = Kind.SPRAY, subject: str = "everywhere") -> str:
    with people.unit() as uow:
        return str(alerts.raise_alert(uow, kind, subject, accounts=12, failures=34))


def test_alerts_are_listed_the_newest_first_and_by_kind_and_time(people: People, admin: Caller, post: Post) -> None:
    spray = raise_one(people)
    pass_time(people, minutes=90)
    again = raise_one(people)
    post.deliver()
    found = listed(admin)
    assert [(item["kind"], item["id"]) for item in found] == [
        ("spray", again),
        ("spray", spray),
        ("privilege_grant", found[2]["id"]),
    ]
    assert found[0] == admin.get(f"/alerts/{again}").json
    assert (found[0]["data"], found[0]["event_id"], found[0]["mails"]) == ({"accounts": 12, "failures": 34}, None, 0)
    assert [item["kind"] for item in listed(admin, "filter[kind]=privilege_grant")] == ["privilege_grant"]
    assert [item["id"] for item in listed(admin, f"filter[since]={found[0]['raised_at'].replace('+', '%2B')}")] == [
        again
    ]
    cause = admin.get(f"/events/{found[2]['event_id']}").json
    assert (cause["type"], cause["data"]["role"]) == ("role.assigned", "admin")


def test_pages_lead_to_the_next(people: People, admin: Caller) -> None:
    for number in range(3):
        raise_one(people, subject=str(number))
    first = admin.get("/alerts?limit=2").json
    second = admin.get(f"/alerts?limit=2&cursor={first['next_cursor']}").json
    assert second["next_cursor"] is None
    assert len({item["id"] for item in (*first["items"], *second["items"])}) == 4


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00-14:00"])
def test_any_time_may_be_asked_for(admin: Caller, since: str) -> None:
    assert listed(admin, f"filter[since]={since}") == [] or since < "2000"


def test_what_there_is_not_is_told(people: People, admin: Caller, others: People) -> None:
    elsewhere = raise_one(others)
    for alert_id in (elsewhere, str(NOBODY)):
        answer = admin.get(f"/alerts/{alert_id}")
        assert (answer.status_code, answer.json["code"]) == (404, "no-such-alert")
    assert elsewhere not in [item["id"] for item in listed(admin)]
    assert admin.get("/alerts?filter[kind]=fire").status_code == 422


def test_a_test_goes_to_the_contacts_and_is_listed(people: People, admin: Caller, post: Post) -> None:
    decide(people, alert_contacts=SOC)
    answer = admin.post("/alerts/test")
    assert answer.status_code == 202
    assert (answer.json["kind"], answer.json["mails"]) == ("test", None)
    mails = [mail for mail in mails_of(post) if answer.json["id"] in mail.text]
    assert [mail.to for mail in mails] == [SOC]
    assert admin.get(f"/alerts/{answer.json['id']}").json["mails"] == 1


def test_a_test_that_would_reach_nobody_says_so(people: People, admin: Caller) -> None:
    answer = admin.post("/alerts/test")
    assert (answer.status_code, answer.json["code"]) == (409, "nobody-to-alert")
    assert alerts_of(people, "test") == []


def test_nobody_is_written_to_without_end_by_tests(people: People, admin: Caller, granted: Callable[..., None]) -> None:
    granted(limit_mail_recipient="3/day", alert_contacts=SOC)
    statuses = [admin.post("/alerts/test").status_code for _ in range(5)]
    assert statuses == [202, 202, 202, 429, 429]
    assert len(alerts_of(people, "test")) == 3, "what was refused was not raised"


def test_whoever_reads_events_reads_alerts_and_whoever_decides_settings_tries_them_out(
    app: Any, people: People
) -> None:
    decide(people, alert_contacts=SOC)
    home = fresh(people)
    reader = machine_caller(app, home, scope="events:read", roles=("admin",))
    decider = machine_caller(app, home, scope="settings:write", roles=("admin",))
    assert [caller.get("/alerts").status_code for caller in (reader, decider)] == [200, 403]
    assert [caller.post("/alerts/test").status_code for caller in (reader, decider)] == [403, 202]


def test_contacts_and_kinds_are_settings(admin: Caller) -> None:
    change = {"alert_contacts": [SOC, "cto@ünï.example"], "alert_kinds_off": ["spray"], "alert_spray_accounts": 25}
    answer = admin.patch("/settings", change)
    assert answer.status_code == 200, answer.text
    assert {name: answer.json[name] for name in change} == change
    assert admin.patch("/settings", {"alert_contacts": None}).json["alert_contacts"] == []
    refused = {
        "alert_contacts": (["nobody"], [f"n{number}@acme.example" for number in range(11)], ["a@b.example\nBcc: x"]),
        "alert_kinds_off": (["alerting_changed"], ["fire"]),
        "alert_brute_force_failures": (4, 101, "10"),
        "alert_spray_accounts_overall": (9,),
    }
    for name, values in refused.items():
        for value in values:
            answer = admin.patch("/settings", {name: value})
            assert answer.status_code == 422, (name, value)
            assert name in answer.text
