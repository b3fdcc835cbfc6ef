"""What a soak looks at between its rounds: memory, descriptors, connections, tables, keys."""

import threading
from dataclasses import dataclass, field

import psutil
import redis
from sqlalchemy import func, update

from idp.worker import purge
from tests.faults.installation import Installation

MIB = 1 << 20
MEMORY_MIB, DESCRIPTORS, CONNECTIONS = 12.0, 8, 4
"""How much more there may be at the end than after the first round."""
TABLES = 1.5
KEYS = 60


@dataclass
class Sample:
    """One look, with nothing going on.

    Attributes:
        memory: MiB of each process that are its share (PSS), by what it is.
        descriptors: open files and sockets, the same way.
        connections: of ours at PostgreSQL.
        keys: in Redis.
        tables: bytes with indexes, by name.
        rows: by table.
    """

    memory: dict[str, float] = field(default_factory=dict)
    descriptors: dict[str, int] = field(default_factory=dict)
    connections: int = 0
    keys: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """For a report."""
        memory = ", ".join(f"{name} {mib:.1f}" for name, mib in self.memory.items())
        files = ", ".join(f"{name} {count}" for name, count in self.descriptors.items())
        purged = sum(self.tables[name] for name in PURGED) / MIB
        every, left = sum(self.tables.values()) / MIB, sum(self.rows[name] for name in PURGED)
        return (
            f"PSS MiB: {memory}; descriptors: {files}; connections {self.connections}; keys {self.keys}; "
            f"purged tables {purged:.1f} MiB with {left} rows, all {every:.1f} MiB, {self.rows['events']} events"
        )


PURGED = sorted(
    {rule.table.name for rule in purge.RULES if rule.table.name != "login_throttles"} | {"refresh_families"}
)
"""Tables whose rows come and go; all others are a tenant's people, their history and what an administrator made."""


def look(installation: Installation) -> Sample:
    """Age and purge what can be purged, vacuum, and look."""
    let_time_pass(installation)
    purge.purge_expired(installation.wiring, threading.Event())
    sample = Sample()
    for name, process in processes(installation).items():
        sample.memory[name] = process.memory_full_info().pss / MIB
        sample.descriptors[name] = process.num_fds()
    with installation.connect() as connection:
        connection.execute("VACUUM (ANALYZE)")
        for table, size, rows in connection.execute(
            "SELECT relname, pg_total_relation_size(relid), n_live_tup FROM pg_stat_user_tables"
        ).fetchall():
            sample.tables[str(table)], sample.rows[str(table)] = int(str(size)), int(str(rows))
        ours = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename IN ('idp_app', 'idp_platform')")
        sample.connections = int(str((ours.fetchone() or (0,))[0]))
    with redis.Redis.from_url(installation.valkey.url) as client:
        sample.keys = int(str(client.dbsize()))
    return sample


def processes(installation: Installation) -> dict[str, psutil.Process]:
    """Ours, by what they do."""
    found = {"master": psutil.Process(installation.web.child.pid)}
    found |= {f"web {number}": worker for number, worker in enumerate(installation.web.workers(), 1)}
    if installation.worker is not None:
        found["worker"] = psutil.Process(installation.worker.pid)
    return found


def let_time_pass(installation: Installation) -> None:
    """Every row whose use can be over is so old that it goes: months, for whoever purges."""
    kept = {
        rule.moment: max(other.keep for other in purge.RULES if other.moment is rule.moment) for rule in purge.RULES
    }
    with installation.wiring.platform_unit() as platform:
        for moment, keep in kept.items():
            table = moment.class_.__table__
            platform.execute(update(table).where(moment.is_not(None)).values({moment.key: func.now() - 2 * keep}))


def growth(before: Sample, after: Sample) -> list[str]:
    """A sentence for each thing that grew."""
    found = [
        f"{name}: {before.memory[name]:.1f} → {mib:.1f} MiB"
        for name, mib in after.memory.items()
        if mib > before.memory[name] + MEMORY_MIB
    ]
    found += [
        f"{name}: {before.descriptors[name]} → {count} descriptors"
        for name, count in after.descriptors.items()
        if count > before.descriptors[name] + DESCRIPTORS
    ]
    if after.connections > before.connections + CONNECTIONS:
        found.append(f"connections: {before.connections} → {after.connections}")
    if after.keys > before.keys + KEYS:
        found.append(f"keys: {before.keys} → {after.keys}")
    for table, size in after.tables.items():
        if table in PURGED and size > TABLES * before.tables[table] + MIB:
            found.append(f"{table}: {before.tables[table]} → {size} bytes")
        rows, rows_before = after.rows[table], before.rows[table]
        if table not in PURGED and rows_before > 1000 and size / rows > TABLES * before.tables[table] / rows_before:
            found.append(f"{table}: {before.tables[table] / rows_before:.0f} → {size / rows:.0f} bytes a row")
    return found
