"""What one client does with sign-ins and grants: come in, get tokens, use them, rotate them, give them back."""

import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from idp.oauth import pkce, refresh_tokens
from tests.browser import Forms
from tests.factories import CALLBACK, PASSWORD, SIGNED_OUT
from tests.faults.actor import Actor
from tests.faults.entries import UNDECIDED, Due, Outcome, print_of
from tests.faults.wire import Answer

VERIFIER = "v" * 43
HONEST_SECONDS = 25.0
"""For how long a client retries a refresh whose answer it never got; the grace is 30 s."""


@dataclass
class Tokens:
    """What a client holds of one grant."""

    access: str
    refresh: str
    hint: str
    asked_since: float | None = None
    """When the live refresh token was first sent without an answer that decides."""
    older: list[str] = field(default_factory=list)

    @property
    def family(self) -> str:
        token = refresh_tokens.read(self.refresh)
        assert token is not None
        return str(token.family_id)

    @property
    def generation(self) -> int:
        token = refresh_tokens.read(self.refresh)
        assert token is not None
        return token.generation


@dataclass
class Grants(Actor):
    """One person at one browser, and the application that they use."""

    tokens: Tokens | None = None
    ended: list[Tokens] = field(default_factory=list)
    code: str = ""
    code_is_fresh: bool = True
    hint: str = ""

    def come_in(self) -> None:
        """Ask for a code; sign in where there is no session."""
        if self.code:
            self.exchange()
            return
        asked = {
            "response_type": "code",
            "client_id": self.scene.app_id,
            "redirect_uri": CALLBACK,
            "scope": "openid email offline_access",
            "state": "a-state",
            "code_challenge": pkce.challenge_of(VERIFIER) or "",
            "code_challenge_method": "S256",
        }
        due = Due.YES if self.hint else Due.EITHER
        since = time.monotonic()
        answer = self.wire.ask("GET", self.url(f"/oauth/authorize?{urlencode(asked)}"), with_cookies=True)
        came = answer.location.startswith(CALLBACK)
        self.say(
            "authorize",
            self.scene.person(self.number),
            answer,
            since=since,
            due=due,
            outcome=None if came else Outcome.REFUSED,
        )
        if answer.status == 303 and not came:
            self._sign_in(answer)
        elif came:
            self._take_code(answer)

    def _sign_in(self, answer: Answer) -> None:
        """Fill in the hosted page; every step may meet the fault."""
        since, email = time.monotonic(), self.scene.person(self.number)
        self.hint = ""
        page = self.wire.ask("GET", answer.location, with_cookies=True)
        if page.status == 303:
            page = self.wire.ask("GET", page.location, with_cookies=True)
        if page.outcome is not Outcome.DONE:
            self.say("sign-in page", email, page, since=since)
            return
        form = Forms(page.text)
        answer = self.wire.ask(
            "POST", form.action, form={**form.fields, "email": email, "password": PASSWORD}, with_cookies=True
        )
        self.say("sign-in", email, answer, since=since)
        if answer.status == 303:
            answer = self.wire.ask("GET", answer.location, with_cookies=True)
            self.say("resume", email, answer, since=since)
            if answer.location.startswith(CALLBACK):
                self._take_code(answer)

    def _take_code(self, answer: Answer) -> None:
        self.code, self.code_is_fresh = dict(parse_qsl(urlsplit(answer.location).query))["code"], True
        self.exchange()

    def exchange(self) -> None:
        """Code to tokens; a code whose answer was lost is tried once more, and may end its grant thereby."""
        since = time.monotonic()
        answer = self.as_app(
            "/oauth/token",
            grant_type="authorization_code",
            code=self.code,
            redirect_uri=CALLBACK,
            code_verifier=VERIFIER,
        )
        found = answer.json
        told = _grant_of(found)
        due = Due.YES if self.code_is_fresh else Due.EITHER
        ended = self.say("exchange", print_of(self.code), answer, since=since, due=due, told=told)
        if ended is Outcome.UNREACHABLE:
            return
        if ended is Outcome.DONE:
            self.tokens = Tokens(found["access_token"], found["refresh_token"], found["id_token"])
            self.hint = found["id_token"]
        if ended not in UNDECIDED or not self.code_is_fresh:
            self.code = ""
        self.code_is_fresh = False

    def refresh(self) -> None:
        """Rotate; retry the same token while the retry is honest."""
        held = self.tokens
        if held is None:
            self.come_in()
            return
        since = time.monotonic()
        if held.asked_since is not None and since - held.asked_since > HONEST_SECONDS:
            self.tokens = None
            return
        answer = self.as_app("/oauth/token", grant_type="refresh_token", refresh_token=held.refresh)
        found = answer.json
        successor = str(found.get("refresh_token", ""))
        ended = self.say(
            "refresh",
            print_of(held.refresh),
            answer,
            since=since,
            told=print_of(successor) if successor else "",
            wanted=held.family,
        )
        if ended is Outcome.DONE:
            older = [*held.older, held.refresh][-3:]
            self.tokens = Tokens(found["access_token"], successor, found["id_token"], older=older)
        elif ended is Outcome.REFUSED:
            self.tokens = None
        elif ended is not Outcome.UNREACHABLE:
            held.asked_since = held.asked_since or since

    def look(self) -> None:
        """Ask what the living access token is worth."""
        if self.tokens is None:
            self.come_in()
        else:
            self._introspect(self.tokens, Due.YES)

    def read_claims(self) -> None:
        """Use the living access token at userinfo."""
        if self.tokens is None:
            self.come_in()
        else:
            self._userinfo(self.tokens, Due.YES)

    def give_back(self) -> None:
        """Revoke the grant by its refresh token."""
        held = self.tokens
        if held is None or held.asked_since is not None:
            self.refresh()
            return
        since = time.monotonic()
        answer = self.as_app("/oauth/revoke", token=held.refresh)
        ended = self.say("revoke", held.family, answer, since=since)
        if ended is not Outcome.UNREACHABLE:
            self.tokens = None
        if ended is Outcome.DONE:
            self._bury(held)

    def leave(self) -> None:
        """Sign out at the browser: the session and all that stands on it ends."""
        held = self.tokens
        if held is None or not self.hint:
            self.come_in()
            return
        asked = {"id_token_hint": self.hint, "post_logout_redirect_uri": SIGNED_OUT}
        since = time.monotonic()
        answer = self.wire.ask("GET", self.url(f"/oauth/end_session?{urlencode(asked)}"), with_cookies=True)
        came = answer.location.startswith(SIGNED_OUT)
        ended = self.say("logout", held.family, answer, since=since, outcome=None if came else Outcome.REFUSED)
        if ended is Outcome.UNREACHABLE:
            return
        self.tokens, self.hint = None, ""
        if ended is Outcome.DONE:
            self._bury(held)

    def present_an_old_one(self) -> None:
        """Send a refresh token from before the last one: it is refused, and its grant ends (R7)."""
        held = self.tokens
        if held is None or len(held.older) < 2 or held.asked_since is not None:
            self.refresh()
            return
        old, since = held.older[-2], time.monotonic()
        answer = self.as_app("/oauth/token", grant_type="refresh_token", refresh_token=old)
        ended = self.say("reuse", held.family, answer, since=since, due=Due.NO)
        if ended is not Outcome.UNREACHABLE:
            self.tokens = None
        if ended is Outcome.REFUSED:
            self._bury(held)

    def ask_after_the_dead(self) -> None:
        """Whatever ended stays ended, at each of the three places that know."""
        if not self.ended:
            self.look()
            return
        held = self.ended[-1]
        self._introspect(held, Due.NO)
        self._userinfo(held, Due.NO)
        since = time.monotonic()
        answer = self.as_app("/oauth/token", grant_type="refresh_token", refresh_token=held.refresh)
        self.say("refresh", print_of(held.refresh), answer, since=since, due=Due.NO, wanted=held.family)

    def _introspect(self, held: Tokens, due: Due) -> None:
        since = time.monotonic()
        answer = self.as_app("/oauth/introspect", token=held.access)
        outcome = Outcome.DONE if answer.json.get("active") else Outcome.REFUSED
        self.say("introspect", held.family, answer, since=since, due=due, outcome=outcome)

    def _userinfo(self, held: Tokens, due: Due) -> None:
        since = time.monotonic()
        answer = self.wire.ask("GET", self.url("/oauth/userinfo"), headers={"Authorization": f"Bearer {held.access}"})
        self.say("userinfo", held.family, answer, since=since, due=due)

    def _bury(self, held: Tokens) -> None:
        self.ended = [*self.ended, held][-20:]


def _grant_of(found: dict[str, object]) -> str:
    token = refresh_tokens.read(str(found.get("refresh_token", "")))
    return "" if token is None else str(token.family_id)
