"""What happened: the events of this very run, how often things happen, and what was worth a warning."""

from idp.api.tags import ACTIVITY
from idp.dev.postman.steps import Chapter, Step

CHAPTER = Chapter(
    ACTIVITY,
    "The events of this very run, how often things happen, and a warning that means nothing.",
    (
        Step("list-events", query={"limit": "2"}, learns={"event_id": "items[0].id"}),
        Step("get-event"),
        Step("list-user-events", query={"limit": "2"}),
        Step("export-events", query={"filter[user_id]": "{{user_id}}", "format": "csv"}),
        Step("count-sign-ins"),
        Step("count-events"),
        Step("test-alerts", learns={"alert_id": "id"}),
        Step("list-alerts", query={"limit": "2"}),
        Step("get-alert"),
    ),
)
