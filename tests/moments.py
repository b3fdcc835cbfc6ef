"""What a tenant holds at a moment, and how moments pass: rows are moved back, nobody waits."""

from datetime import timedelta
from typing import Any

from sqlalchemy import DateTime, func, select, update

from idp.db.base import Base, TenantScoped
from tests.factories import People

_STEADY = ("events", "outbox_messages", "signing_keys")


def rows(people: People) -> dict[str, int]:
    """How many rows the tenant has, by table.  Without events: a refusal may be written down (R57)."""
    with people.unit() as uow:
        return {
            model.__tablename__: uow.session.scalar(select(func.count()).select_from(model))
            for model in _models()
            if model.__tablename__ not in _STEADY[:2]
        }


def pass_time(people: People, **delta: float) -> None:
    """Let time pass for the tenant: every moment in its rows moves back, those of its keys and events excepted."""
    with people.unit() as uow:
        for model in _models():
            moments = [column for column in model.__table__.columns if isinstance(column.type, DateTime)]
            if moments and model.__tablename__ not in _STEADY:
                earlier = {column.name: column - timedelta(**delta) for column in moments}
                uow.execute(update(model).values(earlier).execution_options(synchronize_session=False))


def _models() -> list[Any]:
    return [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantScoped)]
