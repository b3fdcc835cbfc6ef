"""A tenant's webhooks as tests use them: endpoints made by the verbs, and the outbox worked off."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from idp.db.unit import UnitOfWork
from idp.events.models import OutboxMessage
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.webhooks import deliveries, endpoints
from idp.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from idp.wiring import Wiring
from idp.worker import delivery
from tests.factories import People


class Hooks:
    """The webhooks of one tenant."""

    def __init__(self, wiring: Wiring, people: People) -> None:
        self.wiring, self.people = wiring, people

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """The tenant as it is now, within a platform unit."""
        with self.wiring.platform_unit() as platform:
            tenant = tenants.get(platform, self.people.tenant.slug)
            with platform.within(tenant) as uow:
                yield uow

    def refresh(self) -> None:
        """Let the factories see the tenant's row as every request does within two seconds."""
        resolve.forget()
        with self.wiring.platform_unit() as platform:
            self.people.tenant = tenants.get(platform, self.people.tenant.slug)

    def endpoint(self, url: str, *event_types: str, **members: Any) -> tuple[UUID, str]:
        """An endpoint's id and secret."""
        with self.unit() as uow:
            row, secret = endpoints.create(uow, url=url, event_types=event_types or ("*",), **members)
        self.refresh()
        return row.id, secret

    def test(self, endpoint_id: UUID) -> UUID:
        """Send a test; its delivery."""
        with self.unit() as uow:
            return deliveries.send_test(uow, endpoints.get(uow, endpoint_id)).id

    def deliver(self) -> int:
        """Work off what is due."""
        count = 0
        while delivered := delivery.deliver_due(self.wiring, threading.Event()):
            count += delivered
        return count

    def make_due(self) -> None:
        """Let the time pass until the next try of everything."""
        with self.wiring.platform_unit() as platform:
            waiting = (OutboxMessage.tenant_id == self.people.tenant.id) & OutboxMessage.sent_at.is_(None)
            platform.execute(update(OutboxMessage).where(waiting).values(next_attempt_at=func.now()))

    def rows(self, model: Any) -> list[Any]:
        with self.people.unit() as uow:
            return list(uow.session.scalars(select(model).order_by(model.id)))

    @property
    def deliveries(self) -> list[WebhookDelivery]:
        return self.rows(WebhookDelivery)

    @property
    def attempts(self) -> list[WebhookAttempt]:
        return self.rows(WebhookAttempt)

    @property
    def messages(self) -> list[OutboxMessage]:
        return [row for row in self.rows(OutboxMessage) if row.kind in {"webhook", "webhook_delivery"}]

    @property
    def waits(self) -> list[timedelta]:
        """How long each message of a delivery waits from now."""
        with self.wiring.platform_unit() as platform:
            mine = OutboxMessage.tenant_id == self.people.tenant.id
            unsent = select(OutboxMessage.next_attempt_at - func.now()).where(
                mine, OutboxMessage.kind == deliveries.KIND, OutboxMessage.sent_at.is_(None)
            )
            return list(platform.session.scalars(unsent.order_by(OutboxMessage.id)))

    def get(self, endpoint_id: UUID) -> WebhookEndpoint:
        with self.people.unit() as uow:
            return endpoints.get(uow, endpoint_id)
