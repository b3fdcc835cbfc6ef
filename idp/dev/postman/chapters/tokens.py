"""Tokens for the two APIs that programs use; everything after this is done with them."""

from idp.dev.postman.steps import Chapter, Step

_A_RUN = 'pm.environment.set("run", Date.now().toString(36) + Math.random().toString(36).slice(2, 6));'

CHAPTER = Chapter(
    "Tokens for programs",
    "A machine client with a role gets a token for the management API of its tenant; one of the tenant `system` gets "
    "one for the platform API.",
    (
        Step(
            "token",
            "token for the management API",
            client="management",
            form={"grant_type": "client_credentials", "resource": "{{base_url}}/t/{{tenant_slug}}/api/v1"},
            learns={"management_token": "access_token"},
            before=_A_RUN,
        ),
        Step(
            "token",
            "token for the platform API",
            path={"tenant_slug": "system"},
            client="operator",
            form={"grant_type": "client_credentials", "resource": "{{base_url}}/api/v1"},
            learns={"operator_token": "access_token"},
        ),
        Step("get-principal"),
    ),
)
