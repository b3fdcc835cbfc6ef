"""Two processes turn the same tenant's keys: one new key signs, and the other learns that it is too early (R18)."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from idp.events.models import Event
from idp.events.types import EventType
from idp.keys import service as keys
from idp.keys.models import KeyState, SigningKey
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.factories import People
from tests.races.racers import AT_ONCE, Racers, rotate_key, tend_keys


def publish_long_ago(people: People) -> str:
    """A standby that may sign, and an active key that is due."""
    with people.unit() as uow:
        kid = keys.publish(uow).kid
        uow.flush()
        uow.execute(
            update(SigningKey).values(
                published_at=SigningKey.published_at - timedelta(days=100),
                activated_at=SigningKey.activated_at - timedelta(days=100),
            )
        )
    return kid


def states(people: People) -> Counter[KeyState]:
    with people.unit() as uow:
        return Counter(key.state for key in keys.list_all(uow))


def activations(people: People, kid: str) -> int:
    with people.unit() as uow:
        recorded = uow.session.scalars(select(Event).where(Event.type == EventType.KEY_ACTIVATED))
        return sum(event.data["kid"] == kid for event in recorded)


def test_rotating_at_once_rotates_once(racers: Racers, people: People, tenant: Tenant, wiring: Wiring) -> None:
    kid = publish_long_ago(people)
    answers = Counter(racers.race(rotate_key, [tenant.slug] * AT_ONCE))
    assert answers[kid] == 1, answers
    assert len(answers) == 2, answers  # and whoever came too late got the next standby, not an error
    found = states(people)
    assert (found[KeyState.ACTIVE], found[KeyState.RETIRING]) == (1, 1)
    assert found[KeyState.PENDING] <= 1
    assert activations(people, kid) == 1


def test_the_schedule_acts_once(racers: Racers, people: People, tenant: Tenant) -> None:
    """Workers that tend the same tenant at the same moment."""
    kid = publish_long_ago(people)
    racers.race(tend_keys, [tenant.slug] * AT_ONCE)
    found = states(people)
    assert (found[KeyState.ACTIVE], found[KeyState.RETIRING]) == (1, 1)
    assert activations(people, kid) == 1


def test_every_token_verifies_while_keys_turn(people: People, tenant: Tenant) -> None:
    """R18: what was published is a superset of what signs."""
    with people.unit() as uow:
        before = keys.active(uow).kid
    kid = publish_long_ago(people)
    keys.forget()
    with people.unit() as uow:
        assert keys.rotate(uow).kid == kid
    keys.forget()
    with people.unit() as uow:
        assert keys.active(uow).kid == kid
        assert {before, kid} == {jwk["kid"] for jwk in keys.jwks(uow)["keys"]}
        assert isinstance(uow.tenant.id, UUID)
