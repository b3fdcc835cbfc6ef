"""The permission catalogue of the product's own API, and what the built-in roles permit.

A permission is ``resource:action``, and at the same time the OAuth scope by which a client asks for it.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum

from idp.tenants.models import SYSTEM_SLUG


class Permission(StrEnum):
    """Everything that the product's own API can permit."""

    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    USERS_DELETE = "users:delete"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    INVITATIONS_READ = "invitations:read"
    INVITATIONS_WRITE = "invitations:write"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    ROLES_READ = "roles:read"
    ROLES_WRITE = "roles:write"
    ROLES_ASSIGN = "roles:assign"
    RESOURCES_READ = "resources:read"
    RESOURCES_WRITE = "resources:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    CONNECTIONS_READ = "connections:read"
    CONNECTIONS_WRITE = "connections:write"
    UPSTREAM_TOKENS_READ = "upstream-tokens:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    SETTINGS_READ = "settings:read"
    SETTINGS_WRITE = "settings:write"
    DOMAINS_READ = "domains:read"
    DOMAINS_WRITE = "domains:write"
    MAIL_READ = "mail:read"
    MAIL_WRITE = "mail:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    LIMITS_READ = "limits:read"
    EVENTS_READ = "events:read"
    EVENTS_EXPORT = "events:export"
    OPERATORS_READ = "operators:read"
    OPERATORS_WRITE = "operators:write"
    OWNERS_WRITE = "owners:write"

    TENANTS_READ = "tenants:read"
    TENANTS_WRITE = "tenants:write"
    TENANTS_DELETE = "tenants:delete"
    TENANTS_ACT = "tenants:act"
    FLEET_READ = "fleet:read"


DESCRIPTIONS: dict[Permission, str] = {
    Permission.USERS_READ: "See people, their groups, roles and permissions.",
    Permission.USERS_WRITE: "Add people, change, disable and enable them, have them recover.",
    Permission.USERS_DELETE: "Have people deleted.",
    Permission.SESSIONS_READ: "See where people are signed in, and what applications may do for them.",
    Permission.SESSIONS_WRITE: "Sign people out, and end what applications may do for them.",
    Permission.INVITATIONS_READ: "See open invitations.",
    Permission.INVITATIONS_WRITE: "Invite people, and take invitations back.",
    Permission.GROUPS_READ: "See groups and who is in them.",
    Permission.GROUPS_WRITE: "Make and change groups, and decide who is in them.",
    Permission.ROLES_READ: "See roles and permissions.",
    Permission.ROLES_WRITE: "Make and change roles.",
    Permission.ROLES_ASSIGN: "Decide who holds which role.",
    Permission.RESOURCES_READ: "See APIs and their permissions.",
    Permission.RESOURCES_WRITE: "Add and change APIs and their permissions.",
    Permission.CLIENTS_READ: "See applications.",
    Permission.CLIENTS_WRITE: "Add and change applications and their secrets.",
    Permission.CONSENTS_READ: "See what people have consented to.",
    Permission.CONSENTS_WRITE: "Withdraw consents.",
    Permission.CONNECTIONS_READ: "See connections to upstream identity providers.",
    Permission.CONNECTIONS_WRITE: "Add, change and try out connections to upstream identity providers.",
    Permission.UPSTREAM_TOKENS_READ: "Read the tokens that upstreams issued for people, and act for them there.",
    Permission.KEYS_READ: "See signing keys.",
    Permission.KEYS_WRITE: "Rotate and revoke signing keys.",
    Permission.SETTINGS_READ: "See policies and branding.",
    Permission.SETTINGS_WRITE: "Change policies and branding.",
    Permission.DOMAINS_READ: "See domains.",
    Permission.DOMAINS_WRITE: "Add, prove and remove domains.",
    Permission.MAIL_READ: "See by which server mail leaves, and what did not.",
    Permission.MAIL_WRITE: "Choose by which server mail leaves: it sees every link to a new password.",
    Permission.WEBHOOKS_READ: "See webhooks, and whether word arrived; with events:read also what was sent.",
    Permission.WEBHOOKS_WRITE: "Have word of everything that happens sent anywhere, and sent again.",
    Permission.LIMITS_READ: "See rate limits and what is used of them.",
    Permission.EVENTS_READ: "See what happened, and statistics.",
    Permission.EVENTS_EXPORT: "Take what happened away as a file.",
    Permission.OPERATORS_READ: "See when an operator acted for the tenant.",
    Permission.OPERATORS_WRITE: "End an operator's access to the tenant.",
    Permission.OWNERS_WRITE: "Make and unmake owners, and change first-party applications.",
    Permission.TENANTS_READ: "See tenants and their usage.",
    Permission.TENANTS_WRITE: "Create, change, suspend and resume tenants.",
    Permission.TENANTS_DELETE: "Delete tenants.",
    Permission.TENANTS_ACT: "Act for a tenant, for a reason and for a while.",
    Permission.FLEET_READ: "See the health of the installation.",
}

PLATFORM = frozenset(
    {
        Permission.TENANTS_READ,
        Permission.TENANTS_WRITE,
        Permission.TENANTS_DELETE,
        Permission.TENANTS_ACT,
        Permission.FLEET_READ,
    }
)
"""What only operators may do: people and clients of the built-in tenant ``system``."""
OWNER_ONLY = frozenset(
    {
        Permission.OWNERS_WRITE,
        Permission.MAIL_WRITE,
        Permission.UPSTREAM_TOKENS_READ,
        Permission.TENANTS_DELETE,
        Permission.TENANTS_ACT,
    }
)
"""What an owner may do and an administrator may not."""
EVERY_APP_PERMISSION = "*"
"""Stands for every permission that the tenant defines for its own applications; no permission can be called so."""
NAMES = frozenset(permission.value for permission in Permission)


class Builtin(StrEnum):
    """Roles that every tenant has."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


def catalogue(slug: str) -> frozenset[str]:
    """Names of the product's own permissions that mean something in the tenant `slug`."""
    names = frozenset(permission.value for permission in Permission)
    return names if slug == SYSTEM_SLUG else names - PLATFORM


def of_builtin(name: str, slug: str) -> frozenset[str]:
    """What a built-in role permits in the tenant `slug`."""
    everything = catalogue(slug) | {EVERY_APP_PERMISSION}
    match name:
        case Builtin.OWNER:
            return everything
        case Builtin.ADMIN:
            return everything - OWNER_ONLY
        case _:
            return frozenset()


def lacking(wanted: Iterable[str], held: Collection[str]) -> list[str]:
    """Those of `wanted` that `held` does not cover, sorted."""
    has_every_app = EVERY_APP_PERMISSION in held
    return sorted(name for name in set(wanted) if name not in held and (name in NAMES or not has_every_app))
