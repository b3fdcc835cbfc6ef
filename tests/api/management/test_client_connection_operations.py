"""By which connections people come to a client, by the management API."""

from typing import Any

import pytest

from idp.federation import offers
from idp.oauth.management import CONSOLE
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People
from tests.upstream_rows import connect


def offered(people: People, client: Any) -> list[str]:
    with people.unit() as uow:
        return [row.name for row in offers.offered(uow, client.id)]


def test_a_client_uses_all_connections_until_somebody_names_some(admin: Caller, people: People) -> None:
    connect(people)
    connect(people, "other")
    client, _ = people.client(first_party=False)
    url = f"/clients/{client.id}/connections"
    assert admin.get(url).json == {"connections": None}
    assert admin.put(url, {"connections": ["other", "other"]}).json == {"connections": ["other"]}
    assert admin.get(url).json == {"connections": ["other"]}
    assert offered(people, client) == ["other"]
    assert admin.put(url, {"connections": None}).json == {"connections": None}
    assert offered(people, client) == ["github", "other"]


@pytest.mark.parametrize("body", [{}, {"connections": []}, {"connections": "github"}, {"connections": [None]}])
def test_what_is_no_list_of_names_is_refused(admin: Caller, people: People, body: dict[str, Any]) -> None:
    """An empty list could mean none, and all: it is neither."""
    client, _ = people.client(first_party=False)
    assert admin.put(f"/clients/{client.id}/connections", body).json["code"] == "body-invalid"


def test_names_of_others_and_of_nothing_are_refused_and_change_nothing(
    admin: Caller, people: People, others: People
) -> None:
    connect(people)
    connect(others, "theirs")
    client, _ = people.client(first_party=False)
    url = f"/clients/{client.id}/connections"
    admin.put(url, {"connections": ["github"]})
    for name in ("theirs", "nothing", "x\u0000y"):
        assert admin.put(url, {"connections": ["github", name]}).json["code"] == "no-such-connection"
    assert admin.get(url).json == {"connections": ["github"]}
    assert admin.get(f"/clients/{NOBODY}/connections").json["code"] == "no-such-client"
    assert admin.put(f"/clients/{NOBODY}/connections", {"connections": None}).json["code"] == "no-such-client"


def test_whoever_may_not_change_a_client_does_not_choose_for_it(admin: Caller, owner: Caller, people: People) -> None:
    connect(people)
    ours, _ = people.client(first_party=True)
    url = f"/clients/{ours.id}/connections"
    assert admin.put(url, {"connections": ["github"]}).json["code"] == "permission-needed"
    assert owner.put(url, {"connections": ["github"]}).status_code == 200
    console = owner.put(f"/clients/{CONSOLE}/connections", {"connections": ["github"]})
    assert (console.status_code, console.json["code"]) == (409, "client-is-built-in")
