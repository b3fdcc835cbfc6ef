"""Bodies: one small, shallow JSON object, each member once and of its type (R45)."""

import json
from typing import Any

import pytest

from tests.api.application import EMAIL, Application, pointers, refused
from tests.factories import PASSWORD, People

LOGIN = {"email": EMAIL, "password": PASSWORD}


@pytest.fixture
def known(people: People, application: Application) -> Application:
    people.user()
    return application


def send(application: Application, raw: str | bytes, content_type: str = "application/json") -> Any:
    return application.send("POST", "login", data=raw, headers={"Content-Type": content_type})


def body_of(application: Application, **changes: Any) -> dict[str, Any]:
    return {"client_id": str(application.client.id), **LOGIN, **changes}


@pytest.mark.parametrize(
    "raw",
    [
        "{",
        "[]",
        '"text"',
        "null",
        "{}{}",
        "\xff".encode("latin-1"),
        '{"email": NaN}',
        '{"email": "a@b.example", "email": "c@d.example"}',
        '{"email": {"a": 1, "a": 2}}',
        "[" * 100_000,
        '{"email": ' + "[" * 40 + "]" * 40 + "}",
        '{"email": ' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}",
    ],
    ids=range(12),
)
def test_what_is_not_one_plain_object_is_malformed(known: Application, raw: str | bytes) -> None:
    assert len(raw) > 65_536 or refused(send(known, raw), "body-malformed", 400)


def test_a_large_body_is_refused_unread(known: Application) -> None:
    answer = send(known, json.dumps(body_of(known, scope="a" * 70_000)))
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/problem+json", ""])
def test_a_body_says_that_it_is_json(known: Application, kind: str) -> None:
    """So that no form of another site's makes a call (R40)."""
    assert refused(send(known, json.dumps(body_of(known)), kind), "unsupported-media-type", 415)


@pytest.mark.parametrize("value", [None, 5, 1.5, True, ["a@b.example"], {"a": 1}, ""], ids=str)
@pytest.mark.parametrize("member", ["email", "password", "scope", "client_id"])
def test_nothing_is_taken_for_text_that_is_none(known: Application, member: str, value: Any) -> None:
    answer = known.send("POST", "login", body_of(known, **{member: value}))
    assert refused(answer, "body-invalid", 422)
    assert pointers(answer) == [f"/{member}"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"username": "ada"}, "/username"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"email": "a" * 300}, "/email"),
        ({"password": "a" * 1025}, "/password"),
        ({"email": "a\x00b@example.com"}, "/email"),
        ({"password": "with\x00nul"}, "/password"),
        ({"password": "\ud800" * 20}, "/password"),
        ({"resource": "https://api.example.com"}, "/resource"),
        ({"resource": [5]}, "/resource/0"),
        ({"resource": ["https://api.example.com"] * 11}, "/resource"),
    ],
)
def test_what_does_not_fit_is_named_by_pointer(known: Application, changes: dict[str, Any], pointer: str) -> None:
    answer = known.send("POST", "login", body_of(known, **changes))
    assert refused(answer, "body-invalid", 422)
    assert pointers(answer) == [pointer]


def test_everything_that_is_missing_is_named_at_once(known: Application) -> None:
    answer = known.send("POST", "login", {})
    assert refused(answer, "body-invalid", 422)
    assert pointers(answer) == ["/email", "/password"]


def test_an_error_repeats_nothing_that_was_sent(known: Application) -> None:
    answer = known.send("POST", "login", body_of(known, password=["hunter2hunter2"]))
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("value", [1, 0, 1.0, "true", [], {}], ids=str)
def test_nothing_is_taken_for_true_or_false_that_is_neither(known: Application, value: Any) -> None:
    answer = known.post("register", email="ida@example.com", password=PASSWORD, terms_accepted=value)
    assert refused(answer, "body-invalid", 422)
    assert pointers(answer) == ["/terms_accepted"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_not_allowed(known: Application, method: str) -> None:
    answer = known.send(method, "login")
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
