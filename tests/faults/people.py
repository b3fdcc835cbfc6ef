"""What one client does about people: make them, give and take a role, change a password; and what anybody may read."""

import time
import uuid
from dataclasses import dataclass

from tests.factories import PASSWORD
from tests.faults.actor import Actor
from tests.faults.entries import Due, Outcome
from tests.faults.wire import Answer

TOKEN_SECONDS = 240.0


@dataclass
class People(Actor):
    """One administrator's script, and one person who likes new passwords."""

    waiting: tuple[str, str] | None = None
    """Key and address of a person whose making is undecided."""
    last: tuple[str, str] | None = None
    made: str = ""
    """Who was made last."""
    holds: bool | None = False
    """Whether they hold the role; None while that is undecided."""
    passwords: tuple[str, ...] = (PASSWORD,)
    """What the changer's password may be: two while a change is undecided."""
    signed_in: str = ""
    """The changer's access token."""
    changes: int = 0

    def ask_for_token(self) -> None:
        """The machine's token, of which there is one for all."""
        since = time.monotonic()
        answer = self.wire.ask(
            "POST",
            self.url("/oauth/token"),
            form={"grant_type": "client_credentials"},
            headers={"Authorization": self.scene.machine},
        )
        if self.say("client_credentials", "machine", answer, since=since) is Outcome.DONE:
            self.machine.token, self.machine.until = answer.json["access_token"], since + TOKEN_SECONDS

    def create(self) -> None:
        """Make somebody, with an Idempotency-Key; ask again with the same one until that is decided."""
        key, email = self.waiting or (uuid.uuid4().hex, f"made-{self.number}-{next(self.machine.numbers)}@example.com")
        ended = self._create(key, email)
        if ended is Outcome.REFUSED:
            self.waiting = None
        elif ended is not Outcome.DONE:
            self.waiting = (key, email)

    def create_again(self) -> None:
        """Send what was done once more: the answer is the same, and nobody is made."""
        if self.last is None:
            self.create()
        else:
            self._create(*self.last)

    def _create(self, key: str, email: str) -> Outcome:
        since = time.monotonic()
        answer = self._manage("POST", "/users", {"email": email, "send_invitation": True}, {"Idempotency-Key": key})
        told = str(answer.json.get("id", "")) if answer.outcome is Outcome.DONE else ""
        ended = self.say("create", email, answer, since=since, wanted=key, told=told)
        if ended is Outcome.DONE:
            if told != self.made:
                self.made, self.holds = told, False
            self.waiting, self.last = None, (key, email)
        return ended

    def give_or_take(self) -> None:
        """The other of the two."""
        if not self.made:
            self.create()
            return
        gives, since = not self.holds, time.monotonic()
        answer = self._manage("PUT" if gives else "DELETE", f"/users/{self.made}/roles/{self.scene.role_id}")
        ended = self.say("role", self.made, answer, since=since, wanted="held" if gives else "not held")
        if ended is Outcome.DONE:
            self.holds = gives
        elif ended is not Outcome.UNREACHABLE:
            self.holds = None

    def change_password(self) -> None:
        """Sign in by the API where need be; then another password."""
        if not self.signed_in:
            self._log_in()
            return
        email, new = self.scene.changer(self.number), f"another battery staple {self.number}-{self.changes}"
        body = {"current_password": self.passwords[0], "new_password": new}
        since = time.monotonic()
        answer = self._as_changer("/password/change", body)
        ended = self.say("password", email, answer, since=since, wanted=new)
        self.changes += 1
        if ended is Outcome.UNREACHABLE:
            return
        dead, self.signed_in = self.signed_in, ""
        if ended is Outcome.DONE:
            self.passwords = (new,)
            since = time.monotonic()
            answer = self.as_app("/oauth/introspect", token=dead)
            outcome = Outcome.DONE if answer.json.get("active") else Outcome.REFUSED
            self.say("introspect", email, answer, since=since, due=Due.NO, outcome=outcome)
        elif ended is not Outcome.REFUSED:
            self.passwords = (*self.passwords, new)

    def _log_in(self) -> None:
        email, since = self.scene.changer(self.number), time.monotonic()
        tried = self.passwords[0]
        answer = self.wire.ask(
            "POST",
            self.url("/api/v1/auth/login"),
            document={"email": email, "password": tried},
            headers={"Authorization": self.scene.app},
        )
        is_sure = len(self.passwords) == 1
        ended = self.say("login", email, answer, since=since, due=Due.YES if is_sure else Due.EITHER, wanted=tried)
        if ended is Outcome.DONE:
            self.passwords, self.signed_in = (tried,), answer.json["access_token"]
        elif ended is Outcome.REFUSED:
            self.passwords = (*self.passwords[1:], tried) if is_sure else self.passwords[1:]

    def read_documents(self) -> None:
        """What every application reads before it trusts a token."""
        for path in ("/jwks.json", "/.well-known/openid-configuration"):
            since = time.monotonic()
            answer = self.wire.ask("GET", self.url(path))
            self.say("document", path, answer, since=since)

    def _as_changer(self, path: str, body: dict[str, str]) -> Answer:
        headers = {"Authorization": f"Bearer {self.signed_in}"}
        return self.wire.ask("POST", self.url(f"/api/v1/auth{path}"), document=body, headers=headers)

    def _manage(
        self, method: str, path: str, body: dict[str, object] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        if time.monotonic() > self.machine.until:
            self.ask_for_token()
        if not self.machine.token:
            return Answer(broken=Outcome.UNREACHABLE)
        sent = {"Authorization": f"Bearer {self.machine.token}", **(headers or {})}
        return self.wire.ask(method, self.url(f"/api/v1{path}"), document=body, headers=sent)
