"""Whatever administrators do, with whatever they may: nobody comes to more than they could grant (R48).

Each step is a verb of the management API, by a token that lends some of what its person may do.  After it nobody,
neither person, group, role nor machine, may have gained or lost anything that this token does not permit.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import literal_column, select

from idp.accounts import invitations
from idp.actor import Actor, ActorKind
from idp.authn import one_time_tokens
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.errors import IdPError
from idp.ids import new_id
from idp.oauth.models import Client
from idp.rbac import app_permissions, bounds, effective, groups, roles
from idp.rbac import service as rbac
from idp.rbac.models import GroupRole, RoleInclusion
from idp.rbac.permissions import Permission, lacking
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests import factories
from tests.factories import PASSWORD, People

VERBS = ["roles:write", "roles:assign", "groups:write", "invitations:write", "clients:write"]
THINGS = ["users:read", "keys:write", "mail:write", "owners:write", "app:see", "app:burn"]
NAMES = ["red", "green"]
Holdings = dict[tuple[str, UUID], frozenset[str]]
SOME_THINGS = st.sets(st.sampled_from(THINGS), max_size=1)
ROLE = st.sampled_from(["low", "red", "high", "member", "green", "mixed", "admin", "owner"])
SOME_ROLES = st.sets(ROLE, max_size=1)
GROUP = st.sampled_from(["High", "Low", "red"])
PERSON = st.sampled_from([f"{name}@example.com" for name in ("nobody", "clerk", "actor0", "vice", "boss")])
DATA = st.data()


class PrivilegesMachine(RuleBasedStateMachine):
    """One tenant with an owner, people and machines of all ranks, and two administrators who work together."""

    wiring: Wiring
    done: Counter[str]

    @initialize(data=DATA)
    def begin(self, data: st.DataObject) -> None:
        self.people = People(self.wiring, factories.make_tenant(self.wiring))
        self.links: list[tuple[UUID, UUID, str]] = []
        resource = self.people.resource()
        with self.people.unit() as uow:
            for name in ("app:see", "app:burn"):
                app_permissions.define(uow, resource.id, name=name)
            roles.create_role(uow, name="low", permissions=["users:read"])
            roles.create_role(uow, name="high", permissions=["keys:write", "app:see"])
            roles.create_role(uow, name="mixed", permissions=["app:burn"], includes=["low", "high"])
            low, high = (groups.create_group(uow, name=name) for name in ("Low", "High"))
            rbac.assign_to_group(uow, low, "low")
            rbac.assign_to_group(uow, high, "high")
            robot, _secret = factories.make_client(uow, type="machine", scope="users:read")
            rbac.assign_to_client(uow, robot, "mixed")
            for name, role in (("boss", "owner"), ("vice", "admin"), ("clerk", "low"), ("nobody", None)):
                person = users.create(uow, email=f"{name}@example.com", verified=True)
                uow.flush()
                if role is not None:
                    rbac.assign_role(uow, person, role)
            groups.add_member(uow, high, users.get_by_email(uow, "vice@example.com"))
        self.actors = [self.actor(data, f"actor{number}") for number in range(2)]
        self.seen = self.look()

    def actor(self, data: st.DataObject, name: str) -> UUID:
        """Somebody who may do most verbs, some things, and now and then all that an administrator may."""
        missing = data.draw(st.sets(st.sampled_from(VERBS), max_size=1))
        permitted = {*VERBS, "users:read"} - missing | data.draw(SOME_THINGS)
        with self.people.unit() as uow:
            roles.create_role(uow, name=name, permissions=permitted)
            person = users.create(uow, email=f"{name}@example.com", verified=True)
            uow.flush()
            rbac.assign_role(uow, person, name)
            if data.draw(st.integers(0, 3)) == 0:
                rbac.assign_role(uow, person, "admin")
            return person.id

    def look(self) -> Holdings:
        """What everybody and everything amounts to."""
        tenant = self.people.tenant
        with self.people.unit() as uow:
            of_users = effective.user_roles(literal_column("users.tenant_id"), literal_column("users.id"))
            of_clients = effective.client_roles(literal_column("clients.tenant_id"), literal_column("clients.id"))
            found = {("user", row[0]): row[1] for row in uow.execute(select(User.id, of_users))}
            found |= {("client", row[0]): row[1] for row in uow.execute(select(Client.id, of_clients))}
            seen = {key: effective.rights(tenant, rows).permissions for key, rows in found.items()}
            own = {role.id: frozenset(roles.permissions_of(uow, role)) for role in rbac.list_roles(uow)}
            included = list(uow.execute(select(RoleInclusion.role_id, RoleInclusion.included_id)))
            given = list(uow.execute(select(GroupRole.group_id, GroupRole.role_id)))
        whole = own
        for _depth in own:
            before, whole = whole, dict(whole)
            for role_id, included_id in included:
                whole[role_id] |= before[included_id]
            if whole == before:
                break
        seen |= {("role", role_id): permitted for role_id, permitted in whole.items()}
        for group_id, role_id in given:
            seen["group", group_id] = seen.get(("group", group_id), frozenset()) | whole[role_id]
        return seen

    def hold_against(self, before: Holdings, permitted: frozenset[str]) -> None:
        """Neither gains nor losses reach further than `permitted`."""
        self.seen = self.look()
        for key in before.keys() | self.seen.keys():
            was, now = before.get(key, frozenset()), self.seen.get(key, frozenset())
            assert not lacking(now - was, permitted), f"{key} gained {sorted(now - was)} by {sorted(permitted)}"
            assert not lacking(was - now, permitted), f"{key} lost {sorted(was - now)} by {sorted(permitted)}"

    def act(self, data: st.DataObject, needs: Permission, verb: Callable[[UnitOfWork], Any]) -> Any:
        """Have an administrator do it by a token, as the API would: see what came of it."""
        actor = data.draw(st.sampled_from(self.actors), label="actor")
        held = self.seen["user", actor]
        left_out = data.draw(st.sets(st.sampled_from(THINGS), max_size=1), label="left out of the token")
        before, token, answer = self.seen, held - left_out, None
        try:
            with self.people.unit() as uow:
                uow.actor = Actor(ActorKind.USER).authenticated(ActorKind.USER, actor, token)
                bounds.require(uow, needs)
                answer = verb(uow)
            self.done[verb.__qualname__.split(".")[1]] += 1
        except IdPError:
            token = frozenset()
        self.hold_against(before, token)
        return None if answer is None else (actor, answer)

    # The verbs

    @rule(data=DATA, name=st.sampled_from(NAMES), permitted=SOME_THINGS, includes=SOME_ROLES)
    def create_role(self, data: st.DataObject, name: str, permitted: set[str], includes: set[str]) -> None:
        self.act(
            data,
            Permission.ROLES_WRITE,
            lambda uow: roles.create_role(uow, name=name, permissions=permitted, includes=includes),
        )

    @rule(
        data=DATA,
        name=ROLE,
        permitted=st.none() | SOME_THINGS,
        includes=st.sampled_from([None, None, ["low"], ["high"]]),
        renamed=st.sampled_from([None, None, "blue"]),
    )
    def update_role(self, data: st.DataObject, name: str, permitted: Any, includes: Any, renamed: str | None) -> None:
        changes = {"name": renamed, "permissions": permitted, "includes": includes}
        self.act(data, Permission.ROLES_WRITE, lambda uow: roles.update_role(uow, rbac.get_role(uow, name), **changes))

    @rule(data=DATA, name=ROLE)
    def delete_role(self, data: st.DataObject, name: str) -> None:
        self.act(data, Permission.ROLES_WRITE, lambda uow: roles.delete_role(uow, rbac.get_role(uow, name)))

    @rule(data=DATA, give=st.booleans(), email=PERSON, name=ROLE)
    def assign_user(self, data: st.DataObject, give: bool, email: str, name: str) -> None:
        verb = rbac.assign_role if give else rbac.unassign_role
        self.act(data, Permission.ROLES_ASSIGN, lambda uow: verb(uow, users.get_by_email(uow, email), name))

    @rule(data=DATA, give=st.booleans(), group=GROUP, name=ROLE)
    def assign_group(self, data: st.DataObject, give: bool, group: str, name: str) -> None:
        verb = rbac.assign_to_group if give else rbac.unassign_from_group
        self.act(data, Permission.ROLES_ASSIGN, lambda uow: verb(uow, groups.get_by_name(uow, group), name))

    @rule(data=DATA, give=st.booleans(), name=ROLE)
    def assign_client(self, data: st.DataObject, give: bool, name: str) -> None:
        with self.people.unit() as uow:
            client = data.draw(st.sampled_from(list(uow.session.scalars(select(Client).order_by(Client.id)))))
        verb: Any = rbac.assign_to_client if give else rbac.unassign_from_client
        self.act(data, Permission.ROLES_ASSIGN, lambda uow: verb(uow, client, name))

    @rule(data=DATA, add=st.booleans(), group=GROUP, email=PERSON)
    def change_member(self, data: st.DataObject, add: bool, group: str, email: str) -> None:
        verb = groups.add_member if add else groups.remove_member
        self.act(
            data,
            Permission.GROUPS_WRITE,
            lambda uow: verb(uow, groups.get_by_name(uow, group), users.get_by_email(uow, email)),
        )

    @rule(data=DATA, name=st.sampled_from(NAMES))
    def create_group(self, data: st.DataObject, name: str) -> None:
        self.act(data, Permission.GROUPS_WRITE, lambda uow: groups.create_group(uow, name=name))

    @rule(data=DATA, name=GROUP)
    def delete_group(self, data: st.DataObject, name: str) -> None:
        self.act(data, Permission.GROUPS_WRITE, lambda uow: groups.delete_group(uow, groups.get_by_name(uow, name)))

    @rule(data=DATA, scope=st.sets(st.sampled_from(["keys:write", "users:read", "owners:write"]), min_size=1))
    def register_client(self, data: st.DataObject, scope: set[str]) -> None:
        """By its scope alone it may do nothing."""
        asked = " ".join(sorted(scope))
        self.act(
            data,
            Permission.CLIENTS_WRITE,
            lambda uow: factories.make_client(uow, type="machine", scope=asked)[0].id,
        )

    @rule(data=DATA, email=PERSON, is_new=st.booleans(), names=SOME_ROLES)
    def invite(self, data: st.DataObject, email: str, is_new: bool, names: set[str]) -> None:
        """The link is what the mail would have."""

        def send(uow: UnitOfWork) -> tuple[UUID, str]:
            row = invitations.invite(uow, f"new-{email}" if is_new else email, roles=sorted(names))
            uow.flush()
            issued = one_time_tokens.issue(uow, Purpose.INVITE, row.id, message_id=new_id(), bound=row.canonical)
            assert issued is not None
            return row.id, issued.token

        sent = self.act(data, Permission.INVITATIONS_WRITE, send)
        if sent is not None:
            self.links.append((sent[0], *sent[1]))

    @precondition(lambda self: getattr(self, "links", None))
    @rule(data=DATA)
    def accept(self, data: st.DataObject) -> None:
        """What whoever invited may still give comes with it, and no more."""
        inviter, _invitation_id, link = data.draw(st.sampled_from(self.links))
        before = self.seen
        try:
            with self.people.unit() as uow:
                uow.actor = Actor(ActorKind.ANONYMOUS)
                invitations.accept(uow, link, password=PASSWORD, terms_accepted=True, profile={})
            self.done["accept"] += 1
        except IdPError:
            pass
        self.hold_against(before, before["user", inviter])


def test_nobody_comes_to_more_than_could_be_granted(wiring: Wiring) -> None:
    class Machine(PrivilegesMachine):
        pass

    Machine.wiring, Machine.done = wiring, Counter()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=14,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    verbs = {name for name, value in vars(PrivilegesMachine).items() if hasattr(value, "hypothesis_stateful_rule")}
    assert len(verbs - Machine.done.keys()) <= 2, "most verbs came to something at least once"
