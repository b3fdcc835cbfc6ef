"""Connections: an upstream is trusted, chosen for an application, and let go; nobody signs in by it."""

from idp.api.tags import CONNECTIONS
from idp.dev.postman.steps import Chapter, Step

_HERE = {"name": "github-{{run}}"}
_NONE = {"identity_id": "{{$guid}}"}

CHAPTER = Chapter(
    CONNECTIONS,
    "An upstream is trusted, chosen for an application, and let go. Nobody signs in by it, so there are no identities.",
    (
        Step("list-connection-kinds"),
        Step("create-connection", body=_HERE),
        Step("list-connections", query={"limit": "2"}),
        Step("get-connection", path=_HERE),
        Step("change-connection", path=_HERE),
        Step("begin-connection-test", path=_HERE, learns={"test_id": "id"}),
        Step("get-connection-test", path=_HERE),
        Step("set-client-connections", body={"connections": ["github-{{run}}"]}),
        Step("get-client-connections"),
        Step("set-client-connections", "let the client use them all again", body={"connections": None}),
        Step("get-user-identity-token", path=_NONE, expects=(404,)),
        Step("remove-user-identity", path=_NONE, expects=(404,)),
        Step("delete-connection", path=_HERE, match=False),
    ),
)
