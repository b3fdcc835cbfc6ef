"""Who is mailed, what the mail says in each language, and how often at most."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from idp import i18n
from idp.actor import Actor, ActorKind
from idp.alerts import service as alerts
from idp.alerts import telling
from idp.alerts.kinds import Kind
from idp.alerts.letter import security_alert
from idp.alerts.models import Alert
from idp.alerts.words import WORDS
from idp.events import service as events
from idp.events.types import EventType, Outcome
from idp.ids import new_id
from idp.keys import service as keys
from idp.mail import transport
from idp.mail.content import said
from idp.mail.messages import Recipient
from idp.mail.rendering import Rendered, render
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.alerts.conftest import alerts_of, fresh, mails_of
from tests.factories import NOBODY, People
from tests.moments import pass_time
from tests.post import Post
from tests.unit.mail.test_messages import HOSTILE, Page, words
from tests.unit.mail.test_messages import tenant as a_tenant
from tests.web.tenancy import decide

OLIVE, BOB, ADA = "olive@example.com", "bob@example.com", "ada@example.com"
SOC, CTO = "soc@acme.example", "cto@acme.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
STRANGER = Actor(ActorKind.ANONYMOUS, ip="203.0.113.66", user_agent=FIREFOX)


@pytest.fixture
def olive(people: People) -> User:
    """An owner."""
    return people.user(email=OLIVE, name="Olive", roles=("owner",))


def revoke_a_key(people: People) -> Alert:
    with people.unit() as uow:
        kid = keys.revoke(uow, keys.publish(uow).kid).kid
    return next(alert for alert in alerts_of(people, "key_revoked") if alert.data["kid"] == kid)


def told(post: Post, alert: Alert) -> list[str]:
    """Addresses that an alert was mailed to."""
    return sorted(mail.to for mail in mails_of(post, alert))


def test_the_contacts_get_it_and_nobody_else(people: People, post: Post, olive: User) -> None:
    decide(people, alert_contacts=f"{SOC}, {CTO} {SOC}")
    alert = revoke_a_key(people)
    assert told(post, alert) == [CTO, SOC]
    assert [alert.data["mails"] for alert in alerts_of(people, "key_revoked")] == [2]


def test_without_contacts_owners_who_can_sign_in_get_it_at_proven_addresses(
    people: People, post: Post, olive: User
) -> None:
    roles = {BOB: "owner", "eve@example.com": "owner", "adam@example.com": "admin", "dora@example.com": "owner"}
    made = {email: people.user(email=email, roles=(role,)) for email, role in roles.items()}
    with people.unit() as uow:
        users.primary_email(uow, made["eve@example.com"].id).verified_at = None
        users.disable(uow, uow.get(User, made["dora@example.com"].id))
    assert told(post, revoke_a_key(people)) == [BOB, OLIVE]


def test_an_owner_is_not_told_of_what_they_were_given(people: People, post: Post, olive: User) -> None:
    """So the first owner of a tenant, of whom nobody else has to know, is not told either."""
    people.user(email=BOB, roles=("owner",))
    first, second = alerts_of(people, "privilege_grant")
    assert told(post, first) == [BOB], "who is an owner by the time that it is mailed"
    assert told(post, second) == [OLIVE]


def test_that_the_contacts_were_changed_is_told_to_owners_too_and_to_everybody_once(
    people: People, post: Post, olive: User
) -> None:
    decide(people, alert_contacts=f"{SOC}, OLIVE@example.com")
    (alert,) = alerts_of(people, "alerting_changed")
    assert told(post, alert) == [OLIVE, SOC]


def test_another_tenants_people_hear_nothing(people: People, others: People, wiring: Wiring, olive: User) -> None:
    others.user(email="xaver@example.com", roles=("owner",))
    alert = revoke_a_key(people)
    assert told(Post(wiring, others.tenant), alert) == []
    assert alerts_of(others, "key_revoked") == []


def one_of_each(people: People) -> dict[Kind, tuple[str, ...]]:
    """Raise an alert of every kind; what the mail of each must say."""
    ada, bob = people.user(email=ADA, name="Ada Lovelace"), people.user(email=BOB)
    client, _ = people.client(client_name="Ledger")
    thing, failure = Alert(id=new_id()), Outcome.FAILURE
    with people.unit() as uow:
        uow.actor = STRANGER
        failed = events.record(uow, EventType.LOGIN_FAILED, uow.get(User, ada.id), outcome=failure, failures=10)
        gone = {"reason": "refresh-token-reused", "client_id": str(client.id)}
        events.record(uow, EventType.GRANT_REVOKED, thing, user_id=ada.id, **gone)
        events.record(uow, EventType.WEBHOOK_DISABLED, thing, host="hooks.acme.example", reason="failing")
        alerts.raise_alert(uow, Kind.SPRAY, "everywhere", cause=failed, accounts=12, failures=34)
        alerts.raise_alert(uow, Kind.OVERFLOW, "tenant", limit=20)
        alerts.raise_alert(uow, Kind.TEST, "a test")
        uow.actor = STRANGER.as_user(ada.id)
        events.record(uow, EventType.ROLE_ASSIGNED, uow.get(User, bob.id), role="admin")
        events.record(uow, EventType.TENANT_UPDATED, thing, changed=["alert_spray_accounts", "name"])
        kid = keys.revoke(uow, keys.publish(uow).kid).kid
    place = ("203.0.113.66", "Firefox")
    return {
        Kind.BRUTE_FORCE: (*place, ADA, "Ada Lovelace", "10"),
        Kind.SPRAY: (*place, "12", "34"),
        Kind.REFRESH_REUSE: (*place, ADA, "Ledger"),
        Kind.PRIVILEGE_GRANT: (*place, BOB, "admin", "clients:write", ADA),
        Kind.KEY_REVOKED: (*place, kid, ADA),
        Kind.WEBHOOK_DISABLED: (*place, "hooks.acme.example"),
        Kind.ALERTING_CHANGED: (*place, "alert_spray_accounts", ADA),
        Kind.OVERFLOW: ("> 20",),
        Kind.TEST: (),
    }


@pytest.mark.parametrize("language", i18n.SUPPORTED)
def test_a_mail_says_what_happened_when_from_where_and_what_to_do(people: People, post: Post, language: str) -> None:
    decide(people, default_locale=language, alert_contacts=SOC, name="Acme")
    expected = one_of_each(fresh(people))
    raised = {Kind(alert.kind): alert for alert in alerts_of(people)}
    assert raised.keys() == expected.keys() == WORDS.keys()
    for kind, facts in expected.items():
        (mail,) = mails_of(post, raised[kind])
        with i18n.use(language):
            text, acme = WORDS[kind], said("Acme")
            assert mail.subject == i18n.gettext(text.subject, tenant=acme)
            sentences = [i18n.gettext(sentence, tenant=acme) for sentence in (text.heading, text.before, text.after)]
            sentences.append(said(i18n.format_datetime(raised[kind].raised_at)))
        page = Page(mail.html)
        assert sorted(words(" ".join(page.words))) == sorted(words(mail.text))
        assert dict(page.tags)["html"] == {"lang": language, "dir": "rtl" if language == "ar" else "ltr"}
        for fact in (*facts, *sentences, "alert_contacts"):
            assert fact in mail.text, (kind, fact)


def test_an_owner_reads_it_in_their_own_language(people: People, post: Post) -> None:
    people.user(email=OLIVE, roles=("owner",), locale="de")
    (mail,) = mails_of(post, revoke_a_key(people))
    assert mail.subject.startswith("Sicherheitswarnung")


@pytest.mark.parametrize("language", i18n.SUPPORTED)
def test_what_strangers_chose_is_harmless(language: str) -> None:
    """R56: names, user agents, addresses."""
    for kind in Kind:
        with i18n.use(language):
            mail = hostile(kind)
        payload = {"to": SOC, "sender_name": "Acme", "subject": mail.subject, "text": mail.text, "html": mail.html}
        message = transport.compose(payload, message_id=NOBODY, mail_from="no-reply@acme.example")
        assert len(str(message["Subject"]).splitlines()) == 1
        assert "Bcc" not in message
        assert not {"script", "a"} & {tag for tag, _ in Page(mail.html).tags}
        for part in (mail.subject, mail.text, mail.html):
            assert "\u202e" not in part
            assert "\nBcc:" not in part
            assert "x" * 81 not in part


def hostile(kind: Kind) -> Rendered:
    """The mail of an alert in which everything that somebody else chose is bad."""
    sender, write = a_tenant(name=HOSTILE), cast(Any, security_alert).__wrapped__
    content = write(
        SimpleNamespace(tenant=sender),
        Recipient(SOC),
        kind=kind,
        alert_id=NOBODY,
        at=datetime(2026, 11, 24, tzinfo=UTC),
        ip=HOSTILE,
        user_agent=HOSTILE,
        more=(("Account", HOSTILE), ("Application", "https://evil.example/x"), ("Reason", None)),
    )
    return render(sender, None, content)


def raise_many(people: People, count: int) -> None:
    for _ in range(count):
        with people.unit() as uow:
            alerts.raise_alert(uow, Kind.KEY_REVOKED, str(new_id()), kid="a-key")


def test_of_a_flood_so_many_are_mailed_and_one_says_that_there_are_more(people: People, post: Post) -> None:
    decide(people, alert_contacts=SOC)
    post.deliver()
    raise_many(people, 19)
    assert len(mails_of(post)) == 20
    raise_many(people, 4)
    assert len(mails_of(post)) == 22
    assert "a lot is going on" in mails_of(post)[-1].subject
    raise_many(people, 3)
    assert len(mails_of(post)) == 22
    with fresh(people).unit() as uow:
        alerts.test(uow)
    assert len(mails_of(post)) == 23, "a test arrives all the same"
    listed = alerts_of(people)
    assert len(listed) == 1 + 19 + 4 + 3 + 1 + 1, "none is lost"
    assert [alert.data["mails"] for alert in listed].count(0) == 6
    pass_time(people, minutes=61)
    raise_many(people, 1)
    assert len(mails_of(post)) == 24


def test_the_worker_may_come_twice(people: People, post: Post, olive: User) -> None:
    alert = revoke_a_key(people)
    for _ in range(2):
        with people.unit() as uow:
            telling.tell(uow, alert.id)
    assert told(post, alert) == [OLIVE]


def test_an_alert_knows_people_by_their_ids_only(people: People, post: Post) -> None:
    """R63: there is nothing in it to erase, and no mail waits that says who they were."""
    decide(people, alert_contacts=SOC)
    one_of_each(fresh(people))
    ada = next(alert.subject for alert in alerts_of(people, "brute_force"))
    rows = repr([(alert.subject, alert.data) for alert in alerts_of(people)])
    for secret in (ADA, "Lovelace", BOB, SOC, STRANGER.ip, "Firefox"):
        assert str(secret) not in rows
    with people.unit() as uow:
        user = uow.get(User, ada)
    people.erase(user)
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(Alert)) == len(alerts_of(people))
    (mail,) = mails_of(post, alerts_of(people, "brute_force")[0])
    assert ADA not in mail.text
    assert str(user.id) in mail.text
