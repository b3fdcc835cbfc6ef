"""``idp serve``: the web server of production."""

from idp import server
from idp.cli.options import program
from idp.config import Settings


@program("serve")
def serve() -> None:
    """Serve, by the settings in the environment; becomes gunicorn."""
    server.serve(Settings.load())
