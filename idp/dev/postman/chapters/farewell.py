"""What the chapters before have needed to the last goes."""

from idp.dev.postman.steps import Chapter, Step

CHAPTER = Chapter(
    "Farewell",
    "What the chapters before have needed to the last goes.",
    (
        Step("delete-client", "delete the application", match=False),
        Step("delete-role", match=False),
        Step("delete-user", "delete who was managed", match=False),
    ),
)
