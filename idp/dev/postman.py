"""The Postman collection: every operation of the document once or more, in an order that runs green (schema v2.1.0).

One newcomer signs up, changes what can be changed, forgets, and leaves.  Bodies are the document's own examples, with
variables where something was learnt on the way.  What a mail brings is read in the development mailbox.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Item = dict[str, Any]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:idp:postman")
_JSON = {"key": "Content-Type", "value": "application/json"}
_MACHINE = ("token", "introspect", "revoke")

VARIABLES = {
    "base_url": "",
    "tenant_slug": "acme",
    "client_id": "",
    "machine_client_id": "",
    "machine_client_secret": "",
}
"""What whoever runs the collection must know; `demo.json` has it all."""

WALK = (
    "openid-configuration",
    "jwks",
    "register",
    "resend-verification",
    "mail: two codes for the new address",
    "verify-email",
    "get-me",
    "change-me",
    "refresh",
    "change-email",
    "mail: a code for the other address",
    "verify-own-email",
    "userinfo",
    "change-password",
    "forgot-password",
    "mail: a link for the other address",
    "reset-password",
    "login",
    "login",
    "list-sessions",
    "end-session",
    "end-other-sessions",
    "logout",
    "login",
    "delete-me",
    "token",
    "introspect",
    "revoke",
)
_MEMBERS = {
    "client_id": "{{client_id}}",
    "email": "{{email}}",
    "password": "{{password}}",
    "current_password": "{{password}}",
    "new_password": "{{new_password}}",
    "transaction": "{{transaction}}",
    "code": "{{code}}",
    "token": "{{link_token}}",
    "refresh_token": "{{refresh_token}}",
}
_EXCEPTIONS: dict[str, dict[str, str]] = {
    "change-email": {"email": "{{other_email}}"},
    "reset-password": {"password": "{{new_password}}"},
}
_FORMS: dict[str, dict[str, str]] = {
    "token": {"grant_type": "client_credentials"},
    "introspect": {"token": "{{machine_token}}"},
    "revoke": {"token": "{{machine_token}}"},
}
_BEFORE = {
    "register": """
const newcomer = Date.now().toString(36) + Math.random().toString(36).slice(2, 8);
pm.environment.set("email", `ida-${newcomer}@acme.example`);
pm.environment.set("other_email", `noor-${newcomer}@acme.example`);
pm.environment.set("password", pm.variables.replaceIn("{{$guid}}"));
pm.environment.set("new_password", pm.variables.replaceIn("{{$guid}}"));
""",
    "reset-password": 'pm.environment.set("new_password", pm.variables.replaceIn("{{$guid}}"));',
}
_SWAP = 'pm.environment.set("password", pm.environment.get("new_password"));'
_AFTER = {
    "change-password": _SWAP,
    "reset-password": _SWAP,
    "verify-own-email": 'pm.environment.set("email", pm.environment.get("other_email"));',
    "get-me": 'pm.environment.set("etag", pm.response.headers.get("ETag"));',
    "list-sessions": """
const other = pm.response.json().sessions.find((session) => !session.is_current);
pm.environment.set("session_id", other.id);
""",
    "token": 'pm.environment.set("machine_token", pm.response.json().access_token);',
}
_LEARN = """
const learnt = pm.response.text() ? pm.response.json() : {};
for (const name of ["access_token", "refresh_token", "transaction"]) {
  if (learnt[name]) pm.environment.set(name, learnt[name]);
}
"""
_READ_MAIL = """
const mails = pm.response.json().filter((mail) => mail.to === pm.environment.get("%(to)s"));
const found = mails.map((mail) => mail.text.match(%(pattern)s)).filter((match) => match);
const tries = Number(pm.environment.get("tries") || 0);
if (found.length < %(count)d && tries < 100) {
  pm.environment.set("tries", tries + 1);
  pm.execution.setNextRequest(pm.info.requestName);
} else {
  pm.environment.unset("tries");
  pm.test("the mail is there", () => pm.expect(found.length).to.be.at.least(%(count)d));
  pm.environment.set("%(into)s", found[0][1].replace(/\\s/g, ""));
}
"""
_MAILS: dict[str, dict[str, Any]] = {
    "mail: two codes for the new address": {"to": "email", "into": "code", "count": 2},
    "mail: a code for the other address": {"to": "other_email", "into": "code", "count": 1},
    "mail: a link for the other address": {"to": "other_email", "into": "link_token", "count": 1},
}
_PATTERNS = {"code": r"/(?:^|\s)(\d{4}\s?\d{4})(?:\s|$)/", "link_token": r"/reset-password\?token=([\w-]+)/"}


def collection(document: Mapping[str, Any]) -> dict[str, Any]:
    """The collection of a document."""
    known = {
        operation["operationId"]: (path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    items: list[Item] = []
    for name in WALK:
        title = name if all(item["name"] != name for item in items) else f"{name} ({len(items)})"
        items.append(_mail(title) if name.startswith("mail") else _operation(title, name, *known[name]))
    return {
        "info": {
            "_postman_id": str(uuid5(_NAMESPACE, "collection")),
            "name": "idp",
            "description": "Made of openapi.json. Runs from first to last beside `make run`; see docs/api.md.",
            "schema": _SCHEMA,
        },
        "item": items,
    }


def environment(base_url: str) -> dict[str, Any]:
    """An environment to fill in."""
    return {
        "id": str(uuid5(_NAMESPACE, "environment")),
        "name": "idp",
        "values": [
            {"key": key, "value": base_url if key == "base_url" else value, "enabled": True}
            for key, value in VARIABLES.items()
        ],
        "_postman_variable_scope": "environment",
    }


def _operation(title: str, name: str, path: str, method: str, operation: Mapping[str, Any]) -> Item:
    success = [int(status) for status in operation["responses"] if status.startswith("2")]
    check = f'pm.test("{operation["summary"]}", () => pm.expect(pm.response.code).to.be.oneOf({success}));'
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", operation["summary"]),
        "header": [{"key": "If-Match", "value": "{{etag}}"}] if name == "change-me" else [],
        "url": _url(path),
        "auth": _auth(name, operation),
    }
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        example = content["application/json"]["example"]
        body = {
            member: _EXCEPTIONS.get(name, {}).get(member, _MEMBERS.get(member, value))
            for member, value in example.items()
        }
        request["header"].append(_JSON)
        request["body"] = {"mode": "raw", "raw": json.dumps(body, indent=2)}
    elif content:
        fields = [{"key": key, "value": value} for key, value in _FORMS[name].items()]
        request["body"] = {"mode": "urlencoded", "urlencoded": fields}
    learn = "" if name in _MACHINE else _LEARN
    events = [_event("test", f"{check}\n{learn}{_AFTER.get(name, '')}")]
    if name in _BEFORE:
        events.append(_event("prerequest", _BEFORE[name]))
    return {"name": title, "event": events, "request": request, "response": []}


def _mail(title: str) -> Item:
    facts = _MAILS[title]
    script = _READ_MAIL % {**facts, "pattern": _PATTERNS[facts["into"]]}
    request = {"method": "GET", "header": [], "url": _url("/dev/mail.json"), "auth": {"type": "noauth"}}
    return {"name": title, "event": [_event("test", script)], "request": request, "response": []}


def _url(path: str) -> dict[str, Any]:
    filled = path.replace("{", "{{").replace("}", "}}")
    return {"raw": f"{{{{base_url}}}}{filled}", "host": ["{{base_url}}"], "path": filled.strip("/").split("/")}


def _auth(name: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    if name in _MACHINE:
        pair = {"username": "{{machine_client_id}}", "password": "{{machine_client_secret}}"}
        return {"type": "basic", "basic": [{"key": key, "value": value} for key, value in pair.items()]}
    if operation["security"] == [{"bearer": []}]:
        return {"type": "bearer", "bearer": [{"key": "token", "value": "{{access_token}}"}]}
    return {"type": "noauth"}


def _event(listen: str, script: str) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": script.strip().splitlines()}}
