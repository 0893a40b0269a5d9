from __future__ import annotations

import re
from random import Random

import pytest

from heroku_syslogd.simulate.addons.postgres import Follower, Pooler, Postgres

START = 1_700_000_000.0
# In the order of the newest captures.
KEYS = [
    *("current_transaction", "db_size", "db-size-percentage-used", "tables", "active-connections"),
    *("waiting-connections", "max-connections", "connections-percentage-used"),
    *("index-cache-hit-rate", "table-cache-hit-rate", "load-avg-1m", "load-avg-5m"),
    *("load-avg-15m", "read-iops", "write-iops", "max-iops", "iops-percentage-used"),
    *("tmp-disk-used", "tmp-disk-available", "memory-total", "memory-free"),
    *("memory-percentage-used", "memory-cached", "memory-postgres", "wal-percentage-used"),
]


def samples(message: str) -> dict[str, str]:
    return dict(re.findall(r" sample#([\w-]+)=(\S+)", message))


def number(text: str) -> float:
    return float(text.rstrip("Bbytesk"))


def server(seed: int = 1) -> Postgres:
    return Postgres("postgresql-curly-12345", "DATABASE", Random(seed), START)


def test_keys_and_their_order_are_those_of_the_captures() -> None:
    message = server().message(START)

    assert message.startswith(
        "source=DATABASE addon=postgresql-curly-12345 sample#current_transaction="
    )
    assert list(samples(message)) == KEYS


def test_units_are_those_of_the_captures() -> None:
    values = samples(server().message(START))

    assert re.fullmatch(r"\d+bytes", values["db_size"])
    for key in ("memory-total", "memory-free", "memory-cached", "memory-postgres"):
        assert re.fullmatch(r"\d+kB", values[key])
    for key in (*(k for k in KEYS if k.endswith("-used")), "index-cache-hit-rate"):
        if key != "tmp-disk-used":
            assert re.fullmatch(r"0\.\d+", values[key])


@pytest.mark.parametrize("every", [0.01, 1.0, 60.0])
def test_transactions_only_rise_at_the_pace_of_time(every: float) -> None:
    one = server()
    ids = [int(samples(one.message(START + every * n))["current_transaction"]) for n in range(500)]

    assert ids == sorted(ids)
    assert 20 <= (ids[-1] - ids[0] + 1) / (every * 499) <= 90.5


def test_parts_agree_with_the_whole() -> None:
    one = server()
    for minute in range(60):
        values = {k: number(v) for k, v in samples(one.message(START + 60 * minute)).items()}
        share = values["active-connections"] / values["max-connections"]
        assert values["connections-percentage-used"] == pytest.approx(share, abs=1e-5)
        used = 1 - values["memory-free"] / values["memory-total"]
        assert values["memory-percentage-used"] == pytest.approx(used, abs=1e-5)
        operations = values["read-iops"] + values["write-iops"]
        share = operations / values["max-iops"]
        assert values["iops-percentage-used"] == pytest.approx(share, abs=1e-5)


def test_a_follower_lags_behind_its_leader_and_never_falls() -> None:
    rng = Random(1)
    leader = server()
    follower = Follower(leader, "postgresql-flat-1", "HEROKU_POSTGRESQL_PURPLE", rng, START)
    last = 0
    for minute in range(200):
        now = START + 60 * minute
        ahead = int(samples(leader.message(now))["current_transaction"])
        values = samples(follower.message(now))
        reached, lag = int(values["current_transaction"]), int(values["follower-lag-commits"])
        assert ahead - reached == lag >= 0
        assert reached >= last
        last = reached
    assert list(values)[-2:] == ["follower-lag-commits", "wal-percentage-used"]


def test_the_pooler_shares_its_server_connections() -> None:
    pooler = Pooler("postgresql-curly-12345", Random(3), START)
    for minute in range(500):
        message = pooler.message(START + 60 * minute)
        assert message.startswith("source=pgbouncer addon=postgresql-curly-12345 sample#")
        values = samples(message)
        assert list(values) == [
            *("client_active", "client_waiting", "server_active", "server_idle"),
            *("max_wait", "avg_query", "avg_recv", "avg_sent"),
        ]
        assert int(values["server_active"]) + int(values["server_idle"]) == 20
        assert (values["client_waiting"] == "0") == (values["max_wait"] == "0")
