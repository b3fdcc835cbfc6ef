"""How to feed what the management API says of security alerts; see `tests.isolation.routes`."""

from functools import cache
from uuid import UUID

from idp.alerts import service as alerts
from idp.alerts.kinds import Kind
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.routes_roles import call
from tests.isolation.world import World


@cache
def alert(owner: World) -> UUID:
    """One that nobody else was warned by."""
    with owner.people.unit() as uow:
        alert_id = alerts.raise_alert(uow, Kind.SPRAY, owner.name, accounts=12, failures=34)
    assert alert_id is not None
    return alert_id


@feeds("management.list_alerts", "GET")
def listed_alerts(owner: World, caller: World) -> Call:
    return call(caller, says(str(alert(owner))))


@feeds("management.get_alert", "GET")
def shown_alert(owner: World, caller: World) -> Call:
    return call(caller, is_status(200), alert_id=alert(owner))


@feeds("management.test_alerts", "POST")
def tried_out_alerts(owner: World, caller: World) -> Call:
    """There is nothing of another tenant's to send: it is by the owner's token that nobody gets in next door."""
    return call(owner, is_status(202))
