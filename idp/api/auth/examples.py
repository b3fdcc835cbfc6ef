"""Examples of the document: one person at Acme, through one application, from sign-up to the end."""

from typing import Any

_CLIENT = {"client_id": "01981a4e-52ab-7e0c-8d5e-5c1f0d1b7a10"}
_PASSWORD = "seven herons crossed the ice"
_NEW_PASSWORD = "eight herons stayed at home"
_EMAIL = "ida@acme.example"
_TRANSACTION = "idp_tx_Kq0Zb1F3v8uYwW5nS2rX7cT4mJ6hL9pD0aEgViQoBkM.AZgaTnwbfMOaVC8db18KEQ"
_REFRESH_TOKEN = "idp_rt_AZgaTnwbfMOaVC8db18KEQAAAAC3p1Qv0xYk7mJ5sT2wN8hR4bL6cF9dG1eZ0aUiVoXyMQ"
_LINK_TOKEN = "idp_ot_3p1Qv0xYk7mJ5sT2wN8hR4bL6cF9dG1eZ0aUiVoXyMQ"
_CODE = "40712856"
_SCOPE = "openid profile email offline_access"

TOKENS: dict[str, Any] = {
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_in": 600,
    "scope": _SCOPE,
    "refresh_token": _REFRESH_TOKEN,
    "id_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl",
}
ACTION = {"status": "action_required", "next": "verify-email", "transaction": _TRANSACTION, "expires_in": 1800}
ACCEPTED = {"status": "accepted"}
TOKENS_OR_ACTION = {"signed-in": {"value": TOKENS}, "a-step-is-missing": {"value": ACTION}}
TOKENS_OR_STATUS = {"signed-in": {"value": TOKENS}, "proven-only": {"value": {"status": "verified"}}}

LOGIN = {**_CLIENT, "email": _EMAIL, "password": _PASSWORD, "scope": _SCOPE}
REFRESH = {**_CLIENT, "refresh_token": _REFRESH_TOKEN}
REGISTER = {**_CLIENT, "email": _EMAIL, "password": _PASSWORD, "given_name": "Ida", "family_name": "Noor"}
VERIFY = {**_CLIENT, "transaction": _TRANSACTION, "code": _CODE, "scope": _SCOPE}
RESEND = {**_CLIENT, "transaction": _TRANSACTION}
FORGOT = {**_CLIENT, "email": _EMAIL}
RESET = {**_CLIENT, "token": _LINK_TOKEN, "password": _NEW_PASSWORD}
CHANGE_PASSWORD = {"current_password": _PASSWORD, "new_password": _NEW_PASSWORD}
CONFIRMED = {"current_password": _PASSWORD}
CHANGE_EMAIL = {"email": "ida.noor@acme.example", "current_password": _PASSWORD}
VERIFY_OWN = {"code": _CODE}
CHANGE_ME = {"nickname": "Ida", "website": None}
ME = {
    "sub": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "email": _EMAIL,
    "email_verified": True,
    "given_name": "Ida",
    "family_name": "Noor",
    "roles": ["member"],
    "created_at": "2026-11-24T09:12:00.250000+00:00",
    "updated_at": "2026-11-24T09:12:00.250000+00:00",
    "deletes_at": None,
}
DELETION = {"deletes_at": "2026-12-08T09:12:00.250000+00:00"}
SESSIONS = {
    "sessions": [
        {
            "id": "01981a4e-9d02-7a51-8a3c-0d6b5a4c3e21",
            "is_current": True,
            "created_at": "2026-11-24T09:12:00.250000+00:00",
            "authenticated_at": "2026-11-24T09:12:00.250000+00:00",
            "last_seen_at": "2026-11-24T09:30:41.120000+00:00",
            "ip": "203.0.113.7",
            "device": "Notes on Android",
            "user_agent": "Notes/3.2 (Android 16)",
        }
    ]
}
