"""Public documents straight from memory: discovery and key sets, at most a second old, before Flask is asked.

The rows they are made of may be a second old too, which makes two seconds, as everywhere.  They are the same bytes
for everyone (R20), so an answer can serve whoever asks next.  A request that could get another answer, because of its
method, query, origin or validators, goes to the application as ever.
"""

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

from cachetools import TTLCache

from idp.db.cache import PUBLISHED_TTL_SECONDS
from idp.http import metrics

_PATH = re.compile(r"/t/[a-z0-9-]+/(jwks\.json|\.well-known/[a-z-]+)|/\.well-known/[a-z-]+/t/[a-z0-9-]+")
_PER_REQUEST = frozenset({"X-Request-Id"})
_DECIDES = ("HTTP_ORIGIN", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class PublicDocuments:
    """A WSGI application in front of another.

    Args:
        application: makes the documents.
        host: ``Host`` header that the documents are served under; others are the application's to refuse (R35).
        size: documents kept.
    """

    def __init__(self, application: WSGI, host: str, size: int = 10_000) -> None:
        self._application = application
        self._host = host
        self._lock = threading.Lock()
        self._kept: TTLCache[str, tuple[list[tuple[str, str]], bytes]] = TTLCache(size, PUBLISHED_TTL_SECONDS)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer from memory, or ask the application and keep what it says."""
        path = environ["PATH_INFO"]
        if not self._is_plain(environ) or not _PATH.fullmatch(path):
            return self._application(environ, start_response)
        with self._lock:
            kept = self._kept.get(path)
        if kept is None:
            return self._ask(path, environ, start_response)
        metrics.count_document_from_memory()
        start_response("200 OK", kept[0])
        return [kept[1]]

    def _is_plain(self, environ: dict[str, Any]) -> bool:
        return (
            environ["REQUEST_METHOD"] == "GET"
            and not environ.get("QUERY_STRING")
            and environ.get("HTTP_HOST") == self._host
            and not any(name in environ for name in _DECIDES)
        )

    def _ask(self, path: str, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answered: list[tuple[str, list[tuple[str, str]]]] = []

        def remember(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answered.append((status, headers))
            return start_response(status, headers, *rest)

        chunks = self._application(environ, remember)
        try:
            body = b"".join(chunks)
        finally:
            if (close := getattr(chunks, "close", None)) is not None:
                close()
        status, headers = answered[-1]
        if status == "200 OK":
            public = [item for item in headers if item[0] not in _PER_REQUEST]
            with self._lock:
                self._kept[path] = (public, body)
        return [body]
