"""Each change as a verb of the package that owns the noun."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from idp.db.unit import PlatformUnit, UnitOfWork
from idp.declarations import clients as members
from idp.declarations import connections as options
from idp.declarations import webhooks
from idp.declarations.things import Action, Change, Kind
from idp.federation import connections, offers
from idp.mail import settings as mail_settings
from idp.oauth import management, registration, resources
from idp.oauth.models import ApiResource, Client
from idp.rbac import app_permissions, groups, roles
from idp.rbac import service as rbac
from idp.rbac.models import AppPermission
from idp.tenants import domains
from idp.tenants import service as tenants
from idp.tenants.models import Tenant


class Verbs:
    """What can be done to one tenant.

    Attributes:
        credentials: of the clients and webhooks that were made, by name and by URL.
    """

    def __init__(self, platform: PlatformUnit, tenant: Tenant, uow: UnitOfWork, *, loopback_http: bool) -> None:
        self.platform, self.tenant, self.uow, self.loopback_http = platform, tenant, uow, loopback_http
        self.credentials: dict[str, Mapping[str, str]] = {}

    def carry_out(self, change: Change) -> None:
        """Do one change.

        Raises:
            Invalid, Conflict, NotFound: as the verb of its noun.
        """
        acts: dict[Kind, Callable[[Change], None]] = {
            Kind.TENANT: self.settings,
            Kind.SETTINGS: self.settings,
            Kind.LIMITS: self.settings,
            Kind.CLIENT: self.client,
            Kind.RESOURCE: self.resource,
            Kind.PERMISSION: self.permission,
            Kind.ROLE: self.role,
            Kind.GROUP: self.group,
            Kind.CONNECTION: self.connection,
            Kind.MAIL: self.mail,
            Kind.WEBHOOK: self.webhook,
            Kind.DOMAIN: self.domain,
        }
        acts[change.kind](change)
        self.uow.flush()

    def settings(self, change: Change) -> None:
        """Name, policy, branding and limits."""
        tenants.update(self.platform, self.tenant, change.after)

    def client(self, change: Change) -> None:
        """A client, but for its roles and connections."""
        if change.action is Action.CREATE:
            metadata = members.metadata_of(change.name, change.after, loopback_http=self.loopback_http)
            row, secret = registration.register(self.uow, metadata)
            self.credentials[change.name] = {
                "client_id": str(row.id),
                **({} if secret is None else {"client_secret": secret}),
            }
        elif change.action is Action.DELETE:
            registration.remove(self.uow, self._client(change.name))
        elif changed := {name: value for name, value in change.after.items() if name not in members.RELATED}:
            client = self._client(change.name)
            registration.update_client(self.uow, client, changed, loopback_http=self.loopback_http)

    def relate_client(self, change: Change) -> None:
        """The roles that a machine client holds, and the connections that a client may use."""
        client = self._client(change.name)
        if "connections" in change.after:
            offers.allow(self.uow, client, change.after["connections"])
        if "roles" not in change.after:
            return
        wanted = set(change.after["roles"])
        held = {role.name for role in rbac.roles_of_client(self.uow, client.id)}
        for name in sorted(wanted - held):
            rbac.assign_to_client(self.uow, client, name)
        for name in sorted(held - wanted):
            rbac.unassign_from_client(self.uow, client, name)

    def resource(self, change: Change) -> None:
        """An API, but for its permissions."""
        if change.action is Action.DELETE:
            resources.remove(self.uow, resources.get_by_identifier(self.uow, change.name))
            return
        values = dict(change.after)
        if "client" in values:
            name = values.pop("client")
            values["client_id"] = None if name is None else self._client(name).id
        if change.action is Action.CREATE:
            resources.register(self.uow, identifier=change.name, **values)
        else:
            resources.update_resource(self.uow, resources.get_by_identifier(self.uow, change.name), values)

    def permission(self, change: Change) -> None:
        """A permission of an API."""
        members = {**change.before, **change.after}
        resource_id = self._home(change.name, members.get("resource")).id
        if change.action is Action.DELETE:
            app_permissions.remove(self.uow, resource_id, change.name)
        else:
            app_permissions.define(self.uow, resource_id, name=change.name, description=change.after["description"])

    def shrink_role(self, change: Change) -> None:
        """Take away what a role includes no more, so that none stands in another's way."""
        includes = change.after.get("includes")
        if includes is not None and (stay := {*includes} & {*change.before["includes"]}) != {
            *change.before["includes"]
        }:
            roles.update_role(self.uow, rbac.get_role(self.uow, change.name), includes=stay)

    def role(self, change: Change) -> None:
        """A role of the tenant's own."""
        if change.action is Action.CREATE:
            roles.create_role(self.uow, name=change.name, **change.after)
        elif change.action is Action.DELETE:
            roles.delete_role(self.uow, rbac.get_role(self.uow, change.name))
        else:
            roles.update_role(self.uow, rbac.get_role(self.uow, change.name), **change.after)

    def group(self, change: Change) -> None:
        """A group, and the roles that it gives."""
        if change.action is Action.DELETE:
            groups.delete_group(self.uow, groups.get_by_name(self.uow, change.name))
            return
        values = dict(change.after)
        wanted = values.pop("roles", None)
        if change.action is Action.CREATE:
            row = groups.create_group(self.uow, name=change.name, **values)
        else:
            row = groups.update_group(self.uow, groups.get_by_name(self.uow, change.name), **values)
        if wanted is not None:
            held = {role.name for role in rbac.roles_of_group(self.uow, row.id)}
            for name in sorted({*wanted} - held):
                rbac.assign_to_group(self.uow, row, name)
            for name in sorted(held - {*wanted}):
                rbac.unassign_from_group(self.uow, row, name)

    def connection(self, change: Change) -> None:
        """An upstream, but for its place among them."""
        if change.action is Action.DELETE:
            connections.remove(self.uow, connections.hold(self.uow, change.name))
            return
        values: dict[str, Any] = {
            name: change.after[name] for name in ("label", "client_id", "enabled") if name in change.after
        }
        if (secret := change.after.get("client_secret")) is not None:
            values["client_secret"] = secret.get_secret_value()
        if change.action is Action.CREATE:
            connections.create(
                self.uow, name=change.name, kind=change.after["kind"], options=options.chosen(change.after), **values
            )
        else:
            values["options"] = options.options_of(change.after)
            connections.update_connection(self.uow, connections.hold(self.uow, change.name), **values)

    def order_connections(self, declared: Collection[str]) -> None:
        """Their places, in the order of the document."""
        rows = {row.name: row for row in connections.list_all(self.uow)}
        for place, name in enumerate(options.in_order([*rows], declared)):
            connections.update_connection(self.uow, rows[name], position=place)

    def mail(self, change: Change) -> None:
        """As what its mail leaves."""
        mail_settings.update(self.uow, **{name: _open(value) for name, value in change.after.items()})

    def webhook(self, change: Change) -> None:
        """Where word of what happens is sent."""
        if change.action is Action.CREATE:
            made = webhooks.create(self.uow, change.name, change.after)
            self.credentials[change.name] = {**self.credentials.get(change.name, {}), **made}
        elif change.action is Action.DELETE:
            webhooks.remove(self.uow, change.name)
        else:
            webhooks.change(self.uow, change.name, change.after)

    def domain(self, change: Change) -> None:
        """A domain, which is proven by an act of its own."""
        if change.action is Action.CREATE:
            domains.add(self.uow, change.name)
        else:
            domains.remove(self.uow, domains.get_by_name(self.uow, change.name))

    def _client(self, name: str) -> Client:
        ours = Client.id != management.CONSOLE
        return self.uow.session.scalars(select(Client).where(Client.name == name, ours)).one()

    def _home(self, permission: str, identifier: str | None) -> ApiResource:
        """The API that a permission is, or shall be, one of."""
        if identifier is not None:
            return resources.get_by_identifier(self.uow, identifier)
        found = self.uow.session.scalars(select(AppPermission).where(AppPermission.name == permission)).one()
        return resources.get(self.uow, found.resource_id)


def _open(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value or ""
