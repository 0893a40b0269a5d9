"""Samples of Heroku Postgres and Heroku Key-Value Store, as their lines of today read."""

from __future__ import annotations

from random import Random


def postgres_message(app: int, rng: Random) -> str:
    """Return MSG of a ``heroku-postgres`` line; the keys are those captured in 2022 and 2023."""
    connections = rng.randrange(8, 60)
    free = rng.randrange(80_000, 260_000)
    return (
        f"source=DATABASE addon=postgresql-contoured-{12_345 + app}"
        f" sample#current_transaction={rng.randrange(19_000_000, 20_000_000)}"
        f" sample#db_size={10_311_979_679 + rng.randrange(10_000_000)}bytes sample#tables=67"
        f" sample#active-connections={connections} sample#waiting-connections=0"
        f" sample#index-cache-hit-rate={rng.uniform(0.985, 0.9999):.5f}"
        f" sample#table-cache-hit-rate={rng.uniform(0.96, 0.9999):.5f}"
        f" sample#load-avg-1m={rng.uniform(0, 0.6):.3f} sample#load-avg-5m=0.23"
        f" sample#load-avg-15m=0.205 sample#read-iops={rng.uniform(0, 9):.5g}"
        f" sample#write-iops={rng.uniform(1, 400):.5g} sample#tmp-disk-used=543600640"
        f" sample#tmp-disk-available=72435191808 sample#memory-total=8036340kB"
        f" sample#memory-free={free}kB sample#memory-cached={7_400_000 - free}kB"
        f" sample#memory-postgres={rng.randrange(20_000, 190_000)}kB"
        f" sample#wal-percentage-used={rng.uniform(0.05, 0.09)!r}"
    )


def redis_message(app: int, rng: Random) -> str:
    """Return MSG of a ``heroku-redis`` line; the keys are those captured in 2019."""
    return (
        f"source=REDIS addon=redis-lively-{37_272 + app}"
        f" sample#active-connections={rng.randrange(4, 30)}"
        f" sample#load-avg-1m={rng.uniform(0, 0.9):.3f} sample#load-avg-5m=0.87"
        f" sample#load-avg-15m=0.77 sample#read-iops=0 sample#write-iops={rng.uniform(0, 40):.4g}"
        f" sample#memory-total=15664212kB"
        f" sample#memory-free={rng.randrange(9_700_000, 9_800_000)}kB"
        f" sample#memory-cached=3751668kB"
        f" sample#memory-redis={rng.randrange(2_000_000, 2_200_000)}bytes"
        f" sample#hit-rate={rng.uniform(0.7, 0.9):.5f} sample#evicted-keys=0"
    )
