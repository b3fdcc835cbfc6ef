"""What the hosted pages share: their blueprint, and reading the id of the flow they are about."""

from uuid import UUID

from flask import Blueprint, request

from idp.http.context import SLUG
from idp.ids import parse_id

blueprint = Blueprint("hosted", __name__, url_prefix=f"/t/<{SLUG}>")

LONGEST_PASSWORD = 1024
"""What is longer was not typed by a person; the rules refuse far shorter ones."""


def flow_id() -> UUID | None:
    """The flow that the address or the form names."""
    return parse_id(request.form.get("flow") or request.args.get("flow") or "")
