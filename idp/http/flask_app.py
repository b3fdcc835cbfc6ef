"""A Flask that commits what was returned.  A view that raises is rolled back when the unit closes."""

from flask import Flask, g
from flask.typing import ResponseReturnValue

from idp.db.unit import UnitOfWork
from idp.http import cookies


class IdPFlask(Flask):
    """The application class: the one place where a request's transaction ends well."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; then commit, before the answer leaves.  Cookies go only with what was committed."""
        try:
            answer = super().dispatch_request()
            uow: UnitOfWork | None = g.get("uow")
            if uow is not None:
                uow.commit()
        except BaseException:
            cookies.forget()
            raise
        return answer
