"""What racers do to raise an alert; each answers whether it was they who did."""

from typing import Any

from idp.alerts import spray
from idp.alerts.kinds import Kind
from idp.alerts.service import raise_alert
from idp.alerts.telling import tell
from idp.wiring import Wiring
from tests.races.racers import within


def raise_one(app: Any, wiring: Wiring, job: tuple[str, str]) -> Any:
    slug, subject = job
    return within(wiring, slug, lambda uow: raise_alert(uow, Kind.KEY_REVOKED, subject, kid="a-key") is not None)


def write_mails(app: Any, wiring: Wiring, job: tuple[str, Any]) -> Any:
    slug, alert_id = job
    return within(wiring, slug, lambda uow: tell(uow, alert_id))


def find_sprays(app: Any, wiring: Wiring, slug: str) -> Any:
    """What a worker finds in one tenant, and whether it was the one who told."""
    with wiring.platform_unit() as platform:
        found = [one for one in spray.find(platform) if one.tenant.slug == slug]
    return within(wiring, slug, lambda uow: [spray.tell(uow, one) is not None for one in found])
