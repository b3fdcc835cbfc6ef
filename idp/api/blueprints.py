"""Every blueprint of the API, with its operations: importing this module is what adds them."""

from idp.api.auth import login, me, passwords, registration, sessions
from idp.api.auth.routes import auth
from idp.api.management import (
    assignments,
    consents,
    group_members,
    groups,
    holders,
    invitations,
    permissions,
    principal,
    roles,
    user_acts,
    user_bulk,
    user_sessions,
    user_ways_in,
    users,
)
from idp.api.management.routes import management
from idp.api.operations import Operations
from idp.api.platform import declarations
from idp.api.platform.routes import platform

MODULES = (
    assignments,
    consents,
    declarations,
    group_members,
    groups,
    holders,
    invitations,
    login,
    me,
    passwords,
    permissions,
    principal,
    registration,
    roles,
    sessions,
    user_acts,
    user_bulk,
    user_sessions,
    user_ways_in,
    users,
)
"""Modules that add their operations when they are imported."""

ALL: tuple[Operations, ...] = (management, platform, auth)
