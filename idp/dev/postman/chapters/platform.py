"""Operators: a tenant from its beginning to its end, and acting for one, which its own people see and can end."""

from idp.api.tags import ACCESS, PLATFORM
from idp.dev.postman.steps import Chapter, Step

_NEW = {"slug": "run-{{run}}"}
_ACME = {"slug": "{{tenant_slug}}"}

CHAPTER = Chapter(
    PLATFORM,
    "A tenant from its beginning to its end.",
    (
        Step("get-health"),
        Step(
            "create-tenant",
            body={"slug": "run-{{run}}", "name": "Run {{run}}", "admin": {"email": "ida-{{run}}@acme.example"}},
        ),
        Step("list-tenants", query={"limit": "2"}),
        Step("get-tenant", path=_NEW),
        Step("change-tenant", path=_NEW),
        Step("declare-tenant", path=_NEW, body={"tenant": "run-{{run}}", "name": "Run {{run}}"}),
        Step("get-tenant-usage", path=_NEW),
        Step("suspend-tenant", path=_NEW),
        Step("resume-tenant", path=_NEW),
        Step("sign-everybody-out", path=_NEW),
        Step("delete-tenant", path=_NEW, query={"confirm": "run-{{run}}"}, match=False),
    ),
)
ACTING = Chapter(
    ACCESS,
    "An operator acts for the tenant, for a reason and for a while; the tenant sees it, and can end it.",
    (
        Step("begin-access", path=_ACME, learns={"access_id": "id"}),
        Step("renew-access-token", path=_ACME),
        Step("list-operator-accesses", query={"filter[status]": "active"}),
        Step("end-operator-access"),
        Step("begin-access", "begin access once more", path=_ACME, learns={"access_id": "id"}),
        Step("list-accesses", path=_ACME, query={"limit": "2"}),
        Step("end-access", path=_ACME),
    ),
)
