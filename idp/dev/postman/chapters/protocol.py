"""Discovery, and what browsers are sent to; nobody signs in here, so every way ends at a page."""

from idp.api.tags import PROTOCOL
from idp.dev.postman.steps import Chapter, Step

_REQUEST = {
    "response_type": "code",
    "client_id": "{{client_id}}",
    "redirect_uri": "http://127.0.0.1/callback",
    "scope": "openid email",
    "state": "af0ifjsldkj",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}

CHAPTER = Chapter(
    PROTOCOL,
    "What every OpenID Connect library does by itself.",
    (
        Step("openid-configuration"),
        Step("oauth-authorization-server"),
        Step("openid-configuration-of-host"),
        Step("oauth-authorization-server-of-host"),
        Step("jwks"),
        Step("authorize", query=_REQUEST),
        Step("authorize-by-form", form=_REQUEST),
        Step("push-authorization-request", form=_REQUEST, learns={"request_uri": "request_uri"}),
        Step(
            "authorize",
            "authorize what was pushed",
            query={"client_id": "{{client_id}}", "request_uri": "{{request_uri}}"},
        ),
        Step("rp-logout", query={"client_id": "{{client_id}}"}),
        Step("rp-logout-by-form", form={"client_id": "{{client_id}}"}),
        Step(
            "token",
            "token for a machine",
            client="machine",
            form={"grant_type": "client_credentials"},
            learns={"machine_token": "access_token"},
        ),
        Step("introspect", client="machine", form={"token": "{{machine_token}}"}),
        Step("revoke", client="machine", form={"token": "{{machine_token}}"}),
    ),
)
