"""The add-ons of an app: a database with its pooler, maybe a follower of it, and a Redis."""

from __future__ import annotations

from random import Random
from typing import Final

from heroku_syslogd.simulate.addons.postgres import Follower, Pooler, Postgres
from heroku_syslogd.simulate.addons.postgres_log import NO_ERROR, PostgresLog
from heroku_syslogd.simulate.addons.redis import Redis
from heroku_syslogd.simulate.addons.samples import INTERVAL, Drift, Service
from heroku_syslogd.simulate.names import addon_name

__all__ = ["INTERVAL", "NO_ERROR", "Addons", "Drift", "PostgresLog", "Service"]

_COLOURS: Final = ("PURPLE", "YELLOW", "GREEN", "CHARCOAL", "JADE")
_CLIENTS: Final = ("puma: cluster worker 0: 4", "sidekiq 7.2.4 app [6 of 16 busy]", "[unknown]")
_REPLICATION: Final = ("[unknown]",)


class Addons:
    """All add-ons of one app.

    Args:
        rng: Source of chance.
        now: When they are first heard of, in seconds.
        has_follower: Whether the database has a follower.

    Attributes:
        services: Those that log samples of themselves.
        database_log: Log of the database server.
        follower_log: Log of its follower; None without one.
    """

    def __init__(self, rng: Random, now: float, *, has_follower: bool) -> None:
        name = addon_name("postgresql", rng)
        leader = Postgres(name, "DATABASE", rng, now)
        pooler = Pooler(name, rng, now)
        redis = Redis(addon_name("redis", rng), rng, now)
        self.services: list[Service] = [leader, pooler, redis]
        self.database_log = PostgresLog("DATABASE", _CLIENTS, rng, now)
        self.follower_log: PostgresLog | None = None
        if has_follower:
            colour = rng.choice(_COLOURS)
            name, source = addon_name("postgresql", rng), f"HEROKU_POSTGRESQL_{colour}"
            # Behind its leader: its lag is what it lacks at the same time.
            self.services.insert(1, Follower(leader, name, source, rng, now))
            self.follower_log = PostgresLog(colour, _REPLICATION, rng, now)
