"""Leaving (R63): a grace period, and then nothing that says who it was, in any table of the tenant."""

import threading
from typing import Any

import pytest
from sqlalchemy import String, func, select, text, update

from idp.accounts import credentials, export, invitations, leaving, recovery, verification
from idp.actor import Actor, ActorKind
from idp.authn import attempts, login, sessions
from idp.authn.models import Session
from idp.db.base import Base, TenantScoped
from idp.db.unit import UnitOfWork
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.federation import connections, identities, transactions
from idp.oauth import grants
from idp.rbac import owners
from idp.rbac.errors import LastOwner
from idp.users import service as users
from idp.users.models import User
from idp.worker import purge
from tests.browser import Browser
from tests.factories import PASSWORD, People
from tests.post import Post
from tests.unit.accounts.newcomers import EMAIL, Newcomer, person
from tests.upstream_rows import connect, profile

IP, ADMINS_IP = "203.0.113.77", "203.0.113.1"
TRACES = ("grace", "hopper", "cobol", IP, "netscape")
MODELS: list[Any] = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantScoped)]


def traces(people: People) -> list[str]:
    """Every cell of the tenant, whatever its type, that holds something of the person."""
    found = []
    with people.wiring.platform_unit() as platform:
        for model in MODELS:
            table = model.__table__
            for column in table.c:
                cell = column.cast(String) if not column.name.endswith("_sealed") else func.encode(column, "escape")
                rows = platform.session.execute(
                    select(cell).where(table.c.tenant_id == people.tenant.id, column.is_not(None))
                ).scalars()
                found += [
                    f"{table.name}.{column.name}: {value}"
                    for value in rows
                    if any(trace in str(value).lower() for trace in TRACES)
                ]
    return found


def as_grace(people: People) -> UnitOfWork:
    there = Actor(ActorKind.ANONYMOUS, ip=IP, user_agent="Netscape 4 of Grace")
    return people.wiring.tenant_unit(people.tenant, there)


@pytest.fixture
def rich_life(people: People, post: Post, app: Any) -> User:
    """Somebody who signed up, signed in, was guessed at, changed address, forgot, nearly left, and was invited."""
    newcomer = Newcomer(people, "Grace@Old.example")
    whole = people.unit
    people.unit = lambda: as_grace(people)  # type: ignore[method-assign]
    newcomer.sign_up(name="Grace Hopper", nickname="Cobol")
    assert newcomer.type_code(post.code("Grace@old.example"))
    Newcomer(people, "grace@old.example").sign_up(name="Grace again")
    user = person(people, "grace@old.example")
    assert user is not None
    browser = Browser(app, people.tenant)
    people.unit = whole  # type: ignore[method-assign]
    client, _ = people.client()
    with as_grace(people) as uow:
        session, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        attempts.try_password(uow, "grace@old.example", user, "wrong")
        login.begin(uow, "idp_br_x", email_hint="GRACE@old.example")
        recovery.request(uow, "grace@old.example")
    post.deliver()
    with as_grace(people) as uow:
        current, kept = uow.get(User, user.id), uow.get(Session, session.id)
        credentials.request_email_change(uow, current, EMAIL, PASSWORD, session=kept)
    code = post.code(EMAIL)
    with as_grace(people) as uow:
        current, kept = uow.get(User, user.id), uow.get(Session, session.id)
        assert verification.prove_own_by_code(uow, current, code, session=kept)
        credentials.request_email_change(uow, current, "grace@wanted.example", PASSWORD, session=kept)
        github = connections.get(uow, connect(people).name)
        identities.link(uow, current, github, profile(email="grace@old.example", username="hopper"))
        transactions.begin(uow, github, "idp_br_x", user_id=current.id)
        leaving.request_deletion(uow, current)
        leaving.cancel_deletion(uow, current)
        export.document(uow, current)
    browser.authorize(client, login_hint=EMAIL)
    with people.unit() as uow:
        invitations.invite(uow, EMAIL)
        recovery.request(uow, EMAIL)
        recovery.request(uow, "grace@old.example")
    return user


def test_nothing_says_any_more_who_it_was(people: People, post: Post, rich_life: User) -> None:
    assert len({trace.partition(":")[0] for trace in traces(people)}) > 10, "the test has something to find"
    before = [row.id for row in events_of(people, rich_life)]
    people.erase(rich_life)
    assert traces(people) == []
    after = events_of(people, rich_life)
    assert [row.id for row in after][: len(before)] == before, "what happened stays known"
    assert after[-1].type == EventType.USER_DELETED


def test_a_last_mail_goes_and_is_then_forgotten_too(people: People, post: Post, rich_life: User) -> None:
    people.erase(rich_life, tell=True)
    assert "was deleted" in post.last(EMAIL).subject
    with people.unit() as uow:
        uow.execute(update(OutboxMessage).values(sent_at=OutboxMessage.sent_at - text("interval '1 second'")))
    purge.purge_expired(people.wiring, threading.Event())
    assert traces(people) == []


def test_other_people_keep_what_is_theirs(people: People, post: Post, rich_life: User) -> None:
    with people.unit() as uow:
        admin = users.create(uow, email="admin@example.com", name="The Admin")
    there = Actor(ActorKind.USER, admin.id, ip=ADMINS_IP, user_agent="Lynx")
    with people.wiring.tenant_unit(people.tenant, there) as uow:
        users.disable(uow, uow.get(User, rich_life.id))
    taker = people.user(email="grace@old.example", name="Somebody else who has that address now")
    post.deliver()
    theirs = len(post.mails("grace@old.example"))
    people.erase(rich_life)
    with people.unit() as uow:
        assert users.find_by_email(uow, "grace@old.example").id == taker.id
        assert users.find_by_email(uow, "admin@example.com") is not None
        disabled = uow.session.scalars(select(Event).where(Event.type == EventType.USER_DISABLED)).one()
        assert (disabled.ip, disabled.user_agent) == (ADMINS_IP, "Lynx")
    assert len(post.mails("grace@old.example")) == theirs


def test_the_same_address_in_another_tenant_is_another_person(people: People, others: People, rich_life: User) -> None:
    other = others.user(email=EMAIL, name="Grace")
    people.erase(rich_life)
    assert person(others).id == other.id
    assert traces(others)


def test_whoever_comes_second_erases_nobody(people: People, rich_life: User) -> None:
    people.erase(rich_life)
    people.erase(rich_life, tell=True)
    assert [row.type for row in events_of(people, rich_life)].count(EventType.USER_DELETED) == 1
    assert traces(people) == []


def test_the_address_is_free_again(people: People, post: Post, rich_life: User) -> None:
    people.erase(rich_life)
    newcomer = Newcomer(people)
    newcomer.sign_up()
    assert newcomer.type_code(post.code(EMAIL))


def test_the_last_owner_does_not_leave_by_themselves(people: People) -> None:
    owner, second = people.user(roles=("owner",)), people.user(email="second@example.com", roles=("owner",))
    with people.unit() as uow:
        leaving.request_deletion(uow, uow.get(User, owner.id))
    with people.unit() as uow, pytest.raises(LastOwner):
        leaving.request_deletion(uow, uow.get(User, second.id))
    with people.unit() as uow:
        leaving.cancel_deletion(uow, uow.get(User, owner.id))
        users.disable(uow, uow.get(User, owner.id))
        assert owners.is_last(uow, uow.get(User, second.id))
    member = people.user(email="member@example.com", roles=("member",))
    with people.unit() as uow:
        assert not owners.is_last(uow, uow.get(User, member.id))


def test_asking_to_leave_signs_out_and_thinking_better_of_it_is_possible(people: People, post: Post) -> None:
    user = people.user()
    with people.unit() as uow:
        sessions.start(uow, user.id, ["pwd"], replaces=None)
    with people.unit() as uow:
        leaving.request_deletion(uow, uow.get(User, user.id))
    with people.unit() as uow:
        assert grants.list_sessions(uow, user.id) == []
        leaving.cancel_deletion(uow, uow.get(User, user.id))
    with people.unit() as uow:
        assert uow.get(User, user.id).deletes_at is None


def events_of(people: People, user: User) -> list[Event]:
    about = (Event.target_id == user.id) | (Event.user_id == user.id)
    with people.unit() as uow:
        return list(uow.session.scalars(select(Event).where(about).order_by(Event.id)))
