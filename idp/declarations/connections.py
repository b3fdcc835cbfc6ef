"""The members of a connection as a document has them, and a connection made whole from what is given."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from idp.declarations.errors import DeclarationRefused, Problem
from idp.declarations.things import Declaration, Kind, Members, State
from idp.federation.connections import ENDPOINTS
from idp.federation.options import Options
from idp.federation.providers.registry import KINDS

OPTIONS = "options."
"""Before the name of each option, which is a member of its own: what is left out stays."""
DEFAULTS = {f"{OPTIONS}{name}": value for name, value in Options().model_dump(mode="json").items()}
_NEW = {"enabled": True, "client_secret": None, **DEFAULTS}
_NEEDED = ("kind", "client_id")
_WITH_SECRET = frozenset(f"{OPTIONS}{name}" for name in ENDPOINTS)


def whole(state: State, declaration: Declaration, problems: list[Problem], *, prune: bool) -> dict[str, dict[str, Any]]:
    """The declared connections, with the place that the order in the document gives them.

    Args:
        state: what is.
        declaration: what is wanted.
        problems: where to say what is wrong.
        prune: whether the others go.

    Raises:
        DeclarationRefused: one of them cannot be changed into what is wanted.
    """
    wanted, present = declaration.things[Kind.CONNECTION], state.things[Kind.CONNECTION]
    refused: list[str] = []
    made: dict[str, dict[str, Any]] = {}
    for (name, given), place in zip(wanted.items(), _places(wanted, present, prune=prune), strict=True):
        problems += _missing(declaration, name, given, present)
        refused += _unchangeable(name, given, present.get(name, {}))
        kind = given.get("kind") or present.get(name, {}).get("kind", "")
        made[name] = dict(given) if name in present else {**_NEW, "label": None, **given}
        if "label" in made[name] and made[name]["label"] is None and kind in KINDS:
            made[name]["label"] = KINDS[kind].label
        made[name]["position"] = place
    if refused and not problems:
        raise DeclarationRefused(*refused)
    return made


def with_secret(after: Mapping[str, Any], wanted: Members) -> dict[str, Any]:
    """Changes, with the secret too where it would be sent to another address, although it stays the same (R54)."""
    along = not _WITH_SECRET.isdisjoint(after) and wanted.get("client_secret") is not None
    return {**after, "client_secret": wanted["client_secret"]} if along else dict(after)


def in_order(names: Sequence[str], declared: Collection[str]) -> list[str]:
    """`names` with the declared ones in the order of the document; the others stay at their places."""
    ours = iter([name for name in declared if name in names])
    return [next(ours) if name in declared else name for name in names]


def options_of(members: Members) -> dict[str, Any]:
    """The options among members, as the verbs take them."""
    return {name.removeprefix(OPTIONS): value for name, value in members.items() if name.startswith(OPTIONS)}


def chosen(members: Members) -> dict[str, Any]:
    """The options among members that are not as they go without saying."""
    return options_of({name: value for name, value in members.items() if DEFAULTS.get(name, value) != value})


def minimal(slug: str, name: str, members: Members) -> dict[str, Any]:
    """What a document has to say of a connection; something stands for the secret that cannot be written down."""
    said: dict[str, Any] = {"name": name, "kind": members["kind"]}
    if members["kind"] not in KINDS or members["label"] != KINDS[members["kind"]].label:
        said["label"] = members["label"]
    said |= {} if members["enabled"] else {"enabled": False}
    said["client_id"] = members["client_id"]
    said |= {"client_secret": reference(slug, name)} if members["client_secret"] is not None else {}
    return said | ({"options": options} if (options := chosen(members)) else {})


def reference(slug: str, name: str) -> str:
    """What stands for the secret of a connection."""
    return "env:" + f"IDP_{slug}_{name}_CLIENT_SECRET".upper().replace("-", "_")


def _places(wanted: Collection[str], present: Mapping[str, Members], *, prune: bool) -> list[int]:
    """One place for each that is declared: those that they have, and the next ones for those that are new."""
    if prune:
        return list(range(len(wanted)))
    held = sorted(members["position"] for name, members in present.items() if name in wanted)
    return [*held, *range(len(present), len(present) + len(wanted) - len(held))]


def _missing(declaration: Declaration, name: str, given: Members, present: Mapping[str, Members]) -> Iterator[Problem]:
    for member in () if name in present else _NEEDED:
        if member not in given:
            yield declaration.problem(Kind.CONNECTION, name, (), f"A new connection needs {member}.")


def _unchangeable(name: str, given: Members, present: Members) -> Iterator[str]:
    if present and given.get("kind", present["kind"]) != present["kind"]:
        yield (
            f"connection {name}: kind is {present['kind']} and cannot become {given['kind']};"
            " declare it under another name, or delete it first."
        )
    if present.get("client_secret") is not None and given.get("client_secret", present) is None:
        yield f"connection {name}: its client_secret can be replaced, not taken away; leave it out, or delete it first."
