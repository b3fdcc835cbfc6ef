"""How a test sign-in ended: what the upstream said, and nobody is signed in."""

import json

from flask import Response, make_response

from idp.db.unit import UnitOfWork
from idp.federation import testing
from idp.federation.errors import SignInRefused
from idp.federation.models import Connection, FederationTransaction
from idp.federation.providers.base import UpstreamProfile
from idp.i18n import gettext as _
from idp.web.rendering import render


def show(
    uow: UnitOfWork, connection: Connection, trip: FederationTransaction, came: UpstreamProfile | SignInRefused
) -> Response:
    """Keep the result for whoever asked, and show it."""
    facts: list[tuple[str, str]] = []
    claims = None
    if isinstance(came, SignInRefused):
        testing.fail(uow, connection, trip, came)
        heading = _("The test failed")
        sentence = _("Nobody was signed in. This is what went wrong:")
        facts = [(_("Reason"), came.reason.value), (_("Cause"), came.cause)]
    else:
        received = testing.receive(uow, connection, trip, came)
        heading = _("The test worked")
        sentence = _("Nobody was signed in. This is what {connection} says:", connection=connection.label)
        facts = [(name, _shown(value)) for name, value in (received.profile or {}).items()]
        claims = json.dumps(received.claims, indent=2, ensure_ascii=False, default=str)
    body = render(
        "hosted/connection_test.html", heading, heading=heading, sentence=sentence, facts=facts, claims=claims
    )
    return make_response(body, 200)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
