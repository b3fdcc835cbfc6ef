"""A Flask that commits what was returned.  A view that raises is rolled back when the unit closes."""

from flask import Flask, g
from flask.typing import ResponseReturnValue

from idp.db.unit import UnitOfWork


class IdPFlask(Flask):
    """The application class: the one place where a request's transaction ends well."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; then commit, before the answer leaves."""
        answer = super().dispatch_request()
        uow: UnitOfWork | None = g.get("uow")
        if uow is not None:
            uow.commit()
        return answer
