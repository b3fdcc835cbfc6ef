import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from idp.authn import passwords
from idp.keys.models import SigningKey
from idp.rbac import service as rbac
from idp.tenants import branding
from idp.tenants.errors import LogoInvalid
from idp.tenants.models import Tenant, TenantLogo
from idp.users import service as users
from idp.wiring import Wiring
from tests.cli.conftest import Terminal

NewSlug = Callable[[], str]


def test_a_new_tenant_has_keys_roles_and_an_owner_who_can_sign_in(
    idp: Terminal, wiring: Wiring, new_slug: NewSlug
) -> None:
    slug = new_slug()
    made = idp.json("tenant", "create", slug, "--name", "Example", "--admin-email", "root@example.com")

    assert made["issuer"] == f"http://localhost:8000/t/{slug}"
    with wiring.platform_unit() as platform:
        tenant = platform.session.scalars(select(Tenant).where(Tenant.slug == slug)).one()
    with wiring.tenant_unit(tenant) as uow:
        person = users.get_by_email(uow, "root@example.com")
        assert passwords.verify(uow, person, made["admin"]["password"])
        assert rbac.names_of(uow, person.id) == ["owner"]
        assert uow.session.scalars(select(SigningKey)).one().activated_at is not None
    assert slug in [row["slug"] for row in idp.json("tenant", "list")]


def test_a_tenant_whose_owner_cannot_be_made_is_not_made_either(idp: Terminal, new_slug: NewSlug) -> None:
    slug = new_slug()
    assert "not an email address" in idp.sentence("tenant", "create", slug, "--name", "X", "--admin-email", "nobody")
    assert idp.sentence("tenant", "show", slug) == f"There is no tenant {slug!r}."


def test_settings_are_changed_all_or_none(idp: Terminal, tenant: Tenant) -> None:
    shown = idp.json("tenant", "set", tenant.slug, "accent=#0f766e", "password-min-length=20", "name=New name")
    assert (shown["name"], shown["branding"]["accent"], shown["policy"]["password_min_length"]) == (
        "New name",
        "#0f766e",
        20,
    )
    idp.sentence("tenant", "set", tenant.slug, "name=Other", "password_min_length=7")
    idp.sentence("tenant", "set", tenant.slug, "name=Other", "colour=red")
    idp.sentence("tenant", "set", tenant.slug, "name")
    assert idp.json("tenant", "show", tenant.slug)["name"] == "New name"


def test_a_tenant_is_suspended_and_resumed(idp: Terminal, tenant: Tenant) -> None:
    assert idp.json("tenant", "suspend", tenant.slug)["state"] == "suspended"
    assert idp.json("tenant", "resume", "--slug", tenant.slug)["state"] == "active"


def test_a_tenant_is_deleted_only_by_somebody_who_means_it(idp: Terminal, tenant: Tenant) -> None:
    assert idp.sentence("tenant", "delete", tenant.slug).endswith("repeat it with --yes.")
    assert idp.json("tenant", "delete", tenant.slug, "--yes")["state"] == "deleted"
    assert idp.sentence("tenant", "show", tenant.slug) == f"There is no tenant {tenant.slug!r}."
    assert "never used twice" in idp.sentence("tenant", "create", tenant.slug, "--name", "Again")


def picture(kind: str, size: tuple[int, int] = (800, 400)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "#336699").save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_written_anew_as_png(
    idp: Terminal, wiring: Wiring, tenant: Tenant, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "logo").write_bytes(picture(kind) + b"<script>")
    etag = idp.json("tenant", "set", tenant.slug, "logo=@logo")["branding"]["logo_etag"]
    with wiring.tenant_unit(tenant) as uow:
        stored = uow.session.scalars(select(TenantLogo)).one().png
    with Image.open(io.BytesIO(stored)) as opened:
        assert (opened.format, opened.size, len(etag)) == ("PNG", (512, 256), 16)
    assert b"<script>" not in stored

    assert idp.json("tenant", "set", tenant.slug, "logo=")["branding"]["logo_etag"] is None
    with wiring.tenant_unit(tenant) as uow:
        assert uow.session.scalars(select(TenantLogo)).all() == []


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        picture("GIF"),
        picture("PNG")[:60],
        picture("PNG", (5000, 5000)),
        bytes(branding.MAX_BYTES + 1),
    ],
    ids=["empty", "svg", "gif", "cut", "huge", "heavy"],
)
def test_what_is_no_picture_is_no_logo(upload: bytes) -> None:
    with pytest.raises(LogoInvalid):
        branding.reencode(upload)


def test_a_logo_that_does_not_compress_is_made_smaller() -> None:
    noise = io.BytesIO()
    Image.effect_noise((700, 700), 120).convert("RGB").save(noise, "JPEG", quality=40)
    assert len(branding.reencode(noise.getvalue())) <= branding.MAX_BYTES
