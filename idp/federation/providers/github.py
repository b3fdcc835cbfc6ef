"""GitHub, and GitHub Enterprise Server by its base URL: OAuth 2.0 with PKCE, and its REST API for who it is.

GitHub has no ID token: who came is what `/user` answers for a token that was issued to us over TLS just now.  The
subject is the numeric id, which is never given to somebody else, as login names are (R22).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests.utils import parse_header_links

from idp.federation.errors import Reason, SignInRefused
from idp.federation.options import Options
from idp.federation.providers import claims, exchange, transport
from idp.federation.providers.base import Hints, Tokens, Trip, Upstream, UpstreamProfile
from idp.federation.providers.oidc import require_code

COM = "https://github.com"
COM_API = "https://api.github.com"
MAX_PAGES = 10
PER_PAGE = 100
_OK = 200
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
_WRONG_SECRET = ("incorrect_client_credentials", "invalid_client")


def issuer(options: Options) -> str:
    """What names this GitHub in identities."""
    return (options.base_url or COM).rstrip("/")


def api_of(base: str) -> str:
    """Where the REST API of the GitHub at `base` is: beside it in the cloud, below it on a server of one's own."""
    if base == COM:
        return COM_API
    parts = urlsplit(base)
    in_the_cloud = (parts.hostname or "").endswith(".ghe.com")  # Enterprise Cloud with data residency
    return f"{parts.scheme}://api.{parts.netloc}" if in_the_cloud else f"{base}/api/v3"


@dataclass(frozen=True, slots=True)
class GitHub:
    """The provider."""

    @transport.visiting
    def authorization_url(self, upstream: Upstream, trip: Trip, hints: Hints) -> str:
        """Where the browser goes.  GitHub cannot be asked to have somebody prove again that it is them."""
        session = transport.session(
            upstream.client_id,
            scope=" ".join(_scope(upstream.options)),
            redirect_uri=upstream.redirect_uri,
            code_challenge_method="S256",
        )
        more = {"login": hints.login_hint} if hints.login_hint else {}
        if hints.reauthenticate:
            more["prompt"] = "select_account"
        url, _state = session.create_authorization_url(
            f"{issuer(upstream.options)}/login/oauth/authorize",
            state=trip.state,
            code_verifier=trip.code_verifier,
            **more,
        )
        return str(url)

    @transport.visiting
    def fetch(self, upstream: Upstream, trip: Trip, answer: Mapping[str, str]) -> UpstreamProfile:
        """Who came back.

        Raises:
            SignInRefused: nobody whom we may believe.
        """
        require_code(answer)
        tokens = exchange.tokens_of(
            exchange.with_secret(
                upstream,
                lambda session: _fetch_token(
                    session,
                    f"{issuer(upstream.options)}/login/oauth/access_token",
                    code=answer["code"],
                    code_verifier=trip.code_verifier,
                    grant_type="authorization_code",
                ),
                wrong_secret=_WRONG_SECRET,
                redirect_uri=upstream.redirect_uri,
                token_endpoint_auth_method="client_secret_post",
            )
        )
        api = _Api(issuer(upstream.options), tokens)
        user = api.one("/user")
        number = user.get("id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise SignInRefused(Reason.NO_SUBJECT, "/user gave no numeric id")
        groups = _groups(api, upstream.options)
        _require_member(upstream.options, groups)
        address, is_verified = _primary(api)
        return UpstreamProfile(
            issuer=issuer(upstream.options),
            subject=str(number),
            email=claims.email(address),
            email_verified=is_verified,
            username=claims.text(user.get("login")),
            attributes=claims.attributes(
                {
                    "name": user.get("name"),
                    "nickname": user.get("login"),
                    "preferred_username": user.get("login"),
                    "profile": user.get("html_url"),
                    "picture": user.get("avatar_url"),
                    "website": user.get("blog"),
                }
            ),
            groups=groups,
            claims=claims.shown({**user, "primary_email": address, "primary_email_verified": is_verified}),
            tokens=tokens,
        )

    @transport.visiting
    def refresh(self, upstream: Upstream, tokens: Tokens) -> Tokens:
        """Another access token, of a GitHub App whose tokens expire.

        Raises:
            SignInRefused: they are over.
        """
        refresh_token = exchange.refresh_token_of(tokens)
        return exchange.tokens_of(
            exchange.with_secret(
                upstream,
                lambda session: _fetch_token(
                    session,
                    f"{issuer(upstream.options)}/login/oauth/access_token",
                    refresh_token=refresh_token,
                    grant_type="refresh_token",
                ),
                wrong_secret=_WRONG_SECRET,
                token_endpoint_auth_method="client_secret_post",
            )
        )


GITHUB = GitHub()


class _Api:
    """GitHub's REST API for one person."""

    def __init__(self, base: str, tokens: Tokens) -> None:
        self.base = api_of(base)
        self._headers = {
            "Authorization": f"Bearer {tokens.access_token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def one(self, path: str) -> dict[str, Any]:
        """An object.

        Raises:
            SignInRefused: it is none.
        """
        found, _more = self._ask(self.base + path)
        if not isinstance(found, dict):
            raise SignInRefused(Reason.INVALID_ANSWER, f"{path} is no JSON object")
        return found

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The objects of a list, page by page; the next one is believed only where it is on the same API."""
        url: str | None = f"{self.base}{path}?per_page={PER_PAGE}"
        for _page in range(MAX_PAGES):
            if url is None:
                return
            found, url = self._ask(url)
            if not isinstance(found, list):
                raise SignInRefused(Reason.INVALID_ANSWER, f"{path} is no JSON list")
            yield from (item for item in found if isinstance(item, dict))

    def _ask(self, url: str) -> tuple[Any, str | None]:
        answer = transport.get(url, headers=self._headers)
        path = urlsplit(url).path
        if answer.status != _OK:
            raise SignInRefused(*_refusal(path, answer.status, answer.headers))
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise SignInRefused(Reason.INVALID_ANSWER, f"{path} is no JSON") from None
        return found, self._next(answer.headers.get("link", ""))

    def _next(self, links: str) -> str | None:
        """The next page (RFC 8288)."""
        named = (
            [link.get("url", "") for link in parse_header_links(links) if link.get("rel") == "next"] if links else []
        )
        return next((url for url in named if url.startswith(f"{self.base}/")), None)


def _fetch_token(session: Any, url: str, **members: str | None) -> Mapping[str, Any]:
    """GitHub answers errors with HTTP 200, and a form to whoever does not ask for JSON, as older servers always do."""
    session.register_compliance_hook("access_token_response", _as_json)
    answer: Mapping[str, Any] = session.fetch_token(url, headers={"Accept": "application/json"}, **members)
    return answer


def _as_json(response: Any) -> Any:
    if response.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        sent = parse_qs(response.text, max_num_fields=50)
        response._content = json.dumps({name: values[0] for name, values in sent.items()}).encode()  # noqa: SLF001
    return response


def _refusal(path: str, status: int, headers: Mapping[str, str]) -> tuple[Reason, str]:
    if status in {_FORBIDDEN, _TOO_MANY} and (headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers):
        return Reason.UNREACHABLE, f"{path}: the rate limit of GitHub's API is used up (HTTP {status})"
    if status == _UNAUTHORIZED:
        return Reason.UPSTREAM_ERROR, f"{path}: the token was revoked (HTTP 401)"
    lacks = ": the app may not read this" if status in {_FORBIDDEN, _NOT_FOUND} else ""
    return Reason.UPSTREAM_ERROR, f"{path} answered HTTP {status}{lacks}"


def _primary(api: _Api) -> tuple[object, bool]:
    """The primary address, and whether it is verified: JSON ``true``, and nothing that resembles it."""
    for entry in api.pages("/user/emails"):
        if entry.get("primary") is True:
            return entry.get("email"), entry.get("verified") is True
    return None, False


def _scope(options: Options) -> tuple[str, ...]:
    needed = ("read:user", "user:email", *(("read:org",) if _looks_at_groups(options) else ()))
    return tuple(dict.fromkeys((*needed, *options.scope)))


def _looks_at_groups(options: Options) -> bool:
    return bool(options.organizations or options.teams or options.roles)


def _groups(api: _Api, options: Options) -> list[str]:
    """``organization`` and ``organization/team-slug`` of each; asked for only where something depends on it."""
    if not _looks_at_groups(options):
        return []
    found = {claims.text(entry.get("login")) for entry in api.pages("/user/orgs")}
    if options.teams or any("/" in name for name in options.roles):
        for team in api.pages("/user/teams"):
            home = team.get("organization")
            organization = claims.text(home.get("login")) if isinstance(home, dict) else None
            slug = claims.text(team.get("slug"))
            if organization and slug:
                found |= {organization, f"{organization}/{slug}"}
    return sorted(name for name in found if name)


def _require_member(options: Options, groups: list[str]) -> None:
    """Names of GitHub's are the same however they are capitalised."""
    wanted = {name.casefold() for name in (*options.organizations, *options.teams)}
    if wanted and not wanted & {name.casefold() for name in groups}:
        raise SignInRefused(Reason.NOT_PERMITTED, "in none of the organizations and teams of the connection")
