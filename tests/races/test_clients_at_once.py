"""Two processes at clients and APIs at once (R9, R62)."""

from collections import Counter

from idp.oauth import clients, registration
from tests.factories import People
from tests.races import client_acts
from tests.races.racers import AT_ONCE, Racers


def test_a_client_is_deleted_once(racers: Racers, people: People) -> None:
    client, _ = people.client(type="machine")
    answers = racers.race(client_acts.delete_client, [(people.tenant.slug, client.id)] * AT_ONCE)
    assert Counter(answers) == {"done": 1, "no-such-client": AT_ONCE - 1}


def test_of_two_secrets_that_are_revoked_at_once_one_stays(racers: Racers, people: People) -> None:
    client, _ = people.client(type="machine")
    with people.unit() as uow:
        registration.rotate_secret(uow, clients.hold(uow, client.id))
        uow.flush()
        both = [row.id for row in registration.list_secrets(uow, client)]
    jobs = [(people.tenant.slug, client.id, both[number % 2]) for number in range(AT_ONCE)]
    answers = Counter(racers.race(client_acts.revoke_secret, jobs))
    assert answers["done"] == 1
    assert answers.keys() <= {"done", "no-such-secret", "last-secret"}
    with people.unit() as uow:
        assert len(registration.list_secrets(uow, client)) == 1


def test_an_api_that_is_deleted_while_it_gets_permissions_leaves_none(racers: Racers, people: People) -> None:
    api = people.resource()
    names = [f"notes:do-{number}" if number % 4 else "" for number in range(AT_ONCE)]
    jobs = [(people.tenant.slug, api.id, name) for name in names]
    answers = Counter(racers.race(client_acts.define_or_delete, jobs))
    assert answers.keys() <= {"done", "no-such-resource"}, answers
    assert answers["done"] >= 1
