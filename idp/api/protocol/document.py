"""All of them together, as the document takes them."""

from typing import Any

from idp.api.protocol import authorization, metadata, schemas, tokens
from idp.api.protocol.describe import FAULT

SCHEMAS: dict[str, dict[str, Any]] = {"ProtocolError": FAULT, **schemas.SCHEMAS, **metadata.SCHEMAS}
"""Schemas by name, for the document's components."""


def paths() -> dict[str, Any]:
    """Operations by address."""
    return {**authorization.paths(), **tokens.paths(), **metadata.paths()}
