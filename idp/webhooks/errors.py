"""What can go wrong with webhooks."""

from idp.errors import Conflict, Invalid, NotFound


class WebhookInvalid(Invalid):
    """No endpoint that could be called, or a type of event that there is not."""

    code = "webhook-invalid"


class NoSuchWebhook(NotFound):
    """No endpoint of this tenant has that id."""

    code = "no-such-webhook"


class NoSuchDelivery(NotFound):
    """No delivery to this endpoint has that id."""

    code = "no-such-delivery"


class WebhookTaken(Conflict):
    """The tenant has an endpoint with that URL already."""

    code = "webhook-taken"


class TooManyWebhooks(Conflict):
    """The tenant has as many endpoints as it may have."""

    code = "too-many-webhooks"


class WebhookDisabled(Conflict):
    """Nothing is sent to an endpoint that is disabled."""

    code = "webhook-disabled"
