"""Invitations: sent, sent again, taken back."""

from idp.api.tags import INVITATIONS
from idp.dev.postman.steps import Chapter, Step

CHAPTER = Chapter(
    INVITATIONS,
    "Somebody is invited, and is not after all.",
    (
        Step(
            "create-invitation",
            body={"email": "mio-{{run}}@acme.example"},
            learns={"invitation_id": "id"},
        ),
        Step("list-invitations"),
        Step("resend-invitation", learns={"invitation_id": "id"}),
        Step("revoke-invitation"),
    ),
)
