"""One newcomer signs up, changes what can be changed, forgets, and leaves."""

from typing import Any

from idp.api.tags import SIGN_IN
from idp.dev.postman.steps import Chapter, Mail, Step

CODE = r"/(?:^|\s)(\d{4}\s?\d{4})(?:\s|$)/"
_LINK_TOKEN = r"/reset-password\?token=([\w-]+)/"
ME = {"client_id": "{{client_id}}"}
TOKENS = {"access_token": "access_token", "refresh_token": "refresh_token"}
_NEWCOMER = """
const newcomer = Date.now().toString(36) + Math.random().toString(36).slice(2, 8);
pm.environment.set("email", `ida-${newcomer}@acme.example`);
pm.environment.set("other_email", `noor-${newcomer}@acme.example`);
pm.environment.set("password", pm.variables.replaceIn("{{$guid}}"));
pm.environment.set("new_password", pm.variables.replaceIn("{{$guid}}"));
"""
_ANOTHER_PASSWORD = 'pm.environment.set("new_password", pm.variables.replaceIn("{{$guid}}"));'
_SWAP = 'pm.environment.set("password", pm.environment.get("new_password"));'
_OTHER_SESSION = """
const other = pm.response.json().sessions.find((session) => !session.is_current);
pm.environment.set("session_id", other.id);
"""
_CURRENT = {"current_password": "{{password}}"}


def _login(title: str = "") -> Step:
    body: dict[str, Any] = {**ME, "email": "{{email}}", "password": "{{password}}"}
    return Step("login", title, body=body, learns=TOKENS)


CHAPTER = Chapter(
    SIGN_IN,
    "One newcomer signs up, changes what can be changed, forgets, and leaves.",
    (
        Step(
            "register",
            body={**ME, "email": "{{email}}", "password": "{{password}}"},
            before=_NEWCOMER,
            learns={"transaction": "transaction"},
        ),
        Step("resend-verification", body={**ME, "transaction": "{{transaction}}"}),
        Mail("mail: two codes for the new address", "email", "code", CODE, count=2),
        Step("verify-email", body={**ME, "transaction": "{{transaction}}", "code": "{{code}}"}, learns=TOKENS),
        Step("get-me"),
        Step("change-me"),
        Step("refresh", body={**ME, "refresh_token": "{{refresh_token}}"}, learns=TOKENS),
        Step("change-email", body={**_CURRENT, "email": "{{other_email}}"}),
        Mail("mail: a code for the other address", "other_email", "code", CODE),
        Step(
            "verify-own-email",
            body={"code": "{{code}}"},
            learns=TOKENS,
            after='pm.environment.set("email", pm.environment.get("other_email"));',
        ),
        Step("userinfo"),
        Step("userinfo-by-form", form={"access_token": "{{access_token}}"}),
        Step("change-password", body={**_CURRENT, "new_password": "{{new_password}}"}, learns=TOKENS, after=_SWAP),
        Step("forgot-password", body={**ME, "email": "{{email}}"}),
        Mail("mail: a link for the other address", "other_email", "link_token", _LINK_TOKEN),
        Step(
            "reset-password",
            body={**ME, "token": "{{link_token}}", "password": "{{new_password}}"},
            before=_ANOTHER_PASSWORD,
            after=_SWAP,
        ),
        _login(),
        _login("login once more"),
        Step("list-sessions", after=_OTHER_SESSION),
        Step("end-session"),
        Step("end-other-sessions"),
        Step("logout"),
        _login("login a last time"),
        Step("delete-me", body=_CURRENT),
    ),
)
