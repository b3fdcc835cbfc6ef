"""Consents by the management API: what people allowed, seen by page, and taken back for them (R8, R14, R48)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from idp.oauth import consents
from idp.oauth.models import Client
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People


def consented(people: People, email: str, clients: int = 1, roles: tuple[str, ...] = ()) -> tuple[UUID, list[UUID]]:
    """A person, and the clients that they said yes to."""
    user = people.user(email=email, roles=roles)
    made = [people.client(first_party=False)[0].id for _ in range(clients)]
    with people.unit() as uow:
        for client_id in made:
            consents.give(uow, user.id, uow.get(Client, client_id), ["openid"])
    return user.id, made


def test_consents_are_listed_and_withdrawn(admin: Caller, people: People) -> None:
    ben, (client,) = consented(people, "ben@example.com")
    (given,) = admin.get(f"/consents?filter[user_id]={ben}").json["items"]
    assert (given["client_id"], given["client_name"], given["scope"]) == (str(client), "Notes", ["openid"])
    url = f"/consents/{ben}/{client}"
    assert admin.delete(url).status_code == 204
    assert admin.delete(url).json["code"] == "no-such-consent"
    assert admin.get("/consents").json["items"] == []


def test_every_page_together_is_each_once(admin: Caller, people: People) -> None:
    everything = set()
    for name in ("ben", "ida"):
        user, clients = consented(people, f"{name}@example.com", clients=3)
        everything |= {(str(user), str(client)) for client in clients}
    for order in ("user", "-user"):
        seen: list[tuple[str, str]] = []
        cursor = ""
        while True:
            page = admin.get(f"/consents?limit=2&sort={order}{cursor}").json
            seen += [(item["user_id"], item["client_id"]) for item in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(seen) == 6
        assert set(seen) == everything
        assert seen == sorted(seen, reverse=order == "-user")


def test_consents_are_found_by_person_and_by_client(admin: Caller, people: People) -> None:
    ben, (one, other) = consented(people, "ben@example.com", clients=2)
    consented(people, "ida@example.com")
    assert len(admin.get("/consents").json["items"]) == 3
    of_ben = admin.get(f"/consents?filter[user_id]={ben}").json["items"]
    assert {item["client_id"] for item in of_ben} == {str(one), str(other)}
    (of_one,) = admin.get(f"/consents?filter[client_id]={one}").json["items"]
    assert of_one["user_id"] == str(ben)
    assert admin.get(f"/consents?filter[client_id]={NOBODY}").json["items"] == []
    for wrong in ("filter[user_id]=ben", "filter[scope]=openid", "sort=given_at", "limit=x", "cursor=x"):
        assert admin.get(f"/consents?{wrong}").status_code == 422


def test_another_tenants_consent_is_none(admin: Caller, people: People, others: People) -> None:
    stranger, (client,) = consented(others, "x@example.com")
    ben = people.user(email="ben@example.com")
    assert admin.get("/consents").json["items"] == []
    answer: Any = admin.delete(f"/consents/{stranger}/{client}")
    assert (answer.status_code, answer.json["code"]) == (404, "no-such-user")
    assert admin.delete(f"/consents/{ben.id}/{client}").json["code"] == "no-such-consent"
    with others.unit() as uow:
        assert len(consents.list_of(uow, stranger)) == 1


def test_nobody_takes_back_what_their_betters_allowed(
    admin: Caller, owner: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    head, (client,) = consented(people, "head@example.com", roles=("owner",))
    assert admin.delete(f"/consents/{head}/{client}").json["code"] == "beyond-your-own"
    reader = machine(scope="consents:read", roles=("admin",))
    assert len(reader.get("/consents").json["items"]) == 1
    assert reader.delete(f"/consents/{head}/{client}").json["code"] == "permission-needed"
    assert owner.delete(f"/consents/{head}/{client}").status_code == 204
