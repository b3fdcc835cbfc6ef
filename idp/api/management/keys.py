"""``keys``: a tenant's signing keys, their rotation, and the emergency (R18)."""

from typing import Any

from flask import Response, after_this_request
from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import moment, shown
from idp.api.listing import Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import KEYS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.keys import service as keys
from idp.keys.models import KeyState, SigningKey
from idp.rbac.permissions import Permission

KEY = {
    "kid": "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4QzQ2MDAyQjVDNjk1RTM2Qg",
    "alg": "RS256",
    "state": "active",
    "published_at": "2026-11-24T09:12:00.250000+00:00",
    "activated_at": "2026-11-24T09:22:00.250000+00:00",
    "ready_at": "2026-11-24T09:22:00.250000+00:00",
    "requested_at": None,
    "retiring_at": None,
    "retired_at": None,
    "revoked_at": None,
}
_SCHEDULED = KEY | {"state": "pending", "activated_at": None, "requested_at": "2026-11-24T09:15:00.250000+00:00"}


class KeyOut(Body):
    """A signing key, but for its private part, which nobody gets to see."""

    kid = shown("As in `jwks.json` and in the headers of tokens (RFC 7638).")
    alg = shown("What it signs with.")
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in KeyState]))
    published_at = moment("Since when resource servers can know it.")
    activated_at = moment("Since when it signs.", allow_none=True)
    ready_at = moment("From when on it may sign.")
    requested_at = moment("Since when it is asked to sign as soon as it may.", allow_none=True)
    retiring_at = moment("Since when it signs no more.", allow_none=True)
    retired_at = moment("Since when it is out of `jwks.json`.", allow_none=True)
    revoked_at = moment("Since when nothing that it signed counts.", allow_none=True)


LISTING = Listing("keys", orders={"published_at": Order((SigningKey.id,))}, default="-published_at")


@management.operation(
    "GET",
    "/keys",
    needs=Permission.KEYS_READ,
    tag=KEYS,
    query=LISTING.query,
    answer=(200, listed(KeyOut), {"items": [KEY], "next_cursor": None}),
)
def list_keys(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List signing keys.

    With those that have retired; the public ones that count now are in `jwks.json`.
    """
    page = LISTING.page(uow, select(SigningKey), query)
    return LISTING.answer(uow, page, [_describe(row[0]) for row in page.rows], query)


@management.operation(
    "GET",
    "/keys/<kid>",
    needs=Permission.KEYS_READ,
    tag=KEYS,
    answer=(200, KeyOut, KEY),
    refuses=("no-such-key",),
)
def get_key(uow: UnitOfWork, kid: str) -> dict[str, Any]:
    """Show a signing key."""
    return _describe(keys.get(uow, kid))


@management.operation(
    "POST",
    "/keys/rotate",
    needs=Permission.KEYS_WRITE,
    tag=KEYS,
    answer=(202, KeyOut, _SCHEDULED),
)
def rotate_keys(uow: UnitOfWork) -> dict[str, Any]:
    """Hand over to the next key.

    The answer is that key. Its `state` is `active` when resource servers can have learnt of it: it signs now. Otherwise
    it is `pending`, and signs by itself from its `ready_at` on. Tokens of the key before stay good until they expire.
    """
    return _whole(uow, keys.rotate(uow))


@management.operation(
    "POST",
    "/keys/<kid>/revoke",
    needs=Permission.KEYS_WRITE,
    tag=KEYS,
    answer=(200, KeyOut, KEY | {"state": "revoked", "revoked_at": KEY["activated_at"]}),
    refuses=("no-such-key",),
)
def revoke_key(uow: UnitOfWork, kid: str) -> dict[str, Any]:
    """Revoke a key.

    For the emergency: within two seconds it leaves `jwks.json` and its tokens stop counting here, the one of this
    request among them; at resource servers they do when those fetch the set again. If it was the one that signs, the
    next one does now.
    """
    return _whole(uow, keys.revoke(uow, kid))


def _whole(uow: UnitOfWork, row: SigningKey) -> dict[str, Any]:
    """A key that was changed; this process reads the set anew once that is committed."""

    @after_this_request
    def forget(response: Response) -> Response:
        keys.forget()
        return response

    uow.flush()
    uow.session.refresh(row)
    return _describe(row)


def _describe(row: SigningKey) -> dict[str, Any]:
    moments = ("requested_at", "activated_at", "retiring_at", "retired_at", "revoked_at")
    return {
        "kid": row.kid,
        "alg": row.alg,
        "state": row.state.value,
        "published_at": row.published_at.isoformat(),
        "ready_at": keys.ready_at(row).isoformat(),
        **{name: (value := getattr(row, name)) and value.isoformat() for name in moments},
    }
