"""Webhooks: one is made, tried out, given another secret, and deleted; nobody is there to answer it."""

from idp.api.tags import WEBHOOKS
from idp.dev.postman.steps import Chapter, Step

CHAPTER = Chapter(
    WEBHOOKS,
    "A webhook is made, tried out, given another secret, and deleted. Nobody answers it, so its test does not arrive.",
    (
        Step("list-webhook-event-types"),
        Step("create-webhook", body={"url": "https://acme.example/hooks/{{run}}"}, learns={"webhook_id": "id"}),
        Step("list-webhooks", query={"limit": "2"}),
        Step("get-webhook"),
        Step("change-webhook", body={"event_types": ["key.revoked"]}),
        Step("rotate-webhook-secret"),
        Step("test-webhook", learns={"delivery_id": "id"}),
        Step("list-webhook-deliveries", query={"limit": "2"}),
        Step("get-webhook-delivery"),
        Step("replay-webhook-delivery"),
        Step("replay-failed-webhook-deliveries"),
        Step("delete-webhook", match=False),
    ),
)
