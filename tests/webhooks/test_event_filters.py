"""Which events are wanted: the union of what endpoints want wants exactly that."""

from hypothesis import given
from hypothesis import strategies as st

from idp.events import subscriptions
from idp.events.types import EventType

filters = st.lists(st.sampled_from(subscriptions.FILTERS), max_size=6)


@given(st.lists(filters, max_size=5), st.sampled_from(EventType))
def test_the_union_covers_what_one_of_them_does_and_nothing_else(each: list[list[str]], kind: EventType) -> None:
    wanted = any(subscriptions.covers(one, kind) for one in each)
    assert subscriptions.covers(subscriptions.union(each), kind) is wanted


@given(st.lists(filters, max_size=5))
def test_the_union_is_as_short_as_it_can_be_and_stable(each: list[list[str]]) -> None:
    union = subscriptions.union(each)
    assert union == sorted(set(union))
    assert subscriptions.union([union]) == union
    for name in union:
        fewer = [other for other in union if other != name]
        covered = [kind for kind in EventType if subscriptions.covers([name], kind)]
        assert not all(subscriptions.covers(fewer, kind) for kind in covered)


@given(st.sampled_from(EventType))
def test_an_event_is_wanted_by_its_name_its_noun_and_everything(kind: EventType) -> None:
    noun = kind.value.partition(".")[0]
    for one in (kind.value, f"{noun}.*", "*"):
        assert one in subscriptions.FILTERS
        assert subscriptions.covers([one], kind.value)
    assert not subscriptions.covers([], kind.value)
    assert not subscriptions.covers([f"not_{noun}.*"], kind.value)
