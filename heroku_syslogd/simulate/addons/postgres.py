"""Samples of Heroku Postgres and of its connection pooler.

Keys and their order are those of the newest captures: of 2022 to 2026 for the servers, of 2022 for
the pooler (Heroku Dev Center, "Heroku Postgres Metrics Logs").
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from heroku_syslogd.simulate.addons.samples import (
    PLAN_IOPS,
    Drift,
    Watch,
    load_samples,
    sample_message,
)
from heroku_syslogd.simulate.load_average import LoadAverage

_PLAN_BYTES: Final = 64 * 2**30
_PLAN_CONNECTIONS: Final = 120
_MANY_CONNECTIONS: Final = 55
_MEMORY_KB: Final = 8_036_340
_BYTES_PER_TRANSACTION: Final = 180.0
_POOL: Final = 20
"""Server connections of the pooler; five clients share one."""


class Postgres:
    """One database server.

    Args:
        addon: Name of the add-on.
        source: Name of its attachment.
        rng: Source of chance.
        now: When it is first heard of, in seconds.

    Attributes:
        transactions: Id of its last transaction, and what part of the next one is done.
        size: Bytes of its database.
        tables: Tables in it.
    """

    procid: str = "heroku-postgres"

    def __init__(self, addon: str, source: str, rng: Random, now: float) -> None:
        self.transactions = float(rng.randrange(19_000_000, 20_000_000))
        self.size = float(rng.randrange(10_000_000_000, 11_000_000_000))
        self.tables = rng.randrange(40, 90)
        self._addon = addon
        self._source = source
        self._rng = rng
        self._watch = Watch(now)
        self._load = LoadAverage(now)
        # Ranges as the captures show them.
        self._per_second = Drift(20, 90, rng)
        self._connections = Drift(8, 60, rng)
        self._index_hits = Drift(0.985, 0.9999, rng)
        self._table_hits = Drift(0.96, 0.9999, rng)
        self._busy = Drift(0.2, 2.5, rng)
        self._reads = Drift(0.1, 9, rng)
        self._writes = Drift(20, 400, rng)
        self._free_kb = Drift(80_000, 260_000, rng)
        self._postgres_kb = Drift(20_000, 190_000, rng)
        self._wal = Drift(0.05, 0.09, rng)

    def message(self, now: float) -> str:
        """Return MSG of its line at ``now``, in seconds."""
        elapsed = self._watch.elapsed(now)
        self._work(elapsed)
        self._load.read(int(self._busy.after(elapsed) + self._rng.random()), now)
        connections = round(self._connections.after(elapsed))
        reads, writes = self._reads.after(elapsed), self._writes.after(elapsed)
        free = round(self._free_kb.after(elapsed))
        samples = {
            "current_transaction": f"{int(self.transactions)}",
            "db_size": f"{int(self.size)}bytes",
            "db-size-percentage-used": _ratio(self.size / _PLAN_BYTES),
            "tables": f"{self.tables}",
            "active-connections": f"{connections}",
            "waiting-connections": f"{max(0, connections - _MANY_CONNECTIONS)}",
            "max-connections": f"{_PLAN_CONNECTIONS}",
            "connections-percentage-used": _ratio(connections / _PLAN_CONNECTIONS),
            "index-cache-hit-rate": _ratio(self._index_hits.after(elapsed)),
            "table-cache-hit-rate": _ratio(self._table_hits.after(elapsed)),
            **load_samples(self._load),
            "read-iops": f"{reads:.5g}",
            "write-iops": f"{writes:.5g}",
            "max-iops": f"{PLAN_IOPS}",
            "iops-percentage-used": _ratio((reads + writes) / PLAN_IOPS),
            "tmp-disk-used": "543600640",
            "tmp-disk-available": "72435191808",
            "memory-total": f"{_MEMORY_KB}kB",
            "memory-free": f"{free}kB",
            "memory-percentage-used": _ratio(1 - free / _MEMORY_KB),
            "memory-cached": f"{7_400_000 - free}kB",
            "memory-postgres": f"{self._postgres_kb.after(elapsed):.0f}kB",
            **self._samples_of_a_follower(),
            "wal-percentage-used": f"{self._wal.after(elapsed)!r}",
        }
        return sample_message(self._source, self._addon, samples)

    def _work(self, elapsed: float) -> None:
        """Commit what ``elapsed`` seconds bring."""
        commits = self._per_second.after(elapsed) * elapsed
        self.transactions += commits
        self.size += commits * _BYTES_PER_TRANSACTION

    def _samples_of_a_follower(self) -> Mapping[str, str]:
        return {}


class Follower(Postgres):
    """A server that repeats what another one does, some commits behind.

    Args:
        leader: The other one.
        addon: Name of the add-on.
        source: Name of its attachment.
        rng: Source of chance.
        now: When it is first heard of, in seconds.
    """

    def __init__(self, leader: Postgres, addon: str, source: str, rng: Random, now: float) -> None:
        super().__init__(addon, source, rng, now)
        self._leader = leader
        self._lag = Drift(0, 3000, rng)
        self.transactions = leader.transactions - self._lag.after(0.0)
        self.tables = leader.tables

    def _work(self, elapsed: float) -> None:
        reached = self._leader.transactions - self._lag.after(elapsed)
        self.transactions = max(self.transactions, reached)
        self.size = self._leader.size

    def _samples_of_a_follower(self) -> Mapping[str, str]:
        behind = int(self._leader.transactions) - int(self.transactions)
        return {"follower-lag-commits": f"{behind}"}


class Pooler:
    """The connection pooler of a database.

    Args:
        addon: Name of the database's add-on.
        rng: Source of chance.
        now: When it is first heard of, in seconds.
    """

    procid: str = "heroku-pgbouncer"

    def __init__(self, addon: str, rng: Random, now: float) -> None:
        self._addon = addon
        self._watch = Watch(now)
        self._clients = Drift(5, 5 * _POOL + 5, rng)
        self._query_us = Drift(2000, 20_000, rng)
        self._received = Drift(10_000, 60_000, rng)
        self._sent = Drift(200_000, 2_000_000, rng)

    def message(self, now: float) -> str:
        """Return MSG of its line at ``now``, in seconds."""
        elapsed = self._watch.elapsed(now)
        clients = round(self._clients.after(elapsed))
        waiting = max(0, clients - 5 * _POOL)
        active = (clients - waiting) // 5
        samples = {
            "client_active": f"{clients - waiting}",
            "client_waiting": f"{waiting}",
            "server_active": f"{active}",
            "server_idle": f"{_POOL - active}",
            "max_wait": f"{int(waiting > 0)}",
            "avg_query": f"{self._query_us.after(elapsed):.0f}",
            "avg_recv": f"{self._received.after(elapsed):.0f}",
            "avg_sent": f"{self._sent.after(elapsed):.0f}",
        }
        return sample_message("pgbouncer", self._addon, samples)


def _ratio(value: float) -> str:
    """Return a ratio as Postgres' lines have it: five decimals, trailing zeros left out."""
    return f"{value:.5f}".rstrip("0").rstrip(".")
