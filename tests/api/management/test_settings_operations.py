"""Settings and logo by the management API: typed, bounded, on condition, and the tenant's own (R46, R56)."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from idp.events.models import Event
from idp.policy import Policy
from idp.tenants import resolve
from idp.tenants.models import Branding
from tests.api.conformance import document
from tests.api.management.callers import Caller, person_caller
from tests.factories import People

MEMBERS = (*Policy.model_fields, *(name for name in Branding.model_fields if name != "logo_etag"))
TYPES = {"integer", "boolean", "string", "array"}


def picture(kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "#3451b2").save(written, kind, **options)
    return written.getvalue()


def changes(people: People) -> list[Any]:
    with people.unit() as uow:
        rows = uow.session.scalars(select(Event).where(Event.type == "tenant.updated").order_by(Event.id))
        return [(row.actor_id, row.actor_kind, row.data) for row in rows]


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_has_a_type_and_null_is_its_default_again(admin: Caller, name: str) -> None:
    schema = document()["components"]["schemas"]["ChangeSettings"]
    kinds = set(schema["properties"][name]["type"])
    assert "null" in kinds
    assert len(kinds & TYPES) == 1
    assert schema["additionalProperties"] is False
    before = admin.get("/settings").json
    assert before[name] == (Policy().model_dump(mode="json") | Branding().model_dump(mode="json"))[name]
    assert admin.patch("/settings", {name: None}).json[name] == before[name]


def test_settings_are_shown_whole_and_changed_in_parts(admin: Caller, people: People) -> None:
    shown = admin.get("/settings")
    assert shown.json["password_min_length"] == Policy().password_min_length
    assert shown.json["slug"] == people.tenant.slug
    assert "limit_tenant" not in shown.json
    change = {
        "name": "Acme Ltd",
        "password_min_length": 12,
        "registration_domains": ["acme.example"],
        "accent": "#0B6E4F",
    }
    changed = admin.patch("/settings", change, headers={"If-Match": shown.headers["ETag"]})
    assert changed.status_code == 200, changed.text
    assert {name: changed.json[name] for name in change} == {**change, "accent": "#0b6e4f"}
    assert admin.patch("/settings", {"name": "X"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.patch("/settings", {"password_min_length": None}).json["password_min_length"] == 15
    assert admin.patch("/settings", {"deletion_grace_days": 0}).json["deletion_grace_days"] == 0
    assert admin.patch("/settings", {"sign_in_needs_verified_email": True}).json["sign_in_needs_verified_email"] is True
    assert (
        admin.patch("/settings", {"sign_in_needs_verified_email": False}).json["sign_in_needs_verified_email"] is False
    )
    assert admin.get("/settings").json["name"] == "Acme Ltd"
    assert resolve.resolve(people.wiring.app, people.tenant.slug).name == "Acme Ltd"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"password_min_length": "12"}, "/password_min_length"),
        ({"password_min_length": 12.0}, "/password_min_length"),
        ({"password_min_length": 7}, "/password_min_length"),
        ({"password_min_length": True}, "/password_min_length"),
        ({"password_min_length": [12]}, "/password_min_length"),
        ({"password_min_length": 10**30}, "/password_min_length"),
        ({"deletion_grace_days": True}, "/deletion_grace_days"),
        ({"deletion_grace_days": 0.5}, "/deletion_grace_days"),
        ({"key_bits": 1024}, "/key_bits"),
        ({"key_bits": "2048"}, "/key_bits"),
        ({"sign_in_needs_verified_email": 1}, "/sign_in_needs_verified_email"),
        ({"sign_in_needs_verified_email": "true"}, "/sign_in_needs_verified_email"),
        ({"registration": "everybody"}, "/registration"),
        ({"registration_domains": "acme.example"}, "/registration_domains"),
        ({"registration_domains": [1]}, "/registration_domains/0"),
        ({"registration_domains": ["not a domain"]}, "/registration_domains"),
        ({"registration_domains": [None]}, "/registration_domains/0"),
        ({"registration_domains": {"0": "acme.example"}}, "/registration_domains"),
        ({"registration_domains": [f"a{number}.example" for number in range(101)]}, "/registration_domains"),
        ({"terms_version": 2026}, "/terms_version"),
        ({"terms_version": "1" * 51}, "/terms_version"),
        ({"default_locale": "fr"}, "/default_locale"),
        ({"accent": 0}, "/accent"),
        ({"accent": "red"}, "/accent"),
        ({"terms_url": "javascript:alert(1)"}, "/terms_url"),
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"name": 5}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "Ac\nme"}, "/name"),
        ({"has_logo": True}, "/has_logo"),
        ({"colour": "red"}, "/colour"),
        ({"limit_tenant": "1/minute"}, "/limit_tenant"),
        ({"logo_etag": "x"}, "/logo_etag"),
        ({"slug": "other"}, "/slug"),
        ({"suspended_at": None}, "/suspended_at"),
    ],
)
def test_a_setting_out_of_bounds_is_pointed_at(admin: Caller, change: dict[str, Any], pointer: str) -> None:
    before = admin.get("/settings").json
    refused = admin.patch("/settings", change)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert admin.get("/settings").json == before


def test_one_member_that_is_wrong_keeps_the_others_out(admin: Caller, people: People) -> None:
    before = admin.get("/settings").json
    assert admin.patch("/settings", {"name": "Acme Ltd", "accent": "red", "key_bits": 3072}).status_code == 422
    assert admin.get("/settings").json == before
    assert changes(people) == []


def test_a_change_of_nothing_is_none(admin: Caller, people: People) -> None:
    before = admin.get("/settings")
    assert admin.patch("/settings", {}).json == before.json
    assert changes(people) == []


def test_a_change_for_another_state_is_refused(admin: Caller, people: People) -> None:
    first = admin.get("/settings").headers["ETag"]
    assert admin.get("/settings", headers={"If-None-Match": first}).status_code == 304
    second = admin.patch("/settings", {"name": "One"}, headers={"If-Match": first}).headers["ETag"]
    assert second == admin.get("/settings").headers["ETag"] != first
    refused = admin.patch("/settings", {"name": "Two"}, headers={"If-Match": first})
    assert (refused.status_code, refused.json["code"]) == (412, "changed-meanwhile")
    assert admin.patch("/settings", {"name": "Three"}, headers={"If-Match": second}).json["name"] == "Three"
    assert len(changes(people)) == 2


def test_who_changed_a_setting_is_in_the_log(admin: Caller, people: People) -> None:
    admin.patch("/settings", {"password_min_length": 20})
    admin.put("/settings/logo", data=picture(), content_type="image/png")
    assert changes(people) == [
        (admin.id, "user", {"changed": ["password_min_length"]}),
        (admin.id, "user", {"changed": ["logo"]}),
    ]


def test_another_tenants_settings_are_its_own(app: Any, admin: Caller, others: People) -> None:
    other = person_caller(app, others, email="xaver@example.com", roles=("admin",))
    before = other.get("/settings").json
    admin.patch("/settings", {"name": "Acme Ltd", "accent": "#0b6e4f"})
    admin.put("/settings/logo", data=picture(), content_type="image/png")
    assert other.get("/settings").json == before
    assert other.get("/settings/logo").json["code"] == "no-logo"
    other.token = admin.token
    for method, path in (("GET", "/settings"), ("PATCH", "/settings"), ("DELETE", "/settings/logo")):
        assert other.call(method, path, {} if method == "PATCH" else None).status_code == 401


def test_whoever_may_only_look_changes_nothing(
    app: Any, admin: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    reader = machine(scope="settings:read", roles=("admin",))
    member = person_caller(app, people, email="mia@example.com", roles=("member",))
    assert reader.get("/settings").json == admin.get("/settings").json
    for who in (reader, member):
        for refused in (
            who.patch("/settings", {"name": "Mallory"}),
            who.put("/settings/logo", data=picture(), content_type="image/png"),
            who.delete("/settings/logo"),
        ):
            assert (refused.status_code, refused.json["code"]) == (403, "permission-needed")
    for path in ("/settings", "/settings/logo"):
        assert member.get(path).json["code"] == "permission-needed"
    assert changes(people) == []


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_written_anew(admin: Caller, kind: str) -> None:
    comment: dict[str, Any] = {} if kind == "PNG" else {"exif": b"Exif\x00\x00planted"}
    sent = picture(kind, **comment) + b"<script>planted</script>"
    assert admin.put("/settings/logo", data=sent, content_type=f"image/{kind.lower()}").status_code == 204
    shown = admin.get("/settings/logo")
    assert (shown.mimetype, shown.data[:4]) == ("image/png", b"\x89PNG")
    assert b"planted" not in shown.data
    assert Image.open(io.BytesIO(shown.data)).size == (8, 8)
    assert admin.get("/settings").json["has_logo"] is True
    assert [admin.delete("/settings/logo").status_code for _ in range(2)] == [204, 204]
    assert admin.get("/settings").json["has_logo"] is False
    assert admin.get("/settings/logo").json["code"] == "no-logo"


@pytest.mark.parametrize(
    ("sent", "kind", "status", "code"),
    [
        (b"", "image/png", 422, "logo-invalid"),
        (b"no picture", "image/png", 422, "logo-invalid"),
        (picture()[:45], "image/png", 422, "logo-invalid"),
        (picture("GIF"), "image/png", 422, "logo-invalid"),
        (b"x" * 300_000, "image/png", 422, "logo-invalid"),
        (b"x" * 1_100_000, "image/png", 413, "body-too-large"),
        (b"<svg/>", "image/svg+xml", 415, "unsupported-media-type"),
        (picture(), "application/json", 415, "unsupported-media-type"),
        (picture(), None, 415, "unsupported-media-type"),
    ],
    ids=["empty", "text", "cut", "gif", "large", "too-large", "svg", "json", "undeclared"],
)
def test_what_is_no_logo_leaves_the_one_there_is(
    admin: Caller, sent: bytes, kind: str | None, status: int, code: str
) -> None:
    admin.put("/settings/logo", data=picture(), content_type="image/png")
    before = admin.get("/settings/logo").data
    refused = admin.put("/settings/logo", data=sent, content_type=kind)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert admin.get("/settings/logo").data == before
