"""Roles: made, changed, given to somebody, taken back, deleted; and groups, which give roles to many at once."""

from idp.api.tags import GROUPS, ROLES
from idp.dev.postman.steps import Chapter, Step

CHAPTER = Chapter(
    ROLES,
    "A role of the tenant's own, and somebody who holds it.",
    (
        Step("create-role", body={"name": "billing-{{run}}"}, learns={"role_id": "id"}),
        Step("list-roles", query={"limit": "2", "sort": "-name"}),
        Step("get-role"),
        Step("change-role"),
        Step("list-permissions"),
        Step("assign-user-role"),
        Step("list-user-roles"),
        Step("explain-user-permissions"),
        Step("list-role-holders", query={"kind": "user"}),
        Step("unassign-user-role"),
    ),
)
IN_GROUPS = Chapter(
    GROUPS,
    "A group whose people hold the role. In the end both are deleted.",
    (
        Step("create-group", body={"name": "Finance {{run}}"}, learns={"group_id": "id"}),
        Step("list-groups", query={"filter[name]": "Finance {{run}}"}),
        Step("get-group"),
        Step("change-group", body={"name": "Accounting {{run}}"}),
        Step("add-group-member"),
        Step("list-group-members"),
        Step("list-user-groups"),
        Step("assign-group-role"),
        Step("list-group-roles"),
        Step("unassign-group-role"),
        Step("remove-group-member"),
        Step("delete-group", match=False),
    ),
)
