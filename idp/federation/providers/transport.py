"""How providers call upstreams: Authlib's own sessions, over the one outbound client of ours (R52, R53).

An upstream that failed a few times in a row is left alone for a while, so that whoever wants to sign in there hears it
at once.  Each tenant counts for itself: it may point a connection at whatever fails on a server that others sign in at.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import requests
from authlib.integrations.requests_client import OAuth2Session
from cachetools import LRUCache
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from idp.breaker import Breaker
from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers.base import Upstream
from idp.outbound import Answer, Outbound, OutboundFailed, OutboundRefused

TOLERANCE = 3
REST_SECONDS = 15.0
VISIT_SECONDS = 10.0
"""For all calls of one way there or back; none is begun later."""
SERVER_ERROR = 500

_P = ParamSpec("_P")
_S = TypeVar("_S")
_T = TypeVar("_T")

_client: list[Outbound] = [Outbound()]
"""The one that calls; made at the start of a process with what the deployment allows."""
_breakers: LRUCache[tuple[UUID | None, str], Breaker] = LRUCache(1_000)
_breakers_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Visit:
    """What a thread is at an upstream for: whose it is, and until when another call may begin."""

    tenant_id: UUID
    ends: float


_visit: ContextVar[_Visit | None] = ContextVar("visit", default=None)


class UpstreamUnreachable(SignInRefused):
    """No whole answer came."""

    code = "upstream-unreachable"

    def __init__(self, cause: str) -> None:
        super().__init__(Reason.UNREACHABLE, cause)


def connect(client: Outbound) -> None:
    """Say who calls, once at the start of a process: an instance of its own, whose places nobody else waits for."""
    _client[:] = [client]
    with _breakers_lock:
        _breakers.clear()


def visiting(
    method: Callable[Concatenate[_S, Upstream, _P], _T],
) -> Callable[Concatenate[_S, Upstream, _P], _T]:
    """What a provider's method calls is counted for the tenant of its connection, and ends in bounded time."""

    @wraps(method)
    def visit(self: _S, upstream: Upstream, /, *args: _P.args, **options: _P.kwargs) -> _T:
        begun = _visit.set(_Visit(upstream.tenant_id, time.monotonic() + VISIT_SECONDS))
        try:
            return method(self, upstream, *args, **options)
        finally:
            _visit.reset(begun)

    return visit


def session(client_id: str, client_secret: str | None = None, **options: Any) -> OAuth2Session:
    """Authlib's client of one upstream.

    Args:
        client_id: as what we are known there.
        client_secret: of it.
        options: as `OAuth2Session` takes them.
    """
    made = OAuth2Session(client_id, client_secret, **options)
    made.trust_env = False
    made.max_redirects = 0
    made.adapters.clear()
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Adapter())
    return made


def get(url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
    """A document of an upstream.

    Raises:
        UpstreamUnreachable: no whole answer, or one of a server in trouble.
    """
    return _call("GET", url, {"Accept": "application/json", **(headers or {})}, None)


def _call(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    parts = urlsplit(url)
    place = parts.hostname or ""
    visit = _visit.get()
    if visit is not None and visit.ends < time.monotonic():
        raise UpstreamUnreachable(f"{place} and its like took longer than {VISIT_SECONDS:.0f} seconds in all")
    breaker = _breaker(None if visit is None else visit.tenant_id, parts.netloc)
    if not breaker.admits():
        raise UpstreamUnreachable(f"{place} failed {TOLERANCE} times in a row and is left alone for a while")
    client = _client[0]
    try:
        answer = (
            client.get(url, headers=headers) if method == "GET" else client.post(url, body=body or b"", headers=headers)
        )
    except OutboundRefused:
        raise UpstreamUnreachable(f"{place} may not be called from here (IDP_OUTBOUND_ALLOW)") from None
    except OutboundFailed:
        breaker.failed()
        raise UpstreamUnreachable(f"{place} gave no whole answer in time") from None
    if answer.status >= SERVER_ERROR:
        breaker.failed()
        raise UpstreamUnreachable(f"{place} answered HTTP {answer.status}")
    breaker.succeeded()
    return answer


def _breaker(tenant_id: UUID | None, place: str) -> Breaker:
    with _breakers_lock:
        if (tenant_id, place) not in _breakers:
            _breakers[tenant_id, place] = Breaker(rest=REST_SECONDS, tolerance=TOLERANCE)
        return _breakers[tenant_id, place]


class _Adapter(BaseAdapter):
    """A connection of `requests` that is none: everything goes through `Outbound`."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT002 - the library's signature
        timeout: Any = None,
        verify: bool | str = True,  # noqa: FBT002 - the same
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OURS}
        answer = _call(request.method or "GET", request.url or "", headers, body)
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, request.url or "", request
        response.headers = CaseInsensitiveDict(
            {name: value for name, value in answer.headers.items() if name != "location"}  # a redirect is an answer
        )
        response._content = answer.body  # noqa: SLF001 - there is no other way to give a response what it says
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Nothing is kept open."""


_OURS = frozenset({"user-agent", "accept-encoding", "connection", "content-length"})
"""Headers that `Outbound` writes, or that nobody reads."""
