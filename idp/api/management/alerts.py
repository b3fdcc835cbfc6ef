"""``alerts``: what the tenant was warned of, and a way to try out whom that reaches."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.alerts import service as alerts
from idp.alerts.kinds import Kind
from idp.alerts.models import Alert
from idp.alerts.telling import MAILS
from idp.api.fields import moment, shown
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import ACTIVITY
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.http import limits
from idp.rbac.permissions import Permission

KINDS = [kind.value for kind in Kind]
ALERT = {
    "id": "01981a4e-fa10-7c22-9e5d-3f2a1b0c9d80",
    "kind": "brute_force",
    "raised_at": "2026-11-24T09:12:00.250000+00:00",
    "event_id": "01981a4e-f990-7e11-9d4c-2f1e0a9b8c70",
    "data": {"failures": 10},
    "mails": 2,
}
TEST = ALERT | {"kind": "test", "event_id": None, "data": {}, "mails": None}


class AlertOut(Body):
    """A trouble that was told once, however often it was seen within the hour."""

    id = shown("In the order of time; also the target of its event `alert.raised`.")
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    raised_at = moment("When it was seen first.")
    event_id = shown("The event that it was seen by, which says who, to whom and from where.", allow_none=True)
    data = fields.Dict(required=True, metadata={"description": "Ids, counts and names of roles and permissions."})
    mails = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        metadata={"description": "To how many contacts it was mailed; null until the mails are written."},
    )


LISTING = Listing(
    "alerts",
    orders={"raised_at": Order((Alert.id,))},
    default="-raised_at",
    filters={
        "kind": Filter(
            fields.String(validate=validate.OneOf(KINDS), metadata={"description": "Of this kind."}),
            lambda kind: Alert.kind == kind,
        ),
        "since": Filter(
            fields.AwareDateTime(format="iso", metadata={"description": "At this time or later (RFC 3339)."}),
            alerts.since,
        ),
    },
)


@management.operation(
    "GET",
    "/alerts",
    needs=Permission.EVENTS_READ,
    tag=ACTIVITY,
    query=LISTING.query,
    answer=(200, listed(AlertOut), {"items": [ALERT], "next_cursor": None}),
)
def list_alerts(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List security alerts.

    The newest first. They are kept as long as events are.
    """
    page = LISTING.page(uow, select(Alert), query)
    return LISTING.answer(uow, page, [describe(row[0]) for row in page.rows], query)


@management.operation(
    "GET",
    "/alerts/<uuid:alert_id>",
    needs=Permission.EVENTS_READ,
    tag=ACTIVITY,
    answer=(200, AlertOut, ALERT),
    refuses=("no-such-alert",),
)
def get_alert(uow: UnitOfWork, alert_id: UUID) -> dict[str, Any]:
    """Show a security alert."""
    return describe(alerts.get(uow, alert_id))


@management.operation(
    "POST",
    "/alerts/test",
    needs=Permission.SETTINGS_WRITE,
    tag=ACTIVITY,
    answer=(202, AlertOut, TEST),
    refuses=("nobody-to-alert",),
)
def test_alerts(uow: UnitOfWork) -> dict[str, Any]:
    """Try out the security alerts.

    An alert that means nothing goes where every other goes: by mail to the contacts, and to webhooks that want
    `alert.raised`.
    """
    for address in alerts.reached(uow):
        limits.spend(limits.MAIL, recipient=address)
    alert, _ = alerts.test(uow)
    return describe(alert)


def describe(alert: Alert) -> dict[str, Any]:
    """An alert as the API shows it."""
    known = {name: value for name, value in alert.data.items() if name not in {MAILS, "event_id"}}
    return {
        "id": str(alert.id),
        "kind": alert.kind,
        "raised_at": alert.raised_at.isoformat(),
        "event_id": alert.data.get("event_id"),
        "data": known,
        "mails": alert.data.get(MAILS),
    }
