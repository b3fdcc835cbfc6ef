"""The chapters of the document, in their order."""

SIGN_IN, ACCOUNT, SESSIONS = "Sign-in", "Account", "Sessions"
PEOPLE, INVITATIONS, GROUPS, ROLES = "People", "Invitations", "Groups", "Roles and permissions"
CLIENTS, RESOURCES, CONSENTS, KEYS = "Clients", "API resources", "Consents", "Keys"
SETTINGS, CONNECTIONS, DOMAINS, MAIL, LIMITS = "Settings", "Connections", "Domains", "Mail", "Limits"
ACTIVITY, WEBHOOKS, ACCESS = "Activity", "Webhooks", "Access"
PLATFORM, PROTOCOL = "Platform", "Protocol"

TAGS = {
    PEOPLE: "The tenant's people: their accounts, where they are signed in, what they may do.",
    INVITATIONS: "Letting people in.",
    GROUPS: "People who get the same roles together.",
    ROLES: "What can be permitted, and who holds it.",
    CLIENTS: "Applications and their secrets.",
    RESOURCES: "The tenant's own APIs: audiences, scopes, permissions.",
    CONSENTS: "What people allowed applications.",
    KEYS: "Signing keys and their rotation.",
    SETTINGS: "Policies and branding.",
    CONNECTIONS: "Upstream identity providers that people can sign in by.",
    DOMAINS: "Domains that the tenant has proven to be its own.",
    MAIL: "By which server mail leaves, and what did not.",
    LIMITS: "Rate limits, and what is used of them.",
    ACTIVITY: "What happened, to whom, by whom, and how often.",
    WEBHOOKS: "Where word of what happens is sent, and whether it arrived.",
    ACCESS: "Who calls, and when operators acted for the tenant.",
    PLATFORM: "For operators: tenants, their usage, and the health of the installation.",
    SIGN_IN: "Come in, stay, leave: for clients that may sign people in directly.",
    ACCOUNT: "What whoever is signed in may see and change of themselves.",
    SESSIONS: "Where they are signed in.",
    PROTOCOL: "OAuth 2.1 and OpenID Connect, for every client.",
}
