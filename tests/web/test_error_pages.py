"""Errors in the form that who asks can read (R60): pages for people, problem+json and OAuth errors for programs."""

from typing import Any

import pytest

from idp.app import create_app
from idp.config import Settings
from idp.wiring import Wiring
from tests.browser import Browser


@pytest.mark.parametrize(
    ("path", "accept", "mimetype"),
    [
        ("/nowhere", "text/html,*/*", "text/html"),
        ("/nowhere", "application/json", "application/problem+json"),
        ("/t/nobody/login", "*/*", "text/html"),
        ("/t/nobody/jwks.json", "text/html", "application/problem+json"),
    ],
)
def test_a_missing_address_is_told_in_the_readers_form(app: Any, path: str, accept: str, mimetype: str) -> None:
    answer = app.test_client().get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (404, mimetype)


def test_a_page_that_fails_says_nothing_but_a_reference(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from idp.authn import sessions

    def fail(*_args: Any) -> None:
        raise RuntimeError("the secret plan")

    monkeypatch.setattr(sessions, "resume", fail)
    answer = browser.get(browser.url("/"))
    assert answer.status_code == 500
    assert "Nothing was changed" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "secret plan" not in answer.text


def test_the_application_can_be_made_twice(settings: Settings, wiring: Wiring, app: Any) -> None:
    again = create_app(settings, wiring)
    assert again.test_client().get("/healthz").status_code == 200
