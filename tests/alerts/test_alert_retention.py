"""How long alerts are kept, and what a tenant that is deleted leaves of them (R51, R63)."""

import threading

from idp.alerts import service as alerts
from idp.alerts.kinds import Kind
from idp.tenants import service as tenants
from idp.wiring import Wiring
from idp.worker.retention import purge_by_policy
from tests.alerts.conftest import alerts_of, fresh
from tests.factories import People
from tests.moments import pass_time
from tests.post import Post
from tests.web.tenancy import decide


def raise_one(people: People, subject: str) -> None:
    with people.unit() as uow:
        alerts.raise_alert(uow, Kind.KEY_REVOKED, subject, kid="a-key")


def test_alerts_go_with_the_events_of_their_time(wiring: Wiring, people: People, others: People) -> None:
    decide(people, event_retention_days="30")
    for home in (people, others):
        raise_one(home, "old")
        pass_time(home, days=31)
        raise_one(home, "new")
    purge_by_policy(wiring, threading.Event())
    assert [alert.subject for alert in alerts_of(people)] == ["new"]
    assert [alert.subject for alert in alerts_of(others)] == ["old", "new"], "they keep theirs for 400 days"


def test_of_a_tenant_that_is_gone_nobody_is_told(wiring: Wiring, people: People, post: Post) -> None:
    decide(people, alert_contacts="soc@acme.example")
    post.deliver()
    raise_one(fresh(people), "the last")
    with wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, people.tenant.slug))
    post.deliver()
    assert alerts_of(people, "key_revoked")[0].data == {"kid": "a-key"}
