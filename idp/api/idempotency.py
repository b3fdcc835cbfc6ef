"""``Idempotency-Key``: a POST that comes twice is done once, and answered the same (R62).

The key is claimed by one INSERT in the transaction of the change, so whoever comes second waits for the first and then
gets its answer; when the first fails, nothing is remembered and the second is done.  Answers may hold secrets that are
shown once, and are sealed.
"""

import json
import re
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

from flask import Response, request
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from idp.api import bodies
from idp.api.models import IdempotentRequest
from idp.crypto.secrets import digest
from idp.db.unit import UnitOfWork
from idp.errors import Conflict, Invalid

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
PARAMETER = {
    "name": HEADER,
    "in": "header",
    "description": "8 to 128 printable characters of your choice; sent again within 24 hours, nothing is done twice.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 128},
}
_KEY = re.compile(r"[\x21-\x7e]{8,128}")
_REPLAYED = "Idempotency-Replayed"
_KEPT_HEADERS = ("Content-Type", "ETag", "Location")
_PLACE = {"table": "idempotent_requests", "column": "answer_sealed"}


class KeyInvalid(Invalid):
    """An ``Idempotency-Key`` that is too short, too long or not printable."""

    code = "idempotency-key-invalid"


class KeyReused(Conflict):
    """An ``Idempotency-Key`` that another request had."""

    code = "idempotency-key-reused"


def claim(uow: UnitOfWork) -> Response | None:
    """The answer that this request had before; None when it is to be done, or has no key.

    Raises:
        KeyInvalid, KeyReused: the key cannot be used.
    """
    if HEADER not in request.headers:
        return None
    key = _key(uow)
    body = bodies.raw(request).decode(errors="surrogateescape")
    asked = digest(f"{request.method} {request.full_path}\n{body}")
    expires_at = func.now() + KEPT_FOR
    statement = insert(IdempotentRequest).values(
        tenant_id=uow.tenant.id, key_digest=key, request_digest=asked, expires_at=expires_at
    )
    anew = {"request_digest": asked, "answer_sealed": None, "expires_at": expires_at}
    claimed = uow.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "key_digest"], set_=anew, where=IdempotentRequest.expires_at < func.now()
        ).returning(IdempotentRequest.key_digest)
    ).first()
    if claimed is not None:
        return None
    before = uow.session.execute(
        select(IdempotentRequest.request_digest, IdempotentRequest.answer_sealed).where(
            IdempotentRequest.key_digest == key
        )
    ).one()
    if before.request_digest != asked or before.answer_sealed is None:
        raise KeyReused("This Idempotency-Key was used for another request.")
    return _opened(uow, key, before.answer_sealed)


def remember(uow: UnitOfWork, response: Response) -> None:
    """Keep the answer for whoever asks the same again; of a refusal, nothing."""
    if HEADER not in request.headers:
        return
    key = _key(uow)
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        uow.execute(delete(IdempotentRequest).where(IdempotentRequest.key_digest == key))
        return
    kept = {
        "status": response.status_code,
        "headers": {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        "body": response.get_data(as_text=True),
    }
    sealed = uow.data_key.seal(json.dumps(kept).encode(), row=_row(key), **_PLACE)
    uow.flush()
    uow.execute(update(IdempotentRequest).where(IdempotentRequest.key_digest == key).values(answer_sealed=sealed))


def _key(uow: UnitOfWork) -> bytes:
    """The key as it stands in the table: whoever asks has keys of their own."""
    sent = request.headers.getlist(HEADER)
    if len(sent) != 1 or not _KEY.fullmatch(sent[0]):
        raise KeyInvalid("An Idempotency-Key has 8 to 128 printable characters, and comes once.")
    return digest(f"{uow.actor.kind} {uow.actor.id} {sent[0]}")


def _opened(uow: UnitOfWork, key: bytes, sealed: bytes) -> Response:
    kept = json.loads(uow.data_key.unseal(sealed, row=_row(key), **_PLACE))
    response = Response(kept["body"], status=kept["status"], headers=kept["headers"])
    response.headers[_REPLAYED] = "true"
    return response


def _row(key: bytes) -> UUID:
    return UUID(bytes=key[:16])
