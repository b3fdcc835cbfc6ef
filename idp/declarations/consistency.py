"""Whether what there would be holds together, and whether nobody is hurt on the way: asked before anything changes."""

from collections.abc import Collection, Iterator, Mapping

from idp.declarations.errors import DeclarationInvalid, DeclarationRefused, Problem
from idp.declarations.things import Declaration, Kind, Members, State, steps
from idp.rbac.permissions import Builtin

After = Mapping[Kind, Mapping[str, Members]]
_REFERENCES = (
    (Kind.RESOURCE, "client", Kind.CLIENT),
    (Kind.ROLE, "permissions", Kind.PERMISSION),
    (Kind.ROLE, "includes", Kind.ROLE),
    (Kind.GROUP, "roles", Kind.ROLE),
    (Kind.CLIENT, "roles", Kind.ROLE),
    (Kind.CLIENT, "connections", Kind.CONNECTION),
    (Kind.CONNECTION, "options.roles", Kind.ROLE),
)
"""Which member of what names which other things."""
_WITHOUT_OWNER = {(Kind.ROLE, "includes"), (Kind.GROUP, "roles"), (Kind.CONNECTION, "options.roles")}


def check(
    state: State, declaration: Declaration, after: After, *, gone: Collection[tuple[Kind, str]], prune: bool
) -> None:
    """Say what stands against it.

    Args:
        state: what is.
        declaration: what is wanted.
        after: what there would be.
        gone: what would go.
        prune: whether what is not declared goes.

    Raises:
        DeclarationInvalid: the document names what there is not, or what cannot be.
        DeclarationRefused: it would hurt what is there.
    """
    problems = [*_unknown(state, declaration, after), *_empty(declaration, after), *_cycles(declaration, after)]
    if problems:
        raise DeclarationInvalid(problems)
    refused = [
        *_ambiguous(state, declaration, after, prune=prune),
        *_moved(state, declaration),
        *_shared_scopes(after),
        *_needed(declaration, after, gone),
        *_in_use(state, gone),
    ]
    if refused:
        raise DeclarationRefused(*refused)


def _known(state: State, after: After, kind: Kind) -> Collection[str]:
    if kind is Kind.PERMISSION:
        return after[kind].keys() | state.known_permissions
    return after[kind].keys() | {*Builtin} if kind is Kind.ROLE else after[kind].keys()


def _named(members: Members, member: str) -> list[str]:
    value = members.get(member)
    if isinstance(value, Mapping):
        return list(value.values())
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def _unknown(state: State, declaration: Declaration, after: After) -> Iterator[Problem]:
    for kind, member, of in _REFERENCES:
        known = _known(state, after, of)
        for name, members in declaration.things.get(kind, {}).items():
            named = _named(members, member)
            for other in named:
                path = (*steps(member), *declaration.position(kind, name, member, other))
                if other not in known:
                    yield declaration.problem(kind, name, path, f"There is no {of} {other[:100]!r}.")
                elif (kind, member) in _WITHOUT_OWNER and other == Builtin.OWNER:
                    yield declaration.problem(kind, name, path, "The role owner is held by people, one by one.")
            if (
                of is Kind.ROLE
                and kind is Kind.CLIENT
                and named
                and "client_credentials" not in after[kind][name]["grant_types"]
            ):
                yield declaration.problem(kind, name, (member,), "Only a machine client holds roles itself.")


def _empty(declaration: Declaration, after: After) -> Iterator[Problem]:
    for name in declaration.things.get(Kind.RESOURCE, {}):
        if not after[Kind.RESOURCE][name]["scope"]:
            yield declaration.problem(Kind.RESOURCE, name, ("scope",), "At least one scope of its own is needed.")


def _cycles(declaration: Declaration, after: After) -> Iterator[Problem]:
    roles = after[Kind.ROLE]
    for name in declaration.things.get(Kind.ROLE, {}):
        reached: set[str] = set()
        waiting = list(roles[name]["includes"])
        while waiting:
            other = waiting.pop()
            if other not in reached and other in roles:
                reached.add(other)
                waiting += roles[other]["includes"]
        if name in reached:
            yield declaration.problem(Kind.ROLE, name, ("includes",), f"{name} would include itself.")


def _ambiguous(state: State, declaration: Declaration, after: After, *, prune: bool) -> Iterator[str]:
    if prune and Kind.CLIENT in declaration.things:
        for name in sorted(state.ambiguous):
            yield f"There are several clients called {name!r}; rename all but one of them first."
    for name, members in declaration.things.get(Kind.RESOURCE, {}).items():
        if members.get("client") in state.ambiguous:
            several = f"several clients are called {members['client']!r}"
            yield f"resource {name}: {several}; rename all but one of them first."


def _moved(state: State, declaration: Declaration) -> Iterator[str]:
    for name, members in declaration.things.get(Kind.PERMISSION, {}).items():
        present = state.things[Kind.PERMISSION].get(name)
        if present is not None and present["resource"] != members["resource"]:
            yield f"permission {name}: it is one of {present['resource']}, which must give it up first."


def _shared_scopes(after: After) -> Iterator[str]:
    owners: dict[str, str] = {}
    for identifier, members in sorted(after[Kind.RESOURCE].items()):
        for scope in members["scope"]:
            other = owners.setdefault(scope, identifier)
            if other != identifier:
                yield (
                    f"The scope {scope} would be one of both {other} and {identifier};"
                    " an API's identifier cannot change, the API is deleted and made anew."
                )


def _needed(declaration: Declaration, after: After, gone: Collection[tuple[Kind, str]]) -> Iterator[str]:
    """What goes, and is named by something that stays as it is."""
    for kind, member, of in _REFERENCES:
        for name, members in sorted(after[kind].items()):
            if member in declaration.things.get(kind, {}).get(name, {}):
                continue
            for other in _named(members, member):
                if (of, other) in gone:
                    yield f"{of} {other} cannot go: {kind} {name}, which stays, names it."


def _in_use(state: State, gone: Collection[tuple[Kind, str]]) -> Iterator[str]:
    for kind, name in sorted(gone):
        if kind is Kind.ROLE and (count := state.holders.get(name, 0)):
            people = "a person holds" if count == 1 else f"{count} people hold"
            yield f"role {name} cannot go: {people} it; take it from them first."
        if kind is Kind.CLIENT and (count := state.grants.get(name, 0)):
            yield f"client {name} cannot go: {count} of its grants live; `idp client delete` ends them with it."
        if kind is Kind.CONNECTION and (count := state.identities.get(name, 0)):
            people = "a person signs" if count == 1 else f"{count} people sign"
            yield f"connection {name} cannot go: {people} in by it; `idp connection delete` ends that with it."
