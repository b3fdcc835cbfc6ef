"""A refresh family against a model, on the real database: whatever order things happen in, one tip lives (R7)."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, update

from idp.authn import sessions
from idp.authn.models import Session
from idp.crypto.secrets import decode, encode
from idp.ids import new_id
from idp.oauth import refresh_families
from idp.oauth.errors import OAuthError
from idp.oauth.models import Grant, RefreshFamily
from idp.oauth.refresh_families import Rotation
from idp.oauth.refresh_tokens import PREFIX, read
from tests.factories import People

BEYOND_GRACE = timedelta(seconds=11)
FORGED_BITS = st.integers(20 * 8, 52 * 8 - 1)


class RefreshFamilyMachine(RuleBasedStateMachine):
    """The model: the tokens that were handed out, whether the grant lives, whether the last rotation is fresh."""

    people: People
    user_id: Any
    client_id: Any
    other_client_id: Any

    @initialize()
    def issue(self) -> None:
        with self.people.unit() as uow:
            self.session, _ = sessions.start(uow, self.user_id, ["pwd"], replaces=None)
            uow.flush()
            grant = uow.add(
                Grant(
                    id=new_id(),
                    user_id=self.user_id,
                    client_id=self.client_id,
                    session_id=self.session.id,
                    scope=["openid"],
                    resource=[],
                    userinfo_claims=[],
                    id_token_claims=[],
                    acr="aal1",
                    amr=["pwd"],
                    authenticated_at=uow.now,
                    expires_at=uow.now + timedelta(days=90),
                )
            )
            uow.flush()
            self.grant_id = grant.id
            self.tokens = [refresh_families.start(uow, grant)]
        token = read(self.tokens[0])
        assert token is not None
        self.family_id = token.family_id
        self.lives, self.is_fresh = True, False

    def present(self, text: str, client_id: Any = None) -> Rotation | None:
        try:
            with self.people.unit() as uow:
                return refresh_families.rotate(uow, text, client_id or self.client_id)
        except OAuthError:
            return None

    @rule()
    def rotate_the_tip(self) -> None:
        got = self.present(self.tokens[-1])
        if self.lives:
            assert got is not None
            assert got.grant_id == self.grant_id
            assert got.successor not in self.tokens
            self.tokens.append(got.successor)
            self.is_fresh = True
        else:
            assert got is None

    @precondition(lambda self: len(self.tokens) > 1)
    @rule()
    def retry_the_one_before(self) -> None:
        got = self.present(self.tokens[-2])
        if self.lives and self.is_fresh:
            assert got == Rotation(self.grant_id, self.tokens[-1])
        else:
            assert got is None
            self.lives = False

    @precondition(lambda self: len(self.tokens) > 2)
    @rule(data=st.data())
    def reuse_an_older_one(self, data: st.DataObject) -> None:
        assert self.present(data.draw(st.sampled_from(self.tokens[:-2]))) is None
        self.lives = False

    @rule(data=st.data(), bit=FORGED_BITS)
    def guess(self, data: st.DataObject, bit: int) -> None:
        raw = bytearray(decode(data.draw(st.sampled_from(self.tokens)).removeprefix(PREFIX)))
        raw[bit // 8] ^= 1 << (bit % 8)
        assert self.present(PREFIX + encode(bytes(raw))) is None

    @rule(data=st.data())
    def present_by_another_client(self, data: st.DataObject) -> None:
        assert self.present(data.draw(st.sampled_from(self.tokens)), self.other_client_id) is None

    @rule()
    def let_the_grace_pass(self) -> None:
        with self.people.unit() as uow:
            uow.execute(
                update(RefreshFamily)
                .where(RefreshFamily.id == self.family_id)
                .values(rotated_at=RefreshFamily.rotated_at - BEYOND_GRACE)
            )
        self.is_fresh = False

    @rule()
    def sign_out(self) -> None:
        with self.people.unit() as uow:
            sessions.end(uow, uow.get(Session, self.session.id), reason="signed-out")
        self.lives = False

    @rule()
    def outlive_the_session(self) -> None:
        """Without offline_access the family ends with the browser's session, though nobody ended it."""
        with self.people.unit() as uow:
            over = {"expires_at": func.now() - timedelta(seconds=1)}
            uow.execute(update(Session).where(Session.id == self.session.id).values(over))
        if self.lives:
            assert self.present(self.tokens[-1]) is None
        with self.people.unit() as uow:
            again = {"expires_at": func.now() + timedelta(hours=1)}
            uow.execute(update(Session).where(Session.id == self.session.id).values(again))

    @invariant()
    def the_rows_agree(self) -> None:
        if not hasattr(self, "tokens"):
            return
        with self.people.unit() as uow:
            assert uow.get(RefreshFamily, self.family_id).generation == len(self.tokens) - 1
            assert (uow.get(Grant, self.grant_id).revoked_at is None) == self.lives
            tip = refresh_families.find_living(uow, self.tokens[-1], self.client_id)
            assert (tip is not None) == self.lives
            assert all(refresh_families.find_living(uow, old, self.client_id) is None for old in self.tokens[:-1])
        assert len(set(self.tokens)) == len(self.tokens)


def test_a_refresh_family_behaves_like_its_model(people: People) -> None:
    class Machine(RefreshFamilyMachine):
        pass

    Machine.people, Machine.user_id = people, people.user().id
    Machine.client_id, Machine.other_client_id = people.client()[0].id, people.client(client_name="Other")[0].id
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
