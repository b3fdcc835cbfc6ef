"""``connections/{name}/tests``: what an upstream says of somebody, before anybody is let in by it."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from idp.api.fields import moment, shown
from idp.api.management.connection_schemas import web_address
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import CONNECTIONS
from idp.db.unit import UnitOfWork
from idp.federation import connections, testing
from idp.federation.errors import Reason
from idp.rbac.permissions import Permission

_MOMENT = "2026-11-24T10:12:00.250000+00:00"
_TEST = "01981a4e-d410-7c22-9d5e-3f1a0b9c8d70"
BEGUN = {
    "id": _TEST,
    "url": "https://id.example/t/acme/connections/github/login?test=idp_fs_q8Zt3vJ9qkS5u1Lr8aXo2dWm7nB4hYc6",
    "expires_at": _MOMENT,
}
RESULT: dict[str, Any] = {
    "id": _TEST,
    "status": "received",
    "expires_at": _MOMENT,
    "profile": {
        "issuer": "https://github.com",
        "subject": "583231",
        "email": "ida@acme.example",
        "email_verified": True,
        "username": "ida",
        "attributes": {"name": "Ida Noor"},
        "groups": ["acme", "acme/core"],
        "roles": ["member"],
    },
    "claims": {"id": 583231, "login": "ida", "name": "Ida Noor", "email": "ida@acme.example"},
    "failure": None,
}


class BegunTest(Body):
    """A test sign-in that waits for a browser."""

    id = shown("For `tests/{test_id}`.")
    url = web_address("To open in a browser; it works once.")
    expires_at = moment("When it is forgotten, with whatever it brings.")


class UpstreamProfile(Body):
    """What would be taken over."""

    issuer = shown("What names the upstream.")
    subject = shown("Who they are there; never anybody else.")
    email = shown("As the upstream says; null when it says none that is one.", allow_none=True)
    email_verified = fields.Boolean(required=True, metadata={"description": "Whether the upstream says so."})
    username = shown("What they are called there.", allow_none=True)
    attributes = fields.Dict(
        fields.String(), fields.Raw(), required=True, metadata={"description": "Of the profile here, by our names."}
    )
    groups = fields.List(fields.String(), required=True, metadata={"description": "That they are in there."})
    roles = fields.List(
        fields.String(), required=True, metadata={"description": "That they would get here by `roles`."}
    )


class TestFailure(Body):
    """Why nobody would have been let in."""

    reason = fields.String(
        required=True,
        validate=validate.OneOf([reason.value for reason in Reason]),
        metadata={"description": "For programs."},
    )
    cause = shown("What exactly went wrong, for whoever has to put it right.")


class TestResult(Body):
    """How a test sign-in stands."""

    id = shown("Of the test.")
    status = fields.String(
        required=True,
        validate=validate.OneOf(["pending", "failed", "received"]),
        metadata={"description": "`pending` until a browser has come back."},
    )
    expires_at = moment("When it is forgotten, with whatever it brought.")
    profile = fields.Nested(
        UpstreamProfile, required=True, allow_none=True, metadata={"description": "What would be taken over."}
    )
    claims = fields.Dict(
        fields.String(),
        fields.Raw(),
        required=True,
        allow_none=True,
        metadata={"description": "All that was received, but for tokens."},
    )
    failure = fields.Nested(
        TestFailure, required=True, allow_none=True, metadata={"description": "Why nobody would have been let in."}
    )


@management.operation(
    "POST",
    "/connections/<name>/tests",
    needs=Permission.CONNECTIONS_WRITE,
    tag=CONNECTIONS,
    answer=(201, BegunTest, BEGUN),
    refuses=("no-such-connection",),
)
def begin_connection_test(uow: UnitOfWork, name: str) -> dict[str, Any]:
    """Try a connection out.

    Open `url` in a browser and sign in at the upstream: nobody is signed in here, nothing is linked or made, and what
    came back is in the result. It works for connections that are not enabled too.
    """
    row, url = testing.begin(uow, connections.get(uow, name))
    return {"id": str(row.id), "url": url, "expires_at": row.expires_at.isoformat()}


@management.operation(
    "GET",
    "/connections/<name>/tests/<uuid:test_id>",
    needs=Permission.CONNECTIONS_WRITE,
    tag=CONNECTIONS,
    answer=(200, TestResult, RESULT),
    refuses=("no-such-connection", "no-such-test"),
)
def get_connection_test(uow: UnitOfWork, name: str, test_id: UUID) -> dict[str, Any]:
    """Show how a test sign-in stands.

    It is forgotten after an hour.
    """
    found = testing.get(uow, connections.get(uow, name), test_id)
    failure = None if found.reason is None else {"reason": found.reason, "cause": found.cause}
    return {
        "id": str(test_id),
        "status": found.status,
        "expires_at": found.expires_at.isoformat(),
        "profile": found.profile,
        "claims": found.claims,
        "failure": failure,
    }
