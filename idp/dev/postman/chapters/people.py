"""People: one who is made and deleted, and one who signs in, is looked after, and stays for the chapters to come."""

from idp.api.tags import PEOPLE
from idp.dev.postman.chapters.sign_in import CODE, ME, TOKENS
from idp.dev.postman.steps import Chapter, Mail, Step

_SOMEBODY = {**ME, "email": "{{email}}", "password": "{{password}}"}
_NEW = """
pm.environment.set("email", `kim-${pm.environment.get("run")}@acme.example`);
pm.environment.set("password", pm.variables.replaceIn("{{$guid}}"));
"""

CHAPTER = Chapter(
    PEOPLE,
    "One account is made and deleted. Another is of somebody who signs in; the chapters to come need it.",
    (
        Step("create-user", body={"email": "ida-{{run}}@acme.example"}, learns={"user_id": "id"}),
        Step("create-users", body={"users": [{"email": "noor-{{run}}@acme.example"}, {"email": "not an address"}]}),
        Step("list-users", query={"limit": "2"}),
        Step("get-user"),
        Step("change-user"),
        Step("change-user-email", body={"email": "ida.noor-{{run}}@acme.example"}),
        Step("disable-user"),
        Step("enable-user"),
        Step("unlock-user"),
        Step("export-user"),
        Step("delete-user", match=False),
        Step(
            "register",
            "register somebody who is managed",
            body=_SOMEBODY,
            before=_NEW,
            learns={"transaction": "transaction"},
        ),
        Mail("mail: a code for who is managed", "email", "code", CODE),
        Step(
            "verify-email",
            "verify who is managed",
            body={**ME, "transaction": "{{transaction}}", "code": "{{code}}"},
            learns=TOKENS,
        ),
        Step(
            "list-users", "find who is managed", query={"filter[email]": "{{email}}"}, learns={"user_id": "items[0].id"}
        ),
        Step("recover-user"),
        Step("list-user-identities"),
        Step("list-user-factors"),
        Step("list-user-sessions", learns={"session_id": "items[0].id"}),
        Step("end-user-session"),
        Step("login", "login of who is managed", body=_SOMEBODY, learns=TOKENS),
        Step("list-user-grants", learns={"grant_id": "items[0].id"}),
        Step("end-user-grant"),
        Step("end-user-sessions"),
    ),
)
