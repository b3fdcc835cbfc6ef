"""``ETag`` and ``If-Match``: a change on condition that nobody else made one meanwhile (RFC 9110 §13.1.1)."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request

from idp.crypto.secrets import digest, encode
from idp.errors import PreconditionFailed

IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "`ETag` that the change is made for; without it the change is made in any case.",
    "schema": {"type": "string"},
}
ETAG = {"ETag": {"$ref": "#/components/headers/ETag"}}
_BYTES = 12


class Changed(PreconditionFailed):
    """It is not what ``If-Match`` says any more."""

    code = "changed-meanwhile"


def etag_of(document: Mapping[str, Any]) -> str:
    """Names a state of a document."""
    return encode(digest(json.dumps(document, sort_keys=True))[:_BYTES])


def require_match(document: Mapping[str, Any]) -> None:
    """Refuse a change that was meant for another state.

    Args:
        document: as it is now, read under a lock.

    Raises:
        Changed: ``If-Match`` names another.
    """
    if "If-Match" in request.headers and not request.if_match.contains(etag_of(document)):
        raise Changed("It was changed meanwhile. Get it again.")
