"""An API of the tenant's own, and a permission that it defines."""

from idp.api.tags import RESOURCES
from idp.dev.postman.steps import Chapter, Step

_PERMISSION = {"permission": "invoices-{{run}}:approve"}

CHAPTER = Chapter(
    RESOURCES,
    "An API of the tenant's own, and a permission that it defines.",
    (
        Step(
            "create-resource",
            body={
                "identifier": "https://api-{{run}}.acme.example",
                "scope": ["invoices-{{run}}:read", "invoices-{{run}}:write"],
            },
            learns={"resource_id": "id"},
        ),
        Step("list-resources", query={"limit": "2"}),
        Step("get-resource"),
        Step("change-resource"),
        Step("define-permission", path=_PERMISSION),
        Step("list-resource-permissions"),
        Step("remove-permission", path=_PERMISSION),
        Step("delete-resource", match=False),
    ),
)
