"""Every blueprint of the API, with its operations: importing this module is what adds them."""

from idp.api.auth import login, me, passwords, registration, sessions
from idp.api.auth.routes import auth
from idp.api.management import assignments, group_members, groups, holders, permissions, principal, roles
from idp.api.management.routes import management
from idp.api.operations import Operations
from idp.api.platform.routes import platform

MODULES = (
    assignments,
    group_members,
    groups,
    holders,
    login,
    me,
    passwords,
    permissions,
    principal,
    registration,
    roles,
    sessions,
)
"""Modules that add their operations when they are imported."""

ALL: tuple[Operations, ...] = (management, platform, auth)
