"""Two processes at roles and owners at once: one owner stays, and no role comes to include itself (R48, R62)."""

from collections import Counter
from itertools import product

from idp.rbac import effective, roles
from idp.rbac import service as rbac
from idp.users.models import User
from idp.wiring import Wiring
from tests import factories
from tests.factories import People
from tests.races import role_acts
from tests.races.racers import AT_ONCE, Racers

REFUSALS = {"last-owner", "beyond-your-own"}


def two_owners(wiring: Wiring) -> tuple[People, User, User]:
    people = People(wiring, factories.make_tenant(wiring))
    one, other = (people.user(email=f"{name}@example.com", roles=("owner",)) for name in ("olive", "oscar"))
    return people, one, other


def owners_left(people: People, *owners: User) -> int:
    with people.unit() as uow:
        rows = [uow.get(User, owner.id) for owner in owners]
        living = [row for row in rows if row.disabled_at is None and row.deletes_at is None]
        return sum("owner" in effective.of_user(uow, row.id).roles for row in living)


def test_of_two_owners_who_unmake_each_other_one_succeeds(racers: Racers, wiring: Wiring) -> None:
    """Eight tenants at once, in each another pair of ways."""
    pairs = list(product(role_acts.UNMAKE, repeat=2))[: AT_ONCE // 2]
    tenants = [two_owners(wiring) for _ in pairs]
    jobs = []
    for (first, second), (people, one, other) in zip(pairs, tenants, strict=True):
        jobs.append((people.tenant.slug, first, one.id, other.id))
        jobs.append((people.tenant.slug, second, other.id, one.id))
    answers = racers.race(role_acts.unmake_owner, jobs)
    by_job = dict(zip([*jobs[0::2], *jobs[1::2]], answers, strict=True))
    for (people, one, other), pair in zip(tenants, zip(jobs[0::2], jobs[1::2], strict=True), strict=True):
        said = [by_job[job] for job in pair]
        assert "done" in said, said
        assert set(said) - {"done"} <= REFUSALS, said
        assert len(set(said)) == 2, said
        assert owners_left(people, one, other) == 1, said


def test_sixteen_attempts_at_two_owners_leave_one(racers: Racers, wiring: Wiring) -> None:
    """By every way at once, so that whoever holds one lock meets whoever holds the other."""
    people, one, other = two_owners(wiring)
    verbs = list(role_acts.UNMAKE)
    jobs = [
        (
            people.tenant.slug,
            verbs[number % len(verbs)],
            *((one.id, other.id) if number % 4 < 2 else (other.id, one.id)),
        )
        for number in range(AT_ONCE)
    ]
    answers = Counter(racers.race(role_acts.unmake_owner, jobs))
    assert answers["done"] >= 1
    assert answers.keys() - {"done"} <= REFUSALS, answers
    assert owners_left(people, one, other) == 1


def test_of_two_inclusions_that_make_a_cycle_one_wins(racers: Racers, people: People) -> None:
    with people.unit() as uow:
        for name in ("one", "two"):
            roles.create_role(uow, name=name)
    slug = people.tenant.slug
    jobs = [(slug, "one", "two"), (slug, "two", "one")] * (AT_ONCE // 2)
    answers = racers.race(role_acts.include, jobs)
    halves = {frozenset(answers[: AT_ONCE // 2]), frozenset(answers[AT_ONCE // 2 :])}
    assert halves == {frozenset({"done"}), frozenset({"role-cycle"})}
    with people.unit() as uow:
        ids = [role.id for role in rbac.list_roles(uow) if not role.is_builtin]
        assert sorted(len(names) for names in roles.included_by(uow, ids).values()) == [0, 1]


def test_a_role_that_is_deleted_while_it_is_given_is_nobodys(racers: Racers, people: People) -> None:
    with people.unit() as uow:
        role = roles.create_role(uow, name="clerk")
    ids = [people.user(email=f"p{number}@example.com").id for number in range(AT_ONCE - 2)]
    jobs = [(people.tenant.slug, user_id, role.id) for user_id in (*ids[:7], None, None, *ids[7:])]
    answers = Counter(racers.race(role_acts.assign_or_delete, jobs))
    assert answers.keys() <= {"done", "no-such-role"}, answers
    assert answers["done"] >= 1
    with people.unit() as uow:
        assert all("clerk" not in rbac.names_of(uow, user_id) for user_id in ids)
