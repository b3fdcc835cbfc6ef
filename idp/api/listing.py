"""Lists: what they can be filtered and sorted by is written down, and a page leads to the next by a cursor (R55).

A cursor is opaque and authenticated: it goes on in the list, order and filters that it was made for, and nowhere else.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import g, request
from marshmallow import Schema, fields, validate
from sqlalchemy import ColumnElement, Select

from idp.api.fields import text
from idp.api.schemas import Body
from idp.crypto.secrets import decode, encode, mac, matches
from idp.db import paging
from idp.db.paging import Order, Page
from idp.db.unit import UnitOfWork
from idp.errors import Invalid

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
_MAC_BYTES = 16
NEXT = {"Link": {"$ref": "#/components/headers/Link"}}


class CursorInvalid(Invalid):
    """A cursor that we did not make, or for another list, order or filter."""

    code = "cursor-invalid"


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing to filter by.

    Attributes:
        field: what its value may be, and what it means.
        condition: of a value.
    """

    field: fields.Field[Any]
    condition: Callable[[Any], ColumnElement[bool]]


class Listing:
    """A list of the API.

    Args:
        name: unique; cursors are bound to it.
        orders: by name, ascending; ``-name`` is the other way round.
        default: name of one of them, with its sign.
        filters: by name; the parameter is ``filter[name]``.
    """

    def __init__(
        self, name: str, *, orders: Mapping[str, Order], default: str, filters: Mapping[str, Filter] | None = None
    ) -> None:
        self._name = name
        self._orders = {**orders, **{f"-{key}": replace(order, descending=True) for key, order in orders.items()}}
        self._default = default
        self._filters = {f"filter[{key}]": given for key, given in (filters or {}).items()}
        self.query = self._schema()

    def page(self, uow: UnitOfWork, statement: Select[*tuple[Any, ...]], query: Mapping[str, Any]) -> Page:
        """The page that `query` asks for.

        Raises:
            CursorInvalid: its cursor is not of this list.
        """
        conditions = [self._filters[key].condition(value) for key, value in query.items() if key in self._filters]
        order = self._orders[query.get("sort", self._default)]
        cursor = query.get("cursor")
        after = None if cursor is None else self._open(uow, cursor, query)
        limit = query.get("limit", DEFAULT_LIMIT)
        try:
            return paging.page(uow.session, statement.where(*conditions), order, after=after, limit=limit)
        except ValueError:
            raise _not_ours() from None

    def answer(
        self, uow: UnitOfWork, page: Page, items: Sequence[Mapping[str, Any]], query: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The body for a page, and its ``Link`` (RFC 8288)."""
        if page.next is None:
            return {"items": items, "next_cursor": None}
        cursor = self._seal(uow, page.next, query)
        asked = {**request.args, "cursor": cursor}
        here = uow.tenant.issuer.removesuffix(f"/t/{uow.tenant.slug}") + request.path
        g.headers = g.get("headers", {}) | {"Link": f'<{here}?{urlencode(asked)}>; rel="next"'}
        return {"items": items, "next_cursor": cursor}

    def _schema(self) -> type[Schema]:
        members: dict[str, fields.Field[Any]] = {
            "limit": fields.Integer(
                validate=validate.Range(1, MAX_LIMIT),
                metadata={"description": f"At most so many; {DEFAULT_LIMIT} when left out."},
            ),
            "cursor": text("`next_cursor` of the page before.", longest=2000),
            "sort": fields.String(
                validate=validate.OneOf(sorted(self._orders)),
                metadata={"description": f"`{self._default}` when left out; a minus turns it round."},
            ),
            **{key: given.field for key, given in self._filters.items()},
        }
        return Body.from_dict(members, name=f"{self._name.title().replace('-', '')}Query")

    def _bound(self, query: Mapping[str, Any]) -> str:
        """What a cursor is good for."""
        chosen = {key: str(value) for key, value in query.items() if key in self._filters}
        return json.dumps([self._name, query.get("sort", self._default), chosen], sort_keys=True)

    def _seal(self, uow: UnitOfWork, key: paging.Key, query: Mapping[str, Any]) -> str:
        raw = json.dumps(key).encode()
        return encode(_mac(uow, raw, self._bound(query)) + raw)

    def _open(self, uow: UnitOfWork, cursor: str, query: Mapping[str, Any]) -> paging.Key:
        try:
            whole = decode(cursor)
        except ValueError:
            raise _not_ours() from None
        sent, raw = whole[:_MAC_BYTES], whole[_MAC_BYTES:]
        if not matches(sent, _mac(uow, raw, self._bound(query))):
            raise _not_ours()
        key: paging.Key = json.loads(raw)
        return key


def _mac(uow: UnitOfWork, raw: bytes, bound: str) -> bytes:
    return mac(uow.data_key.derive("cursors"), raw, bound.encode())[:_MAC_BYTES]


def _not_ours() -> CursorInvalid:
    return CursorInvalid("This cursor is not of this list with this sort and these filters.", field="cursor")
