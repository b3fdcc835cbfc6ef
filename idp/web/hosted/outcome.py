"""A page that says how something ended, and one way on: a dead link, a closed door, a thing that is done."""

from flask import Response, make_response

from idp.web.rendering import render

Way = tuple[str, str]
"""What a button says, and where it leads."""


def show(heading: str, sentence: str, way: Way, *, also: Way | None = None, status: int = 200) -> Response:
    """Say it.

    Args:
        heading: what happened.
        sentence: what to do about it.
        way: the one way on.
        also: another, for whom that one does not fit.
        status: HTTP status.
    """
    body = render("hosted/outcome.html", heading, heading=heading, sentence=sentence, way=way, also=also)
    return make_response(body, status)
