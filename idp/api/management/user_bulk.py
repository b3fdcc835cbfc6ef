"""``users/bulk``: up to a thousand people in one call, with an answer for each."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from idp.api.bodies import BodyInvalid, pointed
from idp.api.fields import shown
from idp.api.management.people import ID, NEW, CreateUser
from idp.api.management.routes import management
from idp.api.schemas import Body, Pointed
from idp.api.tags import PEOPLE
from idp.db.unit import UnitOfWork
from idp.errors import IdPError, Invalid
from idp.rbac.permissions import Permission
from idp.users import bulk
from idp.users.models import User

_ITEM = CreateUser()
EXAMPLE = {"users": [NEW, {"email": "noor@acme.example"}]}
ANSWER = {
    "created": 1,
    "refused": 1,
    "results": [
        {"index": 0, "status": "created", "id": ID},
        {
            "index": 1,
            "status": "refused",
            "error": {
                "code": "email-taken",
                "detail": "noor@acme.example belongs to somebody in this tenant already.",
                "errors": [
                    {
                        "pointer": "/users/1/email",
                        "detail": "noor@acme.example belongs to somebody in this tenant already.",
                    }
                ],
            },
        },
    ],
}


class _Unread(fields.Nested):
    """Described as what it is, and taken as it comes: each is read by itself later."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **_options: Any) -> Any:
        """Whatever was sent."""
        return value


class CreateUsers(Body):
    """People to add, each as `POST users` takes one."""

    users = fields.List(
        _Unread(CreateUser),
        required=True,
        validate=validate.Length(1, bulk.MAX_PEOPLE),
        metadata={"description": f"1 to {bulk.MAX_PEOPLE} of them."},
    )


class BulkError(Body):
    """Why somebody could not be added, as `POST users` would say it."""

    code = shown("For programs.")
    detail = shown("A sentence.")
    errors = fields.List(fields.Nested(Pointed), required=True)


class BulkResult(Body):
    """What became of one of them."""

    index = fields.Integer(required=True, strict=True, metadata={"description": "Place in `users`, from 0."})
    status = fields.String(required=True, validate=validate.OneOf(["created", "refused"]))
    id = fields.String(metadata={"description": "Of whoever was created."})
    error = fields.Nested(BulkError, metadata={"description": "Why somebody was refused."})


class BulkResults(Body):
    """What became of them, in their order."""

    created = fields.Integer(required=True, strict=True)
    refused = fields.Integer(required=True, strict=True)
    results = fields.List(fields.Nested(BulkResult), required=True)


@management.operation(
    "POST",
    "/users/bulk",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    body=(CreateUsers, EXAMPLE),
    answer=(200, BulkResults, ANSWER),
    refuses=("bulk-busy",),
)
def create_users(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Add many people.

    Each is looked at by itself: what is wrong with one does no harm to the others. Nobody gets a mail: to let one
    of them in, `POST invitations`. A tenant has one such call at a time; with an `Idempotency-Key` one that was cut
    off, or came too early, can be sent again.
    """
    results: list[dict[str, Any]] = [_read(index, members) for index, members in enumerate(sent["users"])]
    fit = [result for result in results if "newcomer" in result]
    for result, made in zip(fit, bulk.create_all(uow, [result.pop("newcomer") for result in fit]), strict=True):
        result.update(_made(result["index"], made))
    created = sum(result["status"] == "created" for result in results)
    return {"created": created, "refused": len(results) - created, "results": results}


def _read(index: int, members: Any) -> dict[str, Any]:
    """One of them, as far as it can be told without looking at the others."""
    try:
        return {"index": index, "newcomer": bulk.read(_ITEM.load(members))}
    except ValidationError as wrong:
        return _refused(index, BodyInvalid(list(pointed(wrong.messages, ""))))
    except IdPError as refused:
        return _refused(index, refused)


def _made(index: int, made: User | IdPError) -> dict[str, Any]:
    if isinstance(made, User):
        return {"status": "created", "id": str(made.id)}
    return _refused(index, made)


def _refused(index: int, error: IdPError) -> dict[str, Any]:
    found = error.errors if isinstance(error, BodyInvalid) else [(f"/{_field(error)}", error.detail)]
    errors = [{"pointer": f"/users/{index}{pointer}", "detail": detail} for pointer, detail in found]
    said = {"code": error.code, "detail": error.detail, "errors": errors}
    return {"index": index, "status": "refused", "error": said}


def _field(error: IdPError) -> str:
    named = error.field if isinstance(error, Invalid) else None
    return named or "email"
