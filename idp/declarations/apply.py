"""Carry a plan out: in one transaction, one apply of a tenant after the other, all of it or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.db.locks import lock
from idp.db.unit import PlatformUnit
from idp.declarations import state as states
from idp.declarations.clients import RELATED
from idp.declarations.errors import DeclarationInvalid, DeclarationRefused
from idp.declarations.plan import plan
from idp.declarations.things import Action, Change, Declaration, Kind, Plan, steps
from idp.declarations.verbs import Verbs
from idp.errors import Conflict, Invalid, NotFound
from idp.rbac import bounds
from idp.tenants import service as tenants
from idp.tenants.errors import NoSuchTenant
from idp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done.

    Attributes:
        plan: as it was carried out.
        credentials: of each new client by its name: ``client_id`` and, where it has one, ``client_secret``; of each
            new webhook by its URL: ``webhook_secret``.
    """

    plan: Plan
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def as_document(self) -> dict[str, Any]:
        """For programs."""
        return {
            "changes": [change.as_document() for change in self.plan.changes],
            "kept": [{"what": change.kind.value, "name": change.name} for change in self.plan.kept],
            "secrets": {name: dict(credentials) for name, credentials in self.credentials.items()},
        }


def apply(
    platform: PlatformUnit,
    declaration: Declaration,
    *,
    base_url: str,
    prune: bool = False,
    expected: Plan | None = None,
) -> Applied:
    """Make a tenant what a declaration wants; a tenant that there is not is made.

    Args:
        platform: the transaction, whose actor is asked for nothing: declaring is above every right in the tenant.
        declaration: what is wanted.
        base_url: of the installation, for a new tenant.
        prune: whether what is there and not declared goes, in the sections that the document has.
        expected: the plan that somebody agreed to; another one is not carried out.

    Raises:
        DeclarationInvalid: it cannot be so; naming where.
        DeclarationRefused: it cannot be done safely to what is there, or what is there is not what was agreed on.
    """
    lock(platform, f"declaration:{declaration.slug}")
    tenant = _held(platform, declaration.slug)
    present = states.of_nobody(declaration.slug) if tenant is None else states.of_tenant(platform, tenant)
    loopback_http = not base_url.startswith("https://")
    found = plan(present, declaration, prune=prune, loopback_http=loopback_http)
    if not found.changes:
        return Applied(found)
    if expected is not None and found.changes != expected.changes:
        raise DeclarationRefused("The tenant was changed meanwhile. Run it again to see what it takes now.")
    return Applied(found, _Run(platform, declaration, base_url, loopback_http=loopback_http).carry_out(tenant, found))


def rehearse(platform: PlatformUnit, declaration: Declaration, *, base_url: str, prune: bool = False) -> Plan:
    """Do what `apply` does, in a transaction of its own that is taken back: what it would refuse is refused here too.

    Raises:
        DeclarationInvalid, DeclarationRefused: as `apply`.
    """
    unit = PlatformUnit(platform.engine, platform.actor, platform.master_keys)
    try:
        return apply(unit, declaration, base_url=base_url, prune=prune).plan
    finally:
        unit.close()


def _held(platform: PlatformUnit, slug: str) -> Tenant | None:
    """The tenant, as it is now; whoever would change its settings or roles waits for us.  None when there is none."""
    try:
        tenant = tenants.get(platform, slug)
    except NoSuchTenant:
        return None
    with platform.within(tenant) as uow:
        bounds.take_turn(uow)
    platform.session.refresh(tenant, with_for_update={"key_share": True})
    return tenant


class _Run:
    """One plan being carried out."""

    def __init__(self, platform: PlatformUnit, declaration: Declaration, base_url: str, *, loopback_http: bool) -> None:
        self.platform, self.declaration = platform, declaration
        self.base_url, self.loopback_http = base_url, loopback_http

    def carry_out(self, tenant: Tenant | None, wanted: Plan) -> Mapping[str, Mapping[str, str]]:
        changes = list(wanted.changes)
        if tenant is None:
            made = changes.pop(0)
            tenant = self.attempt(made, lambda: self.create(made))
        with self.platform.within(tenant) as uow:
            verbs = Verbs(self.platform, tenant, uow, loopback_http=self.loopback_http)
            for change in changes:
                if change.kind is Kind.ROLE and change.action is Action.UPDATE:
                    self.attempt(change, lambda change=change: verbs.shrink_role(change))
            last = [change for change in changes if change.kind is Kind.CONNECTION and change.action is Action.DELETE]
            for change in changes:
                if change not in last:
                    self.attempt(change, lambda change=change: verbs.carry_out(change))
            if any(change.kind is Kind.CONNECTION and "position" in change.after for change in changes):
                verbs.order_connections([*self.declaration.things[Kind.CONNECTION]])
            for change in changes:
                if change.kind is Kind.CLIENT and change.action is not Action.DELETE and RELATED & change.after.keys():
                    self.attempt(change, lambda change=change: verbs.relate_client(change))
            for change in last:  # by now no client is left without any
                self.attempt(change, lambda change=change: verbs.carry_out(change))
            return verbs.credentials

    def create(self, made: Change) -> Tenant:
        tenant = tenants.create(self.platform, slug=made.name, name=made.after["name"], base_url=self.base_url)
        self.platform.flush()
        return tenant

    def attempt(self, change: Change, act: Any) -> Any:
        """Act, and say of a refusal which part of the document it is about."""
        try:
            return act()
        except Invalid as invalid:
            field = invalid.field or ""
            known = self.declaration.written(change.kind, change.name, field) is not None
            path = steps(field) if known else ()
            sentence = invalid.detail.removeprefix(f"{path[-1] if path else field}: ")
            problem = self.declaration.problem(change.kind, change.name, path, sentence)
            raise DeclarationInvalid([problem]) from invalid
        except (Conflict, NotFound) as conflict:
            raise DeclarationRefused(f"{change.title}: {conflict.detail}") from conflict
