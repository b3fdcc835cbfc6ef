"""What operators do with one person: let in, shut out, export, erase."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from idp.authn import sessions
from idp.authn.models import LoginThrottle
from idp.authn.throttle import LOCKED_AT
from idp.events.models import Event
from idp.tenants.models import Tenant
from idp.users.models import User
from idp.wiring import Wiring
from tests.cli.conftest import Terminal
from tests.factories import NOBODY, PASSWORD, People
from tests.post import Post
from tests.unit.authn.test_throttle import attempt, reserve

EMAIL = "ada@example.com"
VERBS = ["reset-password", "verify", "unlock", "sessions", "export", "erase", "disable", "enable", "set-password"]


@pytest.fixture
def ada(people: People) -> User:
    return people.user()


@pytest.fixture
def who(tenant: Tenant) -> tuple[str, ...]:
    return ("--tenant", tenant.slug, EMAIL)


def test_a_reset_is_a_mail_and_nobody_else_chooses(
    idp: Terminal, wiring: Wiring, tenant: Tenant, ada: User, who: tuple[str, ...]
) -> None:
    answer = idp.json("user", "reset-password", *who)
    assert "password" not in answer
    assert "/reset-password?token=" in Post(wiring, tenant).link(EMAIL)


def test_a_reset_that_would_reach_nobody_is_refused(
    idp: Terminal, tenant: Tenant, ada: User, who: tuple[str, ...]
) -> None:
    idp.json("user", "disable", *who)
    assert idp.sentence("user", "reset-password", *who) == "This account is disabled. Enable it first."
    idp.json("user", "create", "--tenant", tenant.slug, "--email", "new@example.com")
    new = ("--tenant", tenant.slug, "new@example.com")
    assert idp.sentence("user", "reset-password", *new).startswith("Nobody has proven")
    assert idp.json("user", "verify", *new)["email_verified"] is True
    assert idp.json("user", "verify", *new)["email_verified"] is True
    idp.json("user", "reset-password", *new)


def test_unlock_lets_somebody_try_again(idp: Terminal, people: People, ada: User, who: tuple[str, ...]) -> None:
    reserve(people)
    with people.unit() as uow:
        uow.execute(update(LoginThrottle).values(failures=LOCKED_AT))
    assert idp("user", "unlock", *who).stdout == f"{EMAIL} can try to sign in again.\n"
    assert attempt(people, PASSWORD)


def test_one_session_ends_and_the_others_go_on(idp: Terminal, people: People, ada: User, who: tuple[str, ...]) -> None:
    with people.unit() as uow:
        one, _ = sessions.start(uow, ada.id, ["pwd"], replaces=None)
        two, _ = sessions.start(uow, ada.id, ["pwd"], replaces=None)
    assert len(idp.json("user", "sessions", *who, "--end", str(one.id))) == 2
    assert [row["id"] for row in idp.json("user", "sessions", *who)] == [str(two.id)]
    assert idp.sentence("user", "sessions", *who, "--end", str(one.id)) == f"They have no session {one.id}."
    assert "not a valid UUID" in idp.sentence("user", "sessions", *who, "--end", "all")


def test_somebody_elses_session_is_not_ended(idp: Terminal, people: People, ada: User, who: tuple[str, ...]) -> None:
    grace = people.user(email="grace@example.com")
    with people.unit() as uow:
        hers, _ = sessions.start(uow, grace.id, ["pwd"], replaces=None)
    assert idp.sentence("user", "sessions", *who, "--end", str(hers.id)).startswith("They have no session")
    assert len(idp.json("user", "sessions", who[0], who[1], "grace@example.com")) == 1


def test_an_export_is_one_document(idp: Terminal, ada: User, who: tuple[str, ...], tmp_path: Path) -> None:
    document = json.loads(idp("user", "export", *who).stdout)
    assert document["user"]["id"] == str(ada.id)
    assert document["emails"][0]["address"] == EMAIL
    assert PASSWORD not in json.dumps(document)
    idp.json("user", "export", *who, "--output", "ada.json")
    assert json.loads((tmp_path / "ada.json").read_text())["user"] == document["user"]
    assert (tmp_path / "ada.json").stat().st_mode & 0o777 == 0o600
    assert idp.sentence("user", "export", *who, "--output", "ada.json") == "ada.json: File exists."
    assert "No such file" in idp.sentence("user", "export", *who, "--output", "no/where.json")


@pytest.mark.parametrize("verb", ["erase", "delete"])
def test_somebody_is_erased_for_good(
    idp: Terminal, wiring: Wiring, people: People, tenant: Tenant, ada: User, who: tuple[str, ...], verb: str
) -> None:
    assert idp.sentence("user", verb, *who).endswith("repeat it with --yes.")
    assert idp.json("user", verb, *who, "--yes")["state"] == "deleted"
    assert idp.sentence("user", "show", *who) == f"Nobody here has the address {EMAIL}."
    assert Post(wiring, tenant).last(EMAIL).subject.endswith("account was deleted")
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).where(Event.target_id == ada.id)) > 0


def test_an_erasure_can_be_silent(
    idp: Terminal, wiring: Wiring, tenant: Tenant, who: tuple[str, ...], ada: User
) -> None:
    idp.json("user", "erase", *who, "--yes", "--no-mail")
    post = Post(wiring, tenant)
    post.deliver()
    assert post.mails(EMAIL) == []


def test_the_last_owner_may_be_erased_and_it_is_said(
    idp: Terminal, people: People, tenant: Tenant, who: tuple[str, ...]
) -> None:
    people.user(roles=("owner",))
    assert idp("user", "erase", *who, "--yes").stdout == f"{EMAIL} is deleted. {tenant.slug} has no owner now.\n"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("spelled", ["nobody@example.com", str(NOBODY), "x" * 5000, "{}", "\udcff"])
def test_an_unknown_person_is_a_sentence(idp: Terminal, tenant: Tenant, verb: str, spelled: str) -> None:
    assert idp.sentence("user", verb, "--tenant", tenant.slug, spelled).startswith("Nobody here has")


@pytest.mark.parametrize("verb", VERBS)
def test_another_tenants_person_is_unknown(
    idp: Terminal, people: People, other_tenant: Tenant, ada: User, verb: str
) -> None:
    for spelled in (EMAIL, str(ada.id)):
        assert idp.sentence("user", verb, "--tenant", other_tenant.slug, spelled).startswith("Nobody here has")
    with people.unit() as uow:
        assert uow.get(User, UUID(str(ada.id))).disabled_at is None


@pytest.mark.parametrize("verb", VERBS)
def test_nobody_named_and_nowhere_is_a_sentence(idp: Terminal, tenant: Tenant, verb: str) -> None:
    assert idp.sentence("user", verb, "--tenant", tenant.slug) == "Name one user."
    assert "no tenant" in idp.sentence("user", verb, "--tenant", "nowhere", EMAIL)
