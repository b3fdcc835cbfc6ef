"""A Flask that commits what was returned.  A view that raises is rolled back when the unit closes."""

from flask import Flask, g
from flask.typing import ResponseReturnValue

from idp.http import cookies


class IdPFlask(Flask):
    """The application class: the one place where a request's transaction ends well."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view; then commit, before the answer leaves.  Cookies go only with what was committed."""
        try:
            answer = super().dispatch_request()
            for unit in (g.get("platform"), g.get("uow")):
                if unit is not None:
                    unit.commit()
        except BaseException:
            cookies.forget()
            raise
        return answer
