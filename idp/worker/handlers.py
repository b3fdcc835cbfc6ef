"""Outbox kind → the function that makes it leave."""

from collections.abc import Callable

from idp.accounts.letters import ALERT, Letter
from idp.events import subscriptions
from idp.events.models import OutboxMessage
from idp.mail import messages
from idp.webhooks import deliveries
from idp.wiring import Wiring
from idp.worker import webhooks
from idp.worker.alerts import write_alert
from idp.worker.letters import write_letter
from idp.worker.mail import send_mail

Handler = Callable[[Wiring, OutboxMessage], None]
"""Delivers one message or raises; may be called again for the same message, whose id says so."""

HANDLERS: dict[str, Handler] = {
    messages.KIND: send_mail,
    **dict.fromkeys((letter.value for letter in Letter), write_letter),
    ALERT: write_alert,
    subscriptions.KIND: webhooks.expand,
    deliveries.KIND: webhooks.send,
}
