"""Clients: an application with its secrets, and a machine with a role."""

from idp.api.tags import CLIENTS
from idp.dev.postman.steps import LEFT_OUT, Chapter, Step

REDIRECT_URI = "https://notes.example/callback"
_MACHINE = {"client_id": "{{made_machine_id}}"}

CHAPTER = Chapter(
    CLIENTS,
    "An application with its secrets, which the chapter on consents needs; and a machine with a role.",
    (
        Step(
            "register-client",
            body={"client_name": "Notes {{run}}", "redirect_uris": [REDIRECT_URI]},
            learns={"made_client_id": "client_id"},
        ),
        Step("list-clients", query={"limit": "2"}),
        Step("get-client"),
        Step("change-client"),
        Step("list-client-secrets", learns={"secret_id": "items[0].id"}),
        Step("rotate-client-secret"),
        Step("revoke-client-secret"),
        Step("disable-client"),
        Step("enable-client"),
        Step(
            "register-client",
            "register a machine",
            body={
                "client_name": "Nightly {{run}}",
                "type": "machine",
                "scope": "users:read",
                "redirect_uris": LEFT_OUT,
            },
            learns={"made_machine_id": "client_id"},
        ),
        Step("assign-client-role", path=_MACHINE),
        Step("list-client-roles", path=_MACHINE),
        Step("explain-client-permissions", path=_MACHINE),
        Step("unassign-client-role", path=_MACHINE),
        Step("delete-client", path=_MACHINE, match=False),
    ),
)
