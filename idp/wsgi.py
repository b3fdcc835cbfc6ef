"""What gunicorn imports: the public application, and the internal one behind its own port."""

from idp import metrics
from idp.app import create_app
from idp.config import Settings
from idp.crypto import passwords
from idp.http.documents import PublicDocuments
from idp.http.health import by_port, create_internal_app
from idp.telemetry import start as telemetry
from idp.wiring import Wiring

settings = Settings.load()
wiring = Wiring.of(settings)
app = by_port(
    public=PublicDocuments(create_app(settings, wiring), settings.authority),
    internal=create_internal_app(settings, wiring.app),
    public_port=settings.port,
    internal_port=settings.internal_port,
)


def begin() -> None:
    """What a process must do for itself, after the fork (`idp.gunicorn_conf`)."""
    telemetry.begin(settings)
    wiring.begin()
    metrics.THREADS.set(settings.web_threads)
    metrics.GATE_PLACES.set(passwords.gate().places)


def end() -> None:
    """What a process does before it ends."""
    telemetry.end(settings)
