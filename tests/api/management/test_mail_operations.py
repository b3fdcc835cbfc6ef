"""As what a tenant's mail leaves, a test mail, and mail that failed, by the management API (R54, R56, R57)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from idp.events import outbox
from idp.events.models import Event, OutboxMessage
from idp.mail import settings as mail_settings
from tests.api.management.callers import Caller, person_caller
from tests.factories import People
from tests.post import Post

PASSWORD = "a-password-of-acme"
URL = f"smtp://acme:{PASSWORD}@mail.example.com:587"
CHANGE = {"sender_name": "Acme", "sender_address": "no-reply@example.com", "smtp_url": URL}
NOTHING = {"sender_name": None, "sender_address": None, "smtp_server": None, "smtp_user": None}
SHOWN = {
    "sender_name": "Acme",
    "sender_address": "no-reply@example.com",
    "smtp_server": "smtp://mail.example.com:587",
    "smtp_user": "acme",
}


def failed(people: People, kind: str = "mail", *, dead: bool = True, **payload: Any) -> UUID:
    with people.unit() as uow:
        message = outbox.enqueue(uow, kind, **{"template": "reset_password", "to": "ida@example.com", **payload})
        uow.flush()
        message.attempts, message.last_error = 10, "550 of a server"
        message.dead_at = uow.now if dead else None
        return message.id


def events_of(people: People, kind: str) -> list[Event]:
    with people.unit() as uow:
        return list(uow.session.scalars(select(Event).where(Event.type == kind)))


def test_mail_leaves_as_the_owner_says_and_the_password_is_nobodys(
    owner: Caller, admin: Caller, people: People
) -> None:
    assert owner.get("/mail-settings").json == NOTHING
    replaced = owner.put("/mail-settings", CHANGE)
    assert (replaced.status_code, replaced.json) == (200, SHOWN)
    assert admin.get("/mail-settings").json == SHOWN
    assert PASSWORD not in replaced.text + admin.get("/mail-settings").text
    with people.unit() as uow:
        assert mail_settings.sender(uow).smtp_url == URL
    (event,) = events_of(people, "mail_settings.updated")
    assert event.actor_id == owner.id
    assert PASSWORD not in repr(event.data)
    assert "example.com" not in repr(event.data)


def test_what_is_left_out_stays_in_a_change_and_goes_in_a_replacement(owner: Caller) -> None:
    owner.put("/mail-settings", CHANGE)
    assert owner.patch("/mail-settings", {"sender_name": "Acme Ltd"}).json == {**SHOWN, "sender_name": "Acme Ltd"}
    assert owner.patch("/mail-settings", {"sender_name": None}).json == {**SHOWN, "sender_name": None}
    assert owner.patch("/mail-settings", {}).json == {**SHOWN, "sender_name": None}
    assert owner.put("/mail-settings", {"sender_name": "Acme"}).json == {**NOTHING, "sender_name": "Acme"}
    assert owner.put("/mail-settings", {}).json == NOTHING


def test_another_host_gets_no_password_that_was_given_for_the_first(owner: Caller, people: People) -> None:
    """R54: an address is changed by the whole URL, so nobody sends a secret that they do not know anywhere."""
    owner.put("/mail-settings", CHANGE)
    changed = owner.patch("/mail-settings", {"smtp_url": "smtp://mail.mallory.example:587"})
    assert (changed.json["smtp_server"], changed.json["smtp_user"]) == ("smtp://mail.mallory.example:587", None)
    assert owner.patch("/mail-settings", {"smtp_server": "smtp://mail.mallory.example"}).status_code == 422
    with people.unit() as uow:
        assert PASSWORD not in repr(mail_settings.sender(uow).smtp_url)


def test_a_user_name_that_is_the_secret_is_not_shown(owner: Caller) -> None:
    """Some services take one token for both."""
    answer = owner.put("/mail-settings", {"smtp_url": "smtp://a-token:a-token@mail.example.com"})
    assert answer.json["smtp_user"] is None
    assert "a-token" not in answer.text


def test_mail_leaves_as_the_installations_again(owner: Caller) -> None:
    owner.put("/mail-settings", CHANGE)
    assert [owner.delete("/mail-settings").status_code for _ in range(2)] == [204, 204]
    assert owner.get("/mail-settings").json == NOTHING


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"sender_name": 5}, "/sender_name"),
        ({"sender_name": ""}, "/sender_name"),
        ({"sender_name": "x" * 101}, "/sender_name"),
        ({"sender_name": "Acme\r\nBcc: all@example.com"}, "/sender_name"),
        ({"sender_address": "no address"}, "/sender_address"),
        ({"sender_address": ["no-reply@example.com"]}, "/sender_address"),
        ({"sender_address": "a@example.com\nBcc: all@example.com"}, "/sender_address"),
        ({"smtp_url": "http://mail.example.com"}, "/smtp_url"),
        ({"smtp_url": "smtp://"}, "/smtp_url"),
        ({"smtp_url": "smtp://[::1"}, "/smtp_url"),
        ({"smtp_url": "smtp://mail.example.com/path"}, "/smtp_url"),
        ({"smtp_url": "smtp://mail.example.com:99999"}, "/smtp_url"),
        ({"smtp_url": True}, "/smtp_url"),
        ({"smtp_password": "x"}, "/smtp_password"),
        ({"smtp_url_sealed": "x"}, "/smtp_url_sealed"),
    ],
)
def test_what_cannot_be_is_pointed_at_and_changes_nothing(
    owner: Caller, method: str, sent: dict[str, Any], pointer: str
) -> None:
    owner.put("/mail-settings", CHANGE)
    refused = owner.call(method, "/mail-settings", sent)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert owner.get("/mail-settings").json == SHOWN


def test_the_mail_server_is_the_owners_to_choose(
    app: Any, owner: Caller, admin: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    """R48: it sees every link to a new password, an owner's among them."""
    owner.put("/mail-settings", CHANGE)
    letter = failed(people)
    clerk = machine(scope="mail:read mail:write", roles=("admin",))
    for who in (admin, clerk):
        for method, path, body in (
            ("PUT", "/mail-settings", CHANGE),
            ("PATCH", "/mail-settings", {"sender_name": "Mallory"}),
            ("DELETE", "/mail-settings", None),
            ("POST", "/mail-settings/test", None),
            ("POST", f"/mail/failed/{letter}/retry", None),
        ):
            refused = who.call(method, path, body)
            assert (refused.status_code, refused.json["code"]) == (403, "permission-needed"), (method, path)
        assert who.get("/mail-settings").json == SHOWN
    member = person_caller(app, people, email="mia@example.com", roles=("member",))
    for path in ("/mail-settings", "/mail/failed"):
        assert member.get(path).json["code"] == "permission-needed"
    made = admin.post("/roles", {"name": "postmaster", "permissions": ["mail:write"]})
    assert made.json["code"] == "beyond-your-own"


def test_a_test_mail_goes_to_whoever_asks(owner: Caller, people: People, wiring: Any) -> None:
    assert owner.post("/mail-settings/test").status_code == 202
    with people.unit() as uow:
        message = uow.session.scalars(
            select(OutboxMessage).where(OutboxMessage.payload["template"].astext == "trial")
        ).one()
    assert message.payload["to"] == "olive@example.com"
    assert Post(wiring, people.tenant).mails("olive@example.com")[-1].subject.startswith("A test mail from")


def test_a_test_mail_is_for_people(owner: Caller, machine: Callable[..., Caller], people: People) -> None:
    assert owner.post("/roles", {"name": "postmaster", "permissions": ["mail:write"]}).status_code == 201
    robot = machine(scope="mail:write", roles=("postmaster",))
    refused = robot.post("/mail-settings/test")
    assert (refused.status_code, refused.json["code"]) == (403, "insufficient-scope")
    with people.unit() as uow:
        assert (
            uow.session.scalars(select(OutboxMessage).where(OutboxMessage.payload["template"].astext == "trial")).all()
            == []
        )


def test_test_mails_are_as_rare_as_other_mails_to_one_address(owner: Caller, granted: Callable[..., None]) -> None:
    granted(limit_mail_recipient="1/day")
    assert owner.post("/mail-settings/test").status_code == 202
    refused = owner.post("/mail-settings/test")
    assert (refused.status_code, refused.json["code"]) == (429, "too-many-requests")


def test_mail_that_failed_is_seen_and_sent_again(owner: Caller, people: People) -> None:
    ours = failed(people)
    (letter,) = owner.get("/mail/failed").json["items"]
    assert (letter["id"], letter["to"], letter["template"]) == (str(ours), "ida@example.com", "reset_password")
    assert "550" not in owner.get("/mail/failed").text
    assert owner.post(f"/mail/failed/{ours}/retry").status_code == 202
    assert owner.get("/mail/failed").json["items"] == []
    assert owner.post(f"/mail/failed/{ours}/retry").json["code"] == "no-such-mail"
    with people.unit() as uow:
        message = uow.get(OutboxMessage, ours)
        assert (message.dead_at, message.attempts) == (None, 0)
    (event,) = events_of(people, "mail.retried")
    assert (event.actor_id, event.target_id) == (owner.id, ours)


def test_of_several_who_send_it_again_at_once_one_does(app: Any, owner: Caller, people: People) -> None:
    """R62: each further one would be one more mail."""
    letter, together = failed(people), threading.Barrier(3)

    def retry(caller: Caller) -> int:
        together.wait()
        return int(caller.post(f"/mail/failed/{letter}/retry").status_code)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(retry, [Caller(app, owner.base, owner.token, owner.id) for _ in range(3)]))
    assert sorted(answers) == [202, 404, 404]
    assert len(events_of(people, "mail.retried")) == 1


def test_pages_of_failed_mail_lead_from_the_latest_to_the_first(owner: Caller, people: People) -> None:
    letters = [str(failed(people)) for _ in range(3)]
    first = owner.get("/mail/failed?limit=2").json
    rest = owner.get(f"/mail/failed?limit=2&cursor={first['next_cursor']}").json
    assert [letter["id"] for letter in first["items"] + rest["items"]] == letters[::-1]
    assert rest["next_cursor"] is None


def test_only_mail_of_this_tenant_that_failed_is_there(owner: Caller, people: People, others: People) -> None:
    hidden = [failed(people, dead=False), failed(people, "webhook"), failed(others)]
    assert owner.get("/mail/failed").json["items"] == []
    for message in hidden:
        refused = owner.post(f"/mail/failed/{message}/retry")
        assert (refused.status_code, refused.json["code"]) == (404, "no-such-mail")
    for home, message in zip((people, others), hidden[1:], strict=True):
        with home.unit() as uow:
            assert uow.get(OutboxMessage, message).dead_at is not None


def test_another_tenant_has_mail_settings_of_its_own(app: Any, owner: Caller, others: People) -> None:
    other = person_caller(app, others, email="xaver@example.com", roles=("owner",))
    owner.put("/mail-settings", CHANGE)
    assert other.get("/mail-settings").json == NOTHING
    assert other.delete("/mail-settings").status_code == 204
    assert owner.get("/mail-settings").json == SHOWN
