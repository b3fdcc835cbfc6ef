"""A test sign-in by the management API: what came back is shown, and nobody was signed in (R21, R22)."""

from datetime import timedelta

from sqlalchemy import func, select, update

from idp.authn.models import Session
from idp.federation.errors import Reason, SignInRefused
from idp.federation.models import FederatedIdentity, FederationTransaction
from idp.users.models import User
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People
from tests.upstream_rows import come_back, connect, profile


def counted(people: People) -> list[int | None]:
    with people.unit() as uow:
        return [
            uow.session.scalar(select(func.count()).select_from(model)) for model in (User, Session, FederatedIdentity)
        ]


def test_a_test_shows_what_would_be_taken_over_and_lets_nobody_in(admin: Caller, people: People) -> None:
    connect(people, enabled=False, options={"roles": {"Acme/Core": "member", "elsewhere": "admin"}})
    before = counted(people)
    begun = admin.post("/connections/github/tests")
    assert begun.status_code == 201
    assert begun.json["url"].startswith(f"{people.tenant.issuer}/connections/github/login?test=")
    url = f"/connections/github/tests/{begun.json['id']}"
    waiting = admin.get(url).json
    assert (waiting["status"], waiting["profile"], waiting["claims"], waiting["failure"]) == (
        "pending",
        None,
        None,
        None,
    )
    come_back(people, "github", begun.json["url"], profile())
    shown = admin.get(url)
    assert shown.json["status"] == "received"
    assert shown.json["claims"] == profile().claims
    assert shown.json["profile"] == {
        "issuer": "https://github.com",
        "subject": "583231",
        "email": "ida@acme.example",
        "email_verified": True,
        "username": "ida",
        "attributes": {"name": "Ida Noor"},
        "groups": ["acme", "acme/core"],
        "roles": ["member"],
    }
    assert "gho_of_ida" not in shown.text
    assert counted(people) == before


def test_a_test_that_fails_says_why(admin: Caller, people: People) -> None:
    connect(people)
    begun = admin.post("/connections/github/tests").json
    cause = "GET https://api.github.com/user/emails answered 403"
    come_back(people, "github", begun["url"], SignInRefused(Reason.UPSTREAM_ERROR, cause))
    shown = admin.get(f"/connections/github/tests/{begun['id']}").json
    assert (shown["status"], shown["failure"]) == ("failed", {"reason": "upstream-error", "cause": cause})
    assert (shown["profile"], shown["claims"]) == (None, None)


def test_a_test_belongs_to_its_connection_and_is_forgotten(admin: Caller, people: People) -> None:
    connect(people)
    connect(people, "other")
    begun = admin.post("/connections/github/tests").json
    assert admin.get(f"/connections/other/tests/{begun['id']}").json["code"] == "no-such-test"
    assert admin.get(f"/connections/github/tests/{NOBODY}").json["code"] == "no-such-test"
    with people.unit() as uow:
        uow.execute(update(FederationTransaction).values(expires_at=uow.now - timedelta(seconds=1)))
    assert admin.get(f"/connections/github/tests/{begun['id']}").json["code"] == "no-such-test"


def test_who_only_sees_connections_does_not_see_who_tried_them(admin: Caller, people: People, machine: object) -> None:
    connect(people)
    begun = admin.post("/connections/github/tests").json
    reader = machine(scope="connections:read", roles=("admin",))  # type: ignore[operator]
    assert reader.get(f"/connections/github/tests/{begun['id']}").json["code"] == "permission-needed"
