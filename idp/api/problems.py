"""Refusals of the API: its own errors, protocol errors as problems, and the catalogue that the document shows."""

from typing import Any

from flask import Response

from idp.db.tenancy import DatabaseUnavailable
from idp.errors import Invalid, NotFound, PreconditionFailed, Unauthenticated
from idp.http import problems
from idp.i18n import gettext as _
from idp.oauth.errors import OAuthError
from idp.rbac.errors import PermissionNeeded

MEDIA_TYPE = "application/problem+json"


class CredentialsMismatch(Unauthenticated):
    """That email and password do not belong together; which half is wrong stays unsaid (R26)."""

    code = "credentials-mismatch"


class PasswordMismatch(Invalid):
    """Whoever is signed in did not give their current password."""

    code = "password-mismatch"


class PasswordNeeded(Invalid):
    """A link was opened elsewhere than where its sign-up was, so the password of the sign-up must come with it."""

    code = "password-needed"


class CodeMismatch(Invalid):
    """A code that is wrong, too old, superseded, or guessed at too often."""

    code = "code-mismatch"


class ProofNeeded(Invalid):
    """Neither a code nor a link's token came, or both, or a code without its transaction."""

    code = "proof-needed"


class NoSuchSession(NotFound):
    """No living session of this person has that id."""

    code = "no-such-session"


class ProfileChanged(PreconditionFailed):
    """The account is not what ``If-Match`` says any more."""

    code = "profile-changed"


def credentials_mismatch() -> CredentialsMismatch:
    """The same for everybody."""
    return CredentialsMismatch(_("That email and password don’t match."))


def password_mismatch() -> PasswordMismatch:
    """Of whoever is signed in."""
    return PasswordMismatch(_("Your current password isn’t right."), field="current_password")


def code_mismatch() -> CodeMismatch:
    """The same for every reason."""
    return CodeMismatch(_("That code isn’t right, or it has expired. Check it, or have a new one sent."), field="code")


def answer(error: Exception) -> Response:
    """Any error as problem+json; one of the protocol keeps its registered name as code, and its challenge."""
    if isinstance(error, PermissionNeeded):
        response = problems.problem(error)
        response.headers["WWW-Authenticate"] = 'Bearer realm="management", error="insufficient_scope"'
        return response
    if not isinstance(error, OAuthError):
        return problems.problem(error)
    response = problems.problem(error, code=error.error.replace("_", "-"))
    if error.challenge is not None:
        response.headers["WWW-Authenticate"] = error.challenge
    return response


OUTAGE = DatabaseUnavailable.code
"""What every operation answers while the database is away (R60)."""
CATALOGUE: dict[str, tuple[int, str]] = {
    "body-malformed": (400, "The body is not JSON: a member occurs twice in one object."),
    "invalid-request": (400, "More than one way of client authentication in one request."),
    "invalid-scope": (400, "None of these scopes is open to this client."),
    "invalid-target": (400, "An API resource that is unknown here, or not open to this client."),
    "invalid-grant": (400, "This refresh token is not good any more."),
    "unauthorized-client": (400, "This client is not registered for the refresh_token grant."),
    "invalid-client": (401, "Client authentication failed."),
    "credentials-mismatch": (401, "That email and password don’t match."),
    "invalid-token": (401, "The access token was revoked."),
    "insufficient-scope": (403, "The access token is not a person's."),
    "direct-sign-in-not-allowed": (403, "This client may not sign people in directly."),
    "registration-closed": (403, "Acme doesn’t accept sign-ups. Ask your administrator for an invitation."),
    "permission-needed": (403, "This needs the permission users:write."),
    "beyond-your-own": (403, "That reaches beyond what you may do yourself: keys:write."),
    "recent-sign-in-needed": (403, "Sign in again first: your last sign-in was more than 5 minutes ago."),
    "tenant-suspended": (403, "The tenant 'acme' is suspended: resume it first."),
    "no-such-session": (404, "There is no such session."),
    "no-such-user": (404, "There is no such person."),
    "no-such-role": (404, "There is no such role."),
    "no-such-group": (404, "There is no such group."),
    "no-such-permission": (404, "This API has no permission 'invoices:approve'."),
    "no-such-client": (404, "There is no such client."),
    "no-such-resource": (404, "There is no such API resource."),
    "no-such-invitation": (404, "There is no such open invitation."),
    "no-such-grant": (404, "There is no such grant."),
    "no-such-consent": (404, "There is no such consent."),
    "no-such-secret": (404, "There is no such secret."),
    "no-such-key": (404, "There is no such key."),
    "no-such-domain": (404, "There is no such domain."),
    "no-such-connection": (404, "There is no connection 'github' here."),
    "no-such-test": (404, "There is no such test sign-in."),
    "no-such-identity": (404, "There is no such way to sign in."),
    "no-upstream-token": (404, "Their token is over, and the upstream issued nothing to renew it with."),
    "no-logo": (404, "There is no logo."),
    "no-such-mail": (404, "There is no failed mail with this id."),
    "no-such-event": (404, "There is no such event."),
    "no-such-alert": (404, "There is no such alert."),
    "no-such-webhook": (404, "There is no such webhook."),
    "no-such-delivery": (404, "There is no such delivery."),
    "no-such-access": (404, "There is no such access."),
    "no-such-tenant": (404, "There is no tenant 'acme'."),
    "last-owner": (409, "You’re the last owner here. Make somebody else an owner before you leave."),
    "idempotency-key-reused": (409, "This Idempotency-Key was used for another request."),
    "email-taken": (409, "ida@acme.example belongs to somebody in this tenant already."),
    "role-name-taken": (409, "There is a role 'billing' already."),
    "role-is-built-in": (409, "The role admin is built in: it can be held and included, not changed."),
    "role-cycle": (409, "billing would include itself."),
    "group-name-taken": (409, "There is a group 'Finance' already."),
    "permission-taken": (409, "invoices:approve is a permission of another API."),
    "resource-taken": (409, "https://api.acme.example has that identifier or one of these scopes already."),
    "client-is-built-in": (409, "The console's client is the product's own, and stays as it is."),
    "client-has-no-secret": (409, "This client authenticates by none; it has no secret."),
    "last-secret": (409, "This is the only secret. Make another one first."),
    "domain-taken": (409, "acme.example is in the list already."),
    "too-many-domains": (409, "A tenant has at most 100 domains."),
    "connection-name-taken": (409, "There is a connection 'github' already."),
    "connection-in-use": (409, "The client may use no other connection. Give it another one first, or all."),
    "too-many-connections": (409, "A tenant has at most 100 connections."),
    "webhook-taken": (409, "There is a webhook with this URL already."),
    "too-many-webhooks": (409, "A tenant has at most 20 webhooks."),
    "webhook-disabled": (409, "This webhook is disabled. Enable it first."),
    "last-way-in": (409, "They have no password and no proven address, so they could not get in any more."),
    "too-many-of-them": (409, "A tenant has at most 1000 roles."),
    "slug-taken": (409, "The slug 'acme' is in use, or was: slugs are never used twice."),
    "tenant-is-built-in": (409, "The tenant 'system' holds the operators; it stays as it is."),
    "declaration-refused": (409, "client Notes: type is web and cannot become native."),
    "cannot-recover": (409, "Their address is not proven, so a recovery would reach nobody."),
    "nobody-to-alert": (409, "There is nobody to alert: set alert_contacts, or have an owner's address confirmed."),
    "account-disabled": (409, "This account is disabled. Enable it first."),
    "flow-expired": (410, "This sign-in has expired. Go back to the application and start again."),
    "link-expired": (410, "This link has expired."),
    "access-ended": (410, "This access is over. Begin another."),
    "profile-changed": (412, "The account was changed meanwhile. Get it again."),
    "changed-meanwhile": (412, "It was changed meanwhile. Get it again."),
    "body-too-large": (413, "The body is larger than we take here."),
    "unsupported-media-type": (415, "The body must be application/json."),
    "body-invalid": (422, "The body is not as it must be; errors says where."),
    "email-invalid": (422, "This is not an email address."),
    "password-unacceptable": (422, "Use at least 15 characters."),
    "password-mismatch": (422, "Your current password isn’t right."),
    "password-needed": (422, "Send the password of the sign-up too."),
    "proof-needed": (422, "Send either code or token."),
    "code-mismatch": (422, "That code isn’t right, or it has expired."),
    "profile-invalid": (422, "website: must be an https address."),
    "terms-not-accepted": (422, "Agree to the terms to go on."),
    "cursor-invalid": (422, "This cursor is not of this list with this sort and these filters."),
    "query-invalid": (422, "The query is not as it must be; errors says where."),
    "idempotency-key-invalid": (422, "An Idempotency-Key has 8 to 128 printable characters, and comes once."),
    "role-invalid": (422, "There is no permission 'invoices:aprove'."),
    "permission-invalid": (422, "A permission reads resource:action, such as invoices:approve."),
    "client-is-no-machine": (422, "Only a client with the client_credentials grant can hold a role."),
    "owners-are-people": (422, "The role owner is held by people, one by one."),
    "client-metadata-invalid": (422, "redirect_uris: at least one is needed."),
    "declaration-invalid": (422, "clients[2].redirect_uris[0]: http://a.example/ must be https."),
    "domain-invalid": (422, "'acme' is not a domain such as acme.example."),
    "connection-invalid": (422, "A connection to GitHub has no groups_claim."),
    "webhook-invalid": (422, "There is no event type 'user.create'. The nearest is 'user.created'."),
    "domain-not-proven": (422, "There is no TXT record at _idp-challenge.acme.example."),
    "logo-invalid": (422, "A logo is a PNG, JPEG or WebP picture, and this is not."),
    "mail-settings-invalid": (422, "A sender's name is one line of at most 100 characters."),
    "period-invalid": (422, "A period ends after it begins, soon, and has at most 400 days."),
    "setting-unknown": (422, "password_min_length: Input should be less than or equal to 128."),
    "slug-invalid": (422, "A slug is 2 to 40 characters: a-z, 0-9, and hyphens inside."),
    "access-invalid": (422, "A reason has 10 to 500 characters."),
    "throttled": (429, "Too many attempts. Try again in 8 seconds."),
    "too-many-requests": (429, "That was too often in a short time. Try again in 12 seconds."),
    "too-many-look-ups": (503, "Too many domains are being looked up. Try again in a moment."),
    "upstream-busy": (503, "Too many sign-ins are waiting for other services. Try again in a moment."),
    "bulk-busy": (503, "Many people are being added right now. Send this again in a moment."),
    "busy": (503, "We’re very busy right now."),
    OUTAGE: (503, "We cannot reach our database right now. Nothing was lost. Try again in a moment."),
}
"""Status and an example of each code that an operation may answer; the codes are part of the contract."""


def example_of(code: str) -> dict[str, Any]:
    """A problem as it looks."""
    status, detail = CATALOGUE[code]
    return {
        "type": f"urn:idp:problem:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    }


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    410: "Gone",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
