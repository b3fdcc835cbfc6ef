"""Roles: made, listed, changed, deleted."""

from idp.api.tags import ROLES
from idp.dev.postman.steps import Chapter, Step

CHAPTER = Chapter(
    ROLES,
    "A role of the tenant's own.",
    (
        Step("create-role", body={"name": "billing-{{run}}"}, learns={"role_id": "id"}),
        Step("list-roles", query={"limit": "2", "sort": "-name"}),
        Step("get-role"),
        Step("change-role"),
        Step("delete-role"),
    ),
)
