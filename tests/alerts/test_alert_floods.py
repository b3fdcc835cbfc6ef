"""Nobody silences an alert by causing others: what strangers cause, insiders do, and the alerting itself are apart."""

import pytest

from idp.alerts import service as alerts
from idp.alerts.kinds import MOST_IN_A_WINDOW, Kind
from idp.alerts.models import Alert
from idp.ids import new_id
from idp.keys import service as keys
from tests.alerts.conftest import alerts_of, fresh, mails_of
from tests.factories import People
from tests.post import Post
from tests.web.tenancy import decide

OLIVE, SOC, THIEF = "olive@example.com", "soc@acme.example", "thief@evil.example"
GUESSING, DEED = Kind.BRUTE_FORCE, Kind.KEY_REVOKED


@pytest.fixture(autouse=True)
def _olive(people: People) -> None:
    """An owner, beside the contact."""
    people.user(email=OLIVE, roles=("owner",))
    decide(people, alert_contacts=SOC)


def flood(people: People, post: Post, kind: Kind, count: int = MOST_IN_A_WINDOW) -> None:
    """So many alerts of a kind, all of them mailed if they may be."""
    for _ in range(count):
        with fresh(people).unit() as uow:
            alerts.raise_alert(uow, kind, str(new_id()))
    post.deliver()


def told(post: Post, alert: Alert) -> list[str]:
    return sorted(mail.to for mail in mails_of(post, alert))


@pytest.mark.parametrize("kind", [GUESSING, Kind.SPRAY, DEED])
def test_owners_hear_of_other_contacts_whatever_was_raised_before(people: People, post: Post, kind: Kind) -> None:
    flood(people, post, kind, MOST_IN_A_WINDOW + 1)
    decide(people, alert_contacts=THIEF)
    assert told(post, alerts_of(people, "alerting_changed")[-1]) == [OLIVE, THIEF]


def test_what_insiders_do_is_mailed_after_strangers_made_a_flood(people: People, post: Post) -> None:
    flood(people, post, GUESSING)
    with fresh(people).unit() as uow:
        keys.revoke(uow, keys.publish(uow).kid)
    fresh(people).user(email="bob@example.com", roles=("admin",))
    assert told(post, alerts_of(people, "key_revoked")[-1]) == [SOC]
    assert told(post, alerts_of(people, "privilege_grant")[-1]) == [SOC]


def test_what_strangers_cause_is_mailed_after_a_flood_of_deeds(people: People, post: Post) -> None:
    flood(people, post, DEED)
    flood(people, post, Kind.SPRAY, 1)
    assert told(post, alerts_of(people, "spray")[-1]) == [SOC]


def test_that_there_are_more_is_told_to_owners_too_and_of_each_sort(people: People, post: Post) -> None:
    for kind in (GUESSING, Kind.SPRAY):
        flood(people, post, kind, MOST_IN_A_WINDOW // 2 + 1)
    assert [told(post, alert) for alert in alerts_of(people, "overflow")] == [[OLIVE, SOC]]
    flood(people, post, DEED, MOST_IN_A_WINDOW + 2)
    assert [told(post, alert) for alert in alerts_of(people, "overflow")] == [[OLIVE, SOC]] * 2


def test_each_change_of_the_alerting_is_told_also_of_the_same_setting_within_the_hour(
    people: People, post: Post
) -> None:
    decide(people, alert_contacts=THIEF)
    honest, second = alerts_of(people, "alerting_changed")
    assert told(post, second) == [OLIVE, THIEF]
    assert honest.data["event_id"] != second.data["event_id"]


def test_to_send_a_setting_again_changes_nothing_and_is_told_to_nobody(people: People) -> None:
    before = len(alerts_of(people, "alerting_changed"))
    decide(people, alert_contacts=SOC, alert_kinds_off="", name="Acme again")
    assert len(alerts_of(people, "alerting_changed")) == before
