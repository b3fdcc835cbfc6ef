"""Settings, logo, keys, mail settings and limits by the management API."""

import io
from typing import Any

import pytest
from PIL import Image

from idp.policy import Policy
from idp.tenants import resolve
from tests.api.management.callers import Caller
from tests.factories import People


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "#3451b2").save(written, "PNG")
    return written.getvalue()


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
        ({"sign_in_needs_verified_email": 1}, "/sign_in_needs_verified_email"),
        ({"registration": "everybody"}, "/registration"),
        ({"registration_domains": "acme.example"}, "/registration_domains"),
        ({"registration_domains": [1]}, "/registration_domains/0"),
        ({"registration_domains": ["not a domain"]}, "/registration_domains"),
        ({"accent": "red"}, "/accent"),
        ({"terms_url": "javascript:alert(1)"}, "/terms_url"),
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
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


def test_who_changed_a_setting_is_in_the_log(admin: Caller, people: People) -> None:
    from sqlalchemy import select

    from idp.events.models import Event

    admin.patch("/settings", {"password_min_length": 20})
    with people.unit() as uow:
        event = uow.session.scalars(select(Event).where(Event.type == "tenant.updated")).one()
    assert (event.actor_id, event.actor_kind, event.data) == (admin.id, "user", {"changed": ["password_min_length"]})


def test_a_logo_is_set_shown_and_taken_away(admin: Caller) -> None:
    assert admin.get("/settings/logo").json["code"] == "no-logo"
    assert admin.put("/settings/logo", data=picture(), content_type="image/png").status_code == 204
    shown = admin.get("/settings/logo")
    assert (shown.mimetype, shown.data[:4]) == ("image/png", b"\x89PNG")
    assert admin.get("/settings").json["has_logo"] is True
    assert admin.put("/settings/logo", data=b"<svg/>", content_type="image/svg+xml").json["code"] == "logo-invalid"
    assert admin.put("/settings/logo", data=b"x" * 300_000, content_type="image/png").json["code"] == "logo-invalid"
    assert admin.delete("/settings/logo").status_code == 204
    assert admin.get("/settings").json["has_logo"] is False
