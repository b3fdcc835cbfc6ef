"""The life of a tenant: create, change, suspend, resume, delete, purge (R51).  Every verb takes a `PlatformUnit`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from idp.budget import Budget
from idp.db.unit import PlatformUnit
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.policy import Policy
from idp.tenants.errors import NoSuchTenant, SettingUnknown, SlugInvalid, SlugTaken
from idp.tenants.models import SYSTEM_SLUG, Branding, Tenant
from idp.tenants.resolve import SLUG, issuer_of

MAX_NAME = 100
_NUMBER = re.compile(r"[0-9]{1,9}")
_SWITCH = {**dict.fromkeys(("true", "yes", "on", "1"), True), **dict.fromkeys(("false", "no", "off", "0"), False)}


def create(platform: PlatformUnit, *, slug: str, name: str, base_url: str) -> Tenant:
    """Add a tenant, with its own wrapped data key.

    Raises:
        SlugInvalid, SlugTaken: the address cannot be used.
        SettingUnknown: the name is empty or too long.
    """
    if not SLUG.fullmatch(slug):
        raise SlugInvalid("A slug is 2 to 40 characters: a-z, 0-9, and hyphens inside.", field="slug")
    if platform.session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None:
        raise SlugTaken(f"The slug {slug!r} is in use, or was: slugs are never used twice.")
    tenant_id = new_id()
    tenant = platform.add(
        Tenant(
            id=tenant_id,
            slug=slug,
            name=_name(name),
            issuer=issuer_of(base_url, slug),
            policy=Policy(),
            branding=Branding(),
            budget=Budget(),
            data_key_sealed=platform.master_keys.wrap_new(tenant_id),
            webhook_events=[],
        )
    )
    _record(platform, tenant, EventType.TENANT_CREATED, slug=slug)
    return tenant


def get(platform: PlatformUnit, slug: str) -> Tenant:
    """The tenant with this slug.

    Raises:
        NoSuchTenant: unknown or deleted.
    """
    tenant = platform.session.scalar(select(Tenant).where(Tenant.slug == slug, Tenant.deleted_at.is_(None)))
    if tenant is None:
        raise NoSuchTenant(f"There is no tenant {slug!r}.")
    return tenant


def list_all(platform: PlatformUnit) -> Sequence[Tenant]:
    """Every tenant that was not deleted, by slug."""
    return platform.session.scalars(select(Tenant).where(Tenant.deleted_at.is_(None)).order_by(Tenant.slug)).all()


def update(platform: PlatformUnit, tenant: Tenant, changes: Mapping[str, Any]) -> Tenant:
    """Change settings by name: ``name``, any member of `Policy`, of `Branding` or of `Budget`.

    The event lists those whose value is another than before; where none is, there is no event.

    Args:
        platform: the transaction.
        tenant: as `get` gave it.
        changes: values of their documents' types, or all as people type them at a terminal: `_typed` reads those, here
            and nowhere else. None and "" are the default again.

    Raises:
        SettingUnknown: an unknown name, or a value outside its bounds; nothing is changed.
    """
    name, documents = tenant.name, (tenant.policy, tenant.branding, tenant.budget)
    values = [document.model_dump(mode="json") for document in documents]
    for key, value in changes.items():
        home = next((position for position, document in enumerate(documents) if key in _settable(type(document))), None)
        if key == "name":
            name = _name(value if isinstance(value, str) else "")
        elif home is None:
            raise SettingUnknown(f"There is no setting {key!r}. Known: {', '.join(known_settings())}.", field=key)
        elif value is None or value == "":
            values[home].pop(key, None)
        else:
            values[home][key] = _typed(type(documents[home]), key, value)
    try:
        new_policy = Policy.model_validate(values[0], strict=True)
        new_branding = Branding.model_validate(values[1], strict=True)
        new_budget = Budget.model_validate(values[2], strict=True)
    except ValidationError as refused:
        first = refused.errors()[0]
        field = str(first["loc"][0])
        raise SettingUnknown(f"{field}: {first['msg'].removeprefix('Value error, ')}.", field=field) from None
    before, after = _values(tenant.name, *documents), _values(name, new_policy, new_branding, new_budget)
    tenant.name, tenant.policy, tenant.branding, tenant.budget = name, new_policy, new_branding, new_budget
    if changed := sorted(key for key in changes if before[key] != after[key]):
        _record(platform, tenant, EventType.TENANT_UPDATED, changed=changed)
    return tenant


def known_settings() -> list[str]:
    """Names that `update` accepts."""
    return ["name", *(name for document in (Policy, Branding, Budget) for name in _settable(document))]


def suspend(platform: PlatformUnit, tenant: Tenant) -> None:
    """Stop every sign-in and token of a tenant within two seconds; nothing is lost.

    Raises:
        SettingUnknown: the built-in tenant cannot be suspended.
    """
    _refuse_system(tenant)
    if tenant.suspended_at is None:
        tenant.suspended_at = platform.now
        _record(platform, tenant, EventType.TENANT_SUSPENDED)


def resume(platform: PlatformUnit, tenant: Tenant) -> None:
    """Undo `suspend`."""
    if tenant.suspended_at is not None:
        tenant.suspended_at = None
        _record(platform, tenant, EventType.TENANT_RESUMED)


def delete(platform: PlatformUnit, tenant: Tenant) -> None:
    """Close a tenant for good: gone at once, its data key shredded now, its rows purged by the worker.

    Raises:
        SettingUnknown: the built-in tenant cannot be deleted.
    """
    _refuse_system(tenant)
    tenant.deleted_at = platform.now
    tenant.suspended_at = tenant.suspended_at or platform.now
    tenant.data_key_sealed = None
    tenant.webhook_events = []
    _record(platform, tenant, EventType.TENANT_DELETED)


def _refuse_system(tenant: Tenant) -> None:
    if tenant.slug == SYSTEM_SLUG:
        raise SettingUnknown("The built-in tenant 'system' holds the operators; it stays.")


def _record(platform: PlatformUnit, tenant: Tenant, kind: EventType, **data: Any) -> None:
    with platform.within(tenant) as uow:
        events.record(uow, kind, tenant, **data)


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise SettingUnknown(f"A name is 1 to {MAX_NAME} printable characters.", field="name")
    return name


def _values(name: str, *documents: BaseModel) -> dict[str, Any]:
    """Every setting by its name, also those that were left at their defaults."""
    return {"name": name} | {key: value for document in documents for key, value in document}


def _settable(document: type[BaseModel]) -> list[str]:
    return [name for name in document.model_fields if name != "logo_etag"]


def _typed(document: type[BaseModel], key: str, value: Any) -> Any:
    """A number or a yes that was written as text: "2048" is a number, "2048.5" is not.  All else is as it is."""
    default = document.model_fields[key].default
    if isinstance(value, str) and isinstance(default, bool):
        return _SWITCH.get(value.strip().lower(), value)
    if isinstance(value, str) and isinstance(default, int) and _NUMBER.fullmatch(value):
        return int(value)
    return value
