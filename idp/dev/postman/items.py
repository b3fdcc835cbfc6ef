"""Items of the collection from steps: address, authentication, body, and the scripts around them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from idp.dev.postman.steps import LEFT_OUT, Chapter, Mail, Page, Step

Item = dict[str, Any]

_PLATFORM = "/api/v1/"
_PARTS = {"client_id": "made_client_id"}
"""Variables for parts of addresses, where the name is another thing's already."""
_SEE_OTHER = "303"
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


_READ_FORM = """
const hidden = (name) => (pm.response.text().match(new RegExp(`name="${name}" value="([^"]+)"`)) || [])[1];
pm.test("a form is shown", () => pm.expect(hidden("csrf")).to.be.a("string"));
pm.environment.set("csrf", hidden("csrf"));
pm.environment.set("flow", hidden("flow"));
"""
_LEAVE = """
pm.test("the browser is sent back", () => pm.expect(pm.response.code).to.equal(303));
"""


def folders(document: Mapping[str, Any], chapters: Iterable[Chapter]) -> list[Item]:
    """A folder for each chapter."""
    operations = {
        operation["operationId"]: (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    made: list[Item] = []
    for chapter in chapters:
        items = [_item(step, operations) for step in chapter.steps]
        made.append({"name": chapter.name, "description": chapter.description, "item": items})
    _require_unique(made)
    return made


def _item(step: Step | Mail | Page, operations: Mapping[str, tuple[str, str, Mapping[str, Any]]]) -> Item:
    match step:
        case Mail():
            return _mail(step)
        case Page():
            return _page(step)
        case Step():
            return _request(step, *operations[step.operation])


def _request(step: Step, path: str, method: str, operation: Mapping[str, Any]) -> Item:
    headers = [{"key": name, "value": value} for name, value in step.headers.items()]
    if step.match and any(parameter.get("name") == "If-Match" for parameter in operation.get("parameters", ())):
        headers.append({"key": "If-Match", "value": "{{etag}}"})
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", operation["summary"]),
        "header": headers,
        "url": _url(path, step.query, step.path),
        "auth": _auth(path, step, operation),
    }
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        headers.append({"key": "Content-Type", "value": "application/json"})
        request["body"] = {"mode": "raw", "raw": json.dumps(_body(step, content["application/json"]), indent=2)}
    elif step.file:
        headers.append({"key": "Content-Type", "value": next(iter(content))})
        request["body"] = {"mode": "file", "file": {"src": step.file}}
    elif content:
        fields = [{"key": key, "value": value} for key, value in step.form.items()]
        request["body"] = {"mode": "urlencoded", "urlencoded": fields}
    events = [_event("test", _checks(step, operation))]
    if step.before:
        events.append(_event("prerequest", step.before))
    item = {"name": step.title or step.operation, "event": events, "request": request, "response": []}
    return item | (
        {"protocolProfileBehavior": {"followRedirects": False}} if _SEE_OTHER in operation["responses"] else {}
    )


def _checks(step: Step, operation: Mapping[str, Any]) -> str:
    """Whether it went well, and what is learnt of it."""
    good = [int(status) for status in operation["responses"] if status[0] == "2" or status == _SEE_OTHER]
    good = list(step.expects) or good
    lines = [f"pm.test({json.dumps(operation['summary'])}, () => pm.expect(pm.response.code).to.be.oneOf({good}));"]
    if any("ETag" in answer.get("headers", {}) for answer in operation["responses"].values()):
        lines.append('pm.environment.set("etag", pm.response.headers.get("ETag"));')
    if step.learns:
        lines.append("const said = pm.response.json();")
        lines += [f'pm.environment.set("{name}", said.{place});' for name, place in step.learns.items()]
    return "\n".join([*lines, step.after.strip()])


def _body(step: Step, media: Mapping[str, Any]) -> Any:
    example = media["example"] if "example" in media else next(iter(media["examples"].values()))["value"]
    if not isinstance(step.body, Mapping):
        return step.body
    return {name: value for name, value in {**example, **step.body}.items() if value is not LEFT_OUT}


def _url(path: str, query: Mapping[str, str], given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """An address; its parts are variables of their names, where nothing else is `given`."""
    known = given or {}
    parts = [
        known.get(part[1:-1], f"{{{{{_PARTS.get(part[1:-1], part[1:-1])}}}}}") if part.startswith("{") else part
        for part in path.strip("/").split("/")
    ]
    asked = [{"key": key, "value": value} for key, value in query.items()]
    text = "&".join(f"{key}={value}" for key, value in query.items())
    raw = f"{{{{base_url}}}}/{'/'.join(parts)}{f'?{text}' if text else ''}"
    return {"raw": raw, "host": ["{{base_url}}"], "path": parts, **({"query": asked} if asked else {})}


def _auth(path: str, step: Step, operation: Mapping[str, Any]) -> dict[str, Any]:
    if step.client:
        pair = {"username": f"{{{{{step.client}_client_id}}}}", "password": f"{{{{{step.client}_client_secret}}}}"}
        return {"type": "basic", "basic": [{"key": key, "value": value} for key, value in pair.items()]}
    schemes = {name for needed in operation["security"] for name in needed}
    if "management" in schemes:
        token = "operator_token" if path.startswith(_PLATFORM) else "management_token"
    elif operation["security"] == [{"bearer": []}]:
        token = "access_token"
    else:
        return {"type": "noauth"}
    return {"type": "bearer", "bearer": [{"key": "token", "value": f"{{{{{token}}}}}"}]}


def _mail(mail: Mail) -> Item:
    script = _READ_MAIL % {"to": mail.to, "into": mail.into, "pattern": mail.pattern, "count": mail.count}
    request = {"method": "GET", "header": [], "url": _url("/dev/mail.json", {}), "auth": {"type": "noauth"}}
    return {"name": mail.title, "event": [_event("test", script)], "request": request, "response": []}


def _page(page: Page) -> Item:
    url = _url(f"/t/{{tenant_slug}}/{page.path}", page.query)
    request: dict[str, Any] = {"method": "GET", "header": [], "url": url, "auth": {"type": "noauth"}}
    if page.form is not None:
        fields = {"csrf": "{{csrf}}", "flow": "{{flow}}", **page.form}
        sent = [{"key": key, "value": value} for key, value in fields.items()]
        request |= {"method": "POST", "body": {"mode": "urlencoded", "urlencoded": sent}}
    item = {"name": page.title, "event": [_event("test", _LEAVE if page.ends else _READ_FORM)], "request": request}
    return item | {"response": []} | ({"protocolProfileBehavior": {"followRedirects": False}} if page.ends else {})


def _event(listen: str, script: str) -> dict[str, Any]:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": script.strip().splitlines()}}


def _require_unique(made: Iterable[Item]) -> None:
    """Requests are found again by their names."""
    names = [item["name"] for folder in made for item in folder["item"]]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"more than one step is called {sorted(twice)}")
