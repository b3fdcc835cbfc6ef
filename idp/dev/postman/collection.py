"""The Postman collection: every operation of the document once or more, in an order that runs green (schema v2.1.0).

One newcomer signs up, changes what can be changed, forgets, and leaves; a program manages the tenant, another the
platform.  Bodies are the document's own examples, with variables where something was learnt on the way.  What a mail
brings is read in the development mailbox.
"""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from idp.dev.postman import items
from idp.dev.postman.order import CHAPTERS
from idp.dev.postman.steps import Step

VARIABLES = {
    "base_url": "",
    "tenant_slug": "acme",
    "client_id": "",
    "machine_client_id": "",
    "machine_client_secret": "",
    "management_client_id": "",
    "management_client_secret": "",
    "operator_client_id": "",
    "operator_client_secret": "",
}
"""What whoever runs the collection must know; `demo.json` has it all."""

WALK = frozenset(step.operation for chapter in CHAPTERS for step in chapter.steps if isinstance(step, Step))
"""Ids of the operations that the collection calls."""

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:idp:postman")


def collection(document: Mapping[str, Any]) -> dict[str, Any]:
    """The collection of a document.

    Raises:
        KeyError: a chapter calls an operation that the document does not have.
    """
    return {
        "info": {
            "_postman_id": str(uuid5(_NAMESPACE, "collection")),
            "name": "idp",
            "description": "Made of openapi.json. Runs from first to last beside `make run`; see docs/api.md.",
            "schema": _SCHEMA,
        },
        "item": items.folders(document, CHAPTERS),
    }


def environment(base_url: str) -> dict[str, Any]:
    """An environment to fill in."""
    return {
        "id": str(uuid5(_NAMESPACE, "environment")),
        "name": "idp",
        "values": [
            {"key": key, "value": base_url if key == "base_url" else value, "enabled": True}
            for key, value in VARIABLES.items()
        ],
        "_postman_variable_scope": "environment",
    }
