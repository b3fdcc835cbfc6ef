"""The vocabulary of events: ``noun.past_verb``.  Audit log, mails and reactions all read it."""

from enum import StrEnum


class EventType(StrEnum):
    """Everything that can be said to have happened."""

    TENANT_CREATED = "tenant.created"
    TENANT_UPDATED = "tenant.updated"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_RESUMED = "tenant.resumed"
    TENANT_DELETED = "tenant.deleted"

    USER_CREATED = "user.created"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    USER_UPDATED = "user.updated"
    USER_DELETION_REQUESTED = "user.deletion_requested"
    USER_DELETION_CANCELLED = "user.deletion_cancelled"
    USER_EXPORTED = "user.exported"
    USER_DISOWNED = "user.disowned"

    REGISTRATION_BEGUN = "registration.begun"
    INVITATION_CREATED = "invitation.created"
    INVITATION_ACCEPTED = "invitation.accepted"
    INVITATION_REVOKED = "invitation.revoked"
    EMAIL_VERIFIED = "email.verified"
    EMAIL_CHANGE_REQUESTED = "email.change_requested"
    EMAIL_CHANGED = "email.changed"

    PASSWORD_SET = "password.set"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET = "password.reset"
    RECOVERY_REQUESTED = "recovery.requested"
    LOGIN_FAILED = "login.failed"
    LOGIN_BLOCKED = "login.blocked"
    LOGIN_UNBLOCKED = "login.unblocked"
    DEVICE_ADDED = "device.added"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"

    ROLE_CREATED = "role.created"
    ROLE_UPDATED = "role.updated"
    ROLE_DELETED = "role.deleted"
    ROLE_ASSIGNED = "role.assigned"
    ROLE_UNASSIGNED = "role.unassigned"
    GROUP_CREATED = "group.created"
    GROUP_UPDATED = "group.updated"
    GROUP_DELETED = "group.deleted"
    GROUP_MEMBER_ADDED = "group.member_added"
    GROUP_MEMBER_REMOVED = "group.member_removed"
    PERMISSION_CREATED = "permission.created"
    PERMISSION_DELETED = "permission.deleted"

    CLIENT_CREATED = "client.created"
    CLIENT_UPDATED = "client.updated"
    CLIENT_DISABLED = "client.disabled"
    CLIENT_ENABLED = "client.enabled"
    CLIENT_DELETED = "client.deleted"
    CLIENT_SECRET_ROTATED = "client.secret_rotated"
    CLIENT_SECRET_REVOKED = "client.secret_revoked"
    RESOURCE_CREATED = "resource.created"
    RESOURCE_UPDATED = "resource.updated"
    RESOURCE_DELETED = "resource.deleted"

    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    AUTHORIZATION_DENIED = "authorization.denied"
    GRANT_CREATED = "grant.created"
    GRANT_REVOKED = "grant.revoked"
    TOKEN_REVOKED = "token.revoked"

    KEY_PUBLISHED = "key.published"
    KEY_ACTIVATED = "key.activated"
    KEY_RETIRED = "key.retired"
    KEY_REVOKED = "key.revoked"

    DOMAIN_ADDED = "domain.added"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_REMOVED = "domain.removed"
    EVENTS_EXPORTED = "events.exported"
    OPERATOR_ACCESS_BEGUN = "operator_access.begun"
    OPERATOR_ACCESS_ENDED = "operator_access.ended"

    MAIL_FAILED = "mail.failed"
    MAIL_RETRIED = "mail.retried"
    MAIL_SETTINGS_UPDATED = "mail_settings.updated"


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
