"""From what is to what is wanted: an ordered list of changes, or what stands against it.  Pure: it asks nobody."""

from collections.abc import Iterator, Mapping
from typing import Any

from idp.declarations import clients, connections, consistency, webhooks
from idp.declarations.errors import DeclarationInvalid, DeclarationRefused, Problem
from idp.declarations.things import ONE, Action, Change, Declaration, Kind, Members, Plan, State, Things

ORDER = (
    Kind.TENANT,
    Kind.SETTINGS,
    Kind.LIMITS,
    Kind.CLIENT,
    Kind.RESOURCE,
    Kind.PERMISSION,
    Kind.ROLE,
    Kind.GROUP,
    Kind.CONNECTION,
    Kind.MAIL,
    Kind.DOMAIN,
    Kind.WEBHOOK,
)
"""Each kind refers to those before it; what goes, goes first, the other way round."""
_NEW: dict[Kind, dict[str, Any]] = {
    Kind.CLIENT: {"roles": [], "connections": None},
    Kind.RESOURCE: {"scope": [], "permissions_claim": False, "client": None},
    Kind.ROLE: {"description": "", "permissions": [], "includes": []},
    Kind.GROUP: {"description": "", "roles": []},
    Kind.WEBHOOK: webhooks.DEFAULTS,
}
"""What a new thing is where the document does not say."""


def plan(state: State, declaration: Declaration, *, prune: bool = False, loopback_http: bool = False) -> Plan:
    """What it takes to make `state` what `declaration` wants.

    Args:
        state: what is.
        declaration: what is wanted.
        prune: whether what is there and not declared goes, in the sections that the document has.
        loopback_http: whether any client may use http on a loopback address, because we ourselves run on one.

    Raises:
        DeclarationInvalid: it cannot be so.
        DeclarationRefused: it cannot be done safely to what is there.
    """
    if not state.exists and Kind.TENANT not in declaration.things:
        raise DeclarationInvalid([Problem(("name",), f"There is no tenant {state.slug!r} yet; a name makes it.")])
    problems: list[Problem] = []
    wanted = {**declaration.things}
    if Kind.CLIENT in wanted:
        wanted[Kind.CLIENT] = _whole_clients(state, declaration, problems, loopback_http=loopback_http)
    if Kind.CONNECTION in wanted:
        wanted[Kind.CONNECTION] = connections.whole(state, declaration, problems, prune=prune)
    problems += webhooks.missing(state, declaration)
    if problems:
        raise DeclarationInvalid(problems)
    going = _going(state, declaration) if prune else []
    kept = [] if prune else [item for item in _going(state, declaration) if _is_its_own(state, declaration, *item)]
    gone = [Change(Action.DELETE, kind, name, before=state.things[kind][name]) for kind, name in going]
    changes = [change for kind in ORDER for change in _of_kind(kind, state.things[kind], wanted.get(kind, {}))]
    after = settled(state.things, [*gone, *changes])
    consistency.check(state, declaration, after, gone=frozenset(going), prune=prune)
    ordered = [*gone, *(change for kind in ORDER for change in _ordered(kind, changes))]
    return Plan(tuple(ordered), tuple(Change(Action.KEEP, kind, name) for kind, name in kept))


def settled(things: Mapping[Kind, Things], changes: list[Change]) -> dict[Kind, dict[str, Members]]:
    """What there is when `changes` have been made to `things`."""
    after = {kind: dict(of_kind) for kind, of_kind in things.items()}
    for change in changes:
        if change.action is Action.DELETE:
            del after[change.kind][change.name]
        elif change.action is not Action.KEEP:
            after[change.kind][change.name] = {**after[change.kind].get(change.name, {}), **change.after}
    return after


def _whole_clients(
    state: State, declaration: Declaration, problems: list[Problem], *, loopback_http: bool
) -> dict[str, Members]:
    whole: dict[str, Members] = {}
    refused = [
        f"There are several clients called {name!r}; rename all but one of them first."
        for name in sorted(state.ambiguous & declaration.things[Kind.CLIENT].keys())
    ]
    for name, given in declaration.things[Kind.CLIENT].items():
        present = state.things[Kind.CLIENT].get(name, {})
        try:
            metadata = clients.metadata_of(name, {**present, **given}, loopback_http=loopback_http)
        except clients.NotAClient as no:
            problems.append(declaration.problem(Kind.CLIENT, name, no.path, no.sentence))
            continue
        members = clients.members_of(metadata)
        if present and set(members["grant_types"]) == set(present["grant_types"]):
            members["grant_types"] = present["grant_types"]
        refused += [
            f"client {name}: {member} is {_text(present[member])} and cannot become {_text(members[member])};"
            " declare it under another name, or delete it first."
            for member in clients.FIXED
            if present and members[member] != present[member]
        ]
        whole[name] = members | {member: given[member] for member in clients.RELATED & given.keys()}
    if refused and not problems:
        raise DeclarationRefused(*refused)
    return whole


def _going(state: State, declaration: Declaration) -> list[tuple[Kind, str]]:
    """What is there and not declared, in the sections that the document has; the last of `ORDER` first."""
    missing: list[tuple[Kind, str]] = []
    resources = declaration.things.get(Kind.RESOURCE)
    for kind in reversed(ORDER):
        if kind in ONE or kind not in declaration.things:
            continue
        for name in sorted(state.things[kind].keys() - declaration.things[kind].keys()):
            if kind is Kind.PERMISSION:
                owner = state.things[kind][name]["resource"]
                if owner not in declaration.permissions_of and owner in (resources or {}):
                    continue
            missing.append((kind, name))
    return missing


def _is_its_own(state: State, declaration: Declaration, kind: Kind, name: str) -> bool:
    """Whether it is to be named beside its kind; permissions of an API that stays, stay with it."""
    return kind is not Kind.PERMISSION or state.things[kind][name]["resource"] in declaration.permissions_of


def _of_kind(kind: Kind, present: Things, wanted: Things) -> Iterator[Change]:
    for name, members in wanted.items():
        if name not in present:
            new = {**_NEW.get(kind, {}), **({"name": name} if kind is Kind.RESOURCE else {})}
            whole = {**members, **{member: value for member, value in new.items() if member not in members}}
            yield Change(Action.CREATE, kind, name, after=whole)
            continue
        after = {member: value for member, value in members.items() if value != present[name][member]}
        if kind is Kind.CONNECTION:
            after = connections.with_secret(after, members)
        if after:
            before = {member: present[name][member] for member in after}
            yield Change(Action.UPDATE, kind, name, before=before, after=after)


def _ordered(kind: Kind, changes: list[Change]) -> list[Change]:
    """Changes of one kind so that each finds what it refers to, and nobody holds yet what it takes."""
    ours = [change for change in changes if change.kind is kind]
    if kind is Kind.RESOURCE:
        return sorted(ours, key=lambda change: (change.action is Action.CREATE, _gains(change)))
    if kind is not Kind.ROLE:
        return ours
    waiting = {change.name: change for change in ours if change.action is Action.CREATE}
    created: list[Change] = []
    while waiting:
        ready = [name for name, change in waiting.items() if not waiting.keys() & {*change.after["includes"]}]
        created += [waiting.pop(name) for name in ready]
    return [*created, *(change for change in ours if change.action is Action.UPDATE)]


def _gains(change: Change) -> bool:
    return bool({*change.after.get("scope", [])} - {*change.before.get("scope", [])})


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)
