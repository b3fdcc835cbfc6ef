"""Whether what an operator asks for is installed; light, so that it can be asked before a server starts."""

from importlib.util import find_spec

from idp.config import Misconfigured, Settings

_OTEL = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "opentelemetry.instrumentation.flask")
_SENTRY = ("sentry_sdk",)


def require(settings: Settings) -> None:
    """Refuse to go on without an extra that is needed.

    Raises:
        Misconfigured: with a sentence that says which, and why.
    """
    if settings.sentry_dsn is not None and not _has(_SENTRY):
        raise Misconfigured("IDP_SENTRY_DSN is set, but the extra is not installed: pip install 'idp[sentry]'.")
    if settings.is_traced and not _has(_OTEL):
        raise Misconfigured("OTEL_* asks for traces, but the extra is not installed: pip install 'idp[otel]'.")


def _has(modules: tuple[str, ...]) -> bool:
    try:
        return all(find_spec(name) is not None for name in modules)
    except ImportError:
        return False
