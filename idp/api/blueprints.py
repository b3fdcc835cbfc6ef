"""Every blueprint of the API, with its operations: importing this module is what adds them."""

from idp.api.auth import login, me, passwords, registration, sessions
from idp.api.auth.routes import auth
from idp.api.management import (
    assignments,
    client_secrets,
    clients,
    consents,
    domains,
    events,
    group_members,
    groups,
    holders,
    invitations,
    keys,
    limits,
    mail,
    operator_accesses,
    permissions,
    principal,
    resource_permissions,
    resources,
    roles,
    settings,
    statistics,
    user_acts,
    user_bulk,
    user_sessions,
    user_ways_in,
    users,
)
from idp.api.management.routes import management
from idp.api.operations import Operations
from idp.api.platform import accesses, declarations, health, tenants
from idp.api.platform.routes import platform

MODULES = (
    accesses,
    assignments,
    client_secrets,
    clients,
    consents,
    declarations,
    domains,
    events,
    group_members,
    groups,
    health,
    holders,
    invitations,
    keys,
    limits,
    login,
    mail,
    me,
    operator_accesses,
    passwords,
    permissions,
    principal,
    registration,
    resource_permissions,
    resources,
    roles,
    sessions,
    settings,
    statistics,
    tenants,
    user_acts,
    user_bulk,
    user_sessions,
    user_ways_in,
    users,
)
"""Modules that add their operations when they are imported."""

ALL: tuple[Operations, ...] = (management, platform, auth)
