"""Units of work: one tenant, one actor, one transaction; and the cross-tenant one, spelled out.

Services take a unit, add rows and return; they never commit.  A unit that touches nothing opens no connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Engine, Executable, Result
from sqlalchemy.orm import Session

from idp.actor import Actor
from idp.budget import Budget
from idp.crypto.sealing import DataKey, MasterKeys
from idp.db import tenancy
from idp.db.base import Base
from idp.db.cache import DATABASE_IS_GONE
from idp.db.tenancy import DatabaseUnavailable, TenantSession
from idp.errors import NotFound
from idp.policy import Policy

Row = TypeVar("Row", bound=Base)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class TenantRow(Protocol):
    """What every layer may know of a tenant; the whole row is `idp.tenants.models.Tenant`."""

    @property
    def id(self) -> UUID: ...  # noqa: D102
    @property
    def slug(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def issuer(self) -> str: ...  # noqa: D102
    @property
    def policy(self) -> Policy: ...  # noqa: D102
    @property
    def budget(self) -> Budget: ...  # noqa: D102
    @property
    def data_key_sealed(self) -> bytes | None: ...  # noqa: D102
    @property
    def not_before(self) -> datetime | None: ...  # noqa: D102
    @property
    def webhook_events(self) -> list[str]: ...  # noqa: D102


class _Unit:
    """What both kinds of unit share: a session, an actor, the end of the transaction."""

    def __init__(self, engine: Engine, actor: Actor, master_keys: MasterKeys) -> None:
        self.engine = engine
        self.actor = actor
        self.master_keys = master_keys

    @cached_property
    def session(self) -> Session:
        """Made when something is asked of it, as most hot requests ask nothing."""
        return TenantSession(self.engine, info={tenancy.TENANT: self._tenant_id}, expire_on_commit=False)

    @property
    def _tenant_id(self) -> UUID | None:
        return None

    @property
    def now(self) -> datetime:
        """The database's time at the start of this transaction (R61)."""
        return tenancy.transaction_time(self.session)

    def add(self, row: Row) -> Row:
        """Write `row` with the next flush."""
        self.session.add(row)
        return row

    def execute(self, statement: Executable, *args: Any, **kwargs: Any) -> Result[Any]:
        """Run a statement."""
        return self.session.execute(statement, *args, **kwargs)

    def flush(self) -> None:
        """Send what was added, so that constraints speak now."""
        self.session.flush()

    def commit(self) -> None:
        """End the transaction for good.  Only faces call this, once.

        Raises:
            DatabaseUnavailable: the outcome is unknown to us; nothing was promised.
        """
        if "session" not in self.__dict__:
            return
        try:
            self.session.commit()
        except DATABASE_IS_GONE as gone:
            raise DatabaseUnavailable("The database does not answer.") from gone

    def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        if "session" not in self.__dict__:
            return
        try:
            self.session.close()
        except DATABASE_IS_GONE:  # which rolls back as well
            self.session.invalidate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        """Commit when the block ended well, roll back when it raised."""
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()


class UnitOfWork(_Unit):
    """One tenant's transaction."""

    def __init__(self, engine: Engine, tenant: TenantRow, actor: Actor, master_keys: MasterKeys) -> None:
        super().__init__(engine, actor, master_keys)
        self.tenant = tenant

    @property
    def _tenant_id(self) -> UUID | None:
        return self.tenant.id

    @property
    def not_before(self) -> datetime:
        """What was issued at this moment or before is over, whatever its row says (R65; `idp.tenants.epoch`)."""
        return self.tenant.not_before or _EVER

    @property
    def data_key(self) -> DataKey:
        """The tenant's data key.

        Raises:
            NotFound: the tenant was deleted and its key shredded.
        """
        if self.tenant.data_key_sealed is None:
            raise NotFound("This tenant's keys are gone.")
        return self.master_keys.open(self.tenant.id, self.tenant.data_key_sealed)

    def find(self, model: type[Row], row_id: UUID) -> Row | None:
        """The tenant's row with this id, or None."""
        return self.session.get(model, (self.tenant.id, row_id))

    def get(self, model: type[Row], row_id: UUID) -> Row:
        """The tenant's row with this id.

        Raises:
            NotFound: no such row in this tenant.
        """
        row = self.find(model, row_id)
        if row is None:
            raise NotFound(f"There is no such {model.__name__.lower()}.")
        return row

    def hold(self, row: Row) -> Row:
        """Read a row anew and lock it: whoever wants to change it waits for the end of this transaction."""
        self.flush()
        self.session.refresh(row, with_for_update=True)
        return row


class PlatformUnit(_Unit):
    """The cross-tenant transaction: tenant life cycle, outbox claims, purge.  Runs as the platform role."""

    @contextmanager
    def within(self, tenant: TenantRow) -> Iterator[UnitOfWork]:
        """The same transaction, seen as `tenant`'s: its rows are stamped and filtered as in any unit."""
        self.flush()
        outer = self.session.info[tenancy.TENANT]
        self.session.info[tenancy.TENANT] = tenant.id
        try:
            unit = UnitOfWork(self.engine, tenant, self.actor, self.master_keys)
            unit.session = self.session
            yield unit
            self.flush()
        finally:
            self.session.info[tenancy.TENANT] = outer
