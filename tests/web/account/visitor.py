"""Somebody at the pages of their account: signed in, with the form token of the page that they look at."""

from typing import Any

from tests.browser import Browser, Forms

SECTIONS = ("profile", "email", "password", "connections", "sessions", "applications", "activity", "data", "delete")
NEW_PASSWORD = "another horse and its battery"


class Visitor:
    """One browser, from its sign-in on."""

    def __init__(self, browser: Browser, email: str = "ada@example.com") -> None:
        self.browser = browser
        login = browser.follow(browser.get(browser.url("/login")))
        self.csrf = Forms(login.text).fields["csrf"]
        assert browser.sign_in(login, email).status_code == 200

    def get(self, page: str = "") -> Any:
        return self.browser.get(self.browser.url(f"/account/{page}".rstrip("/")))

    def post(self, page: str, **values: Any) -> Any:
        """Send a form of the page; the answer is not followed."""
        return self.browser.post(self.browser.url(f"/account/{page}"), {"csrf": self.csrf, **values})

    def done(self, page: str, **values: Any) -> Any:
        """Send a form that must succeed, and see what comes of it."""
        answer = self.post(page, **values)
        assert answer.status_code == 303, answer.text
        return self.browser.follow(answer)

    @property
    def is_signed_in(self) -> bool:
        return bool(self.get().status_code == 200)


def another(browser: Browser) -> Browser:
    """A second browser at the same tenant."""
    return Browser(browser.http.application, browser.tenant)
