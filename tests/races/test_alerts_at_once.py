"""Two processes that see the same trouble at once: it is told once, and mailed once (R62)."""

from sqlalchemy import func, select

from idp.alerts.models import Alert
from idp.authn import attempts
from idp.events.models import Event, OutboxMessage
from idp.mail import messages
from tests.factories import People
from tests.races import alert_acts
from tests.races.racers import AT_ONCE, Racers
from tests.web.tenancy import decide


def count(people: People, *conditions: object) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).where(*conditions)) or 0  # type: ignore[arg-type]


def test_a_trouble_that_sixteen_see_is_told_once(racers: Racers, people: People) -> None:
    slug = people.tenant.slug
    answers = racers.race(alert_acts.raise_one, [(slug, "one key")] * AT_ONCE)
    assert sorted(answers) == [False] * (AT_ONCE - 1) + [True]
    assert count(people, Alert.kind == "key_revoked") == 1
    assert count(people, Event.type == "alert.raised") == 1
    assert count(people, OutboxMessage.kind == "alert") == 1


def test_two_troubles_in_whatever_order_are_two(racers: Racers, people: People) -> None:
    slug = people.tenant.slug
    answers = racers.race(alert_acts.raise_one, [(slug, "one"), (slug, "other")] * (AT_ONCE // 2))
    assert answers.count(True) == 2
    assert {type(answer) for answer in answers} == {bool}


def test_workers_that_write_the_mails_at_once_write_them_once(racers: Racers, people: People) -> None:
    people.user(email="olive@example.com", roles=("owner",))
    people.user(email="oscar@example.com", roles=("owner",))
    with people.unit() as uow:
        alert = uow.session.scalars(select(Alert).order_by(Alert.id.desc()).limit(1)).one()
    racers.race(alert_acts.write_mails, [(people.tenant.slug, alert.id)] * AT_ONCE)
    written = (OutboxMessage.kind == messages.KIND, OutboxMessage.payload["template"].astext == "security_alert")
    assert count(people, *written) == 1


def test_workers_that_look_for_sprays_at_once_tell_of_one(racers: Racers, people: People) -> None:
    decide(people, alert_spray_accounts_overall="10")
    for number in range(10):
        with people.unit() as uow:
            attempts.try_password(uow, f"person-{number}@example.com", None, "wrong")
    answers = racers.race(alert_acts.find_sprays, [people.tenant.slug] * AT_ONCE)
    assert sorted(answers) == [[False]] * (AT_ONCE - 1) + [[True]]
    assert count(people, Alert.kind == "spray") == 1
