"""Consents: somebody allows an application, as people do, in a browser; then it is taken back."""

from idp.api.tags import CONSENTS
from idp.dev.postman.chapters.clients import REDIRECT_URI
from idp.dev.postman.steps import Chapter, Page, Step

_REQUEST = {
    "response_type": "code",
    "client_id": "{{made_client_id}}",
    "redirect_uri": REDIRECT_URI,
    "scope": "openid email",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}

CHAPTER = Chapter(
    CONSENTS,
    "Somebody allows an application to know them, as people do, in a browser; then it is taken back.",
    (
        Page("page: the application sends somebody here", "oauth/authorize", query=_REQUEST),
        Page("page: they sign in", "login", form={"email": "{{email}}", "password": "{{password}}"}),
        Page("page: they allow it", "consent", form={"decision": "allow"}, ends=True),
        Step("list-consents", query={"filter[user_id]": "{{user_id}}"}),
        Step("withdraw-consent"),
    ),
)
