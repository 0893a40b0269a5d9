"""Samples of Heroku Postgres and its connection pooler: published lines with every value."""

from __future__ import annotations

from heroku_syslogd.heroku.addons import addon_sample_parser
from heroku_syslogd.heroku.events import Addon, AddonSample
from tests.heroku.addon_parsers import KB, parse_postgres

parse_pgbouncer = addon_sample_parser(Addon.PGBOUNCER)


# Heroku Postgres ---------------------------------------------------------------------------------


def test_postgres_of_2016_without_a_name() -> None:
    line = (
        b"source=DATABASE sample#current_transaction=15365 sample#db_size=4347350804bytes"
        b" sample#tables=43 sample#active-connections=6 sample#waiting-connections=0"
        b" sample#index-cache-hit-rate=0.97116 sample#table-cache-hit-rate=0.73958"
        b" sample#load-avg-1m=0.05 sample#load-avg-5m=0.03 sample#load-avg-15m=0.035"
        b" sample#read-iops=0 sample#write-iops=112.73 sample#memory-total=15405636.0kB"
        b" sample#memory-free=214004kB sample#memory-cached=14392920.0kB"
        b" sample#memory-postgres=181644kB"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "DATABASE",
        "",
        {
            "transactions_total": 15365,
            "db_size_bytes": 4347350804,
            "tables": 43,
            "active_connections": 6,
            "waiting_connections": 0,
            "index_cache_hit_ratio": 0.97116,
            "table_cache_hit_ratio": 0.73958,
            "load_avg_1m": 0.05,
            "load_avg_5m": 0.03,
            "load_avg_15m": 0.035,
            "read_iops": 0,
            "write_iops": 112.73,
            "memory_total_bytes": 15405636 * KB,
            "memory_free_bytes": 214004 * KB,
            "memory_cached_bytes": 14392920 * KB,
            "memory_postgres_bytes": 181644 * KB,
        },
    )


def test_postgres_with_a_decimal_point_in_integers() -> None:
    line = (
        b"source=DATABASE sample#current_transaction=1947 sample#db_size=8945836.0bytes"
        b" sample#tables=17 sample#active-connections=3 sample#waiting-connections=0"
        b" sample#index-cache-hit-rate=0.99396 sample#table-cache-hit-rate=0.99828"
        b" sample#load-avg-1m=0.02 sample#load-avg-5m=0.005 sample#load-avg-15m=0"
        b" sample#read-iops=0 sample#write-iops=0.011458 sample#memory-total=4045592.0kB"
        b" sample#memory-free=1560288.0kB sample#memory-cached=1982288.0kB"
        b" sample#memory-postgres=21292kB"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "DATABASE",
        "",
        {
            "transactions_total": 1947,
            "db_size_bytes": 8945836,
            "tables": 17,
            "active_connections": 3,
            "waiting_connections": 0,
            "index_cache_hit_ratio": 0.99396,
            "table_cache_hit_ratio": 0.99828,
            "load_avg_1m": 0.02,
            "load_avg_5m": 0.005,
            "load_avg_15m": 0,
            "read_iops": 0,
            "write_iops": 0.011458,
            "memory_total_bytes": 4045592 * KB,
            "memory_free_bytes": 1560288 * KB,
            "memory_cached_bytes": 1982288 * KB,
            "memory_postgres_bytes": 21292 * KB,
        },
    )


def test_postgres_of_2022_with_more_than_32_bits_and_17_digits() -> None:
    line = (
        b"source=HEROKU_POSTGRESQL_GREEN addon=postgresql-opaque-12345"
        b" sample#current_transaction=11618849366 sample#db_size=147391814791bytes"
        b" sample#tables=67 sample#active-connections=41 sample#waiting-connections=0"
        b" sample#index-cache-hit-rate=0.99625 sample#table-cache-hit-rate=0.99686"
        b" sample#load-avg-1m=0.3575 sample#load-avg-5m=0.3275 sample#load-avg-15m=0.2475"
        b" sample#read-iops=302.48 sample#write-iops=351.78 sample#tmp-disk-used=542765056"
        b" sample#tmp-disk-available=72436027392 sample#memory-total=31328356kB"
        b" sample#memory-free=242328kB sample#memory-cached=29518708kB"
        b" sample#memory-postgres=367856kB sample#wal-percentage-used=0.07767112123673295"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "HEROKU_POSTGRESQL_GREEN",
        "postgresql-opaque-12345",
        {
            "transactions_total": 11618849366,
            "db_size_bytes": 147391814791,
            "tables": 67,
            "active_connections": 41,
            "waiting_connections": 0,
            "index_cache_hit_ratio": 0.99625,
            "table_cache_hit_ratio": 0.99686,
            "load_avg_1m": 0.3575,
            "load_avg_5m": 0.3275,
            "load_avg_15m": 0.2475,
            "read_iops": 302.48,
            "write_iops": 351.78,
            "tmp_disk_used_bytes": 542765056,
            "tmp_disk_available_bytes": 72436027392,
            "memory_total_bytes": 31328356 * KB,
            "memory_free_bytes": 242328 * KB,
            "memory_cached_bytes": 29518708 * KB,
            "memory_postgres_bytes": 367856 * KB,
            "wal_used_ratio": 0.07767112123673295,
        },
    )


def test_postgres_follower() -> None:
    line = (
        b"source=HEROKU_POSTGRESQL_PURPLE addon=postgresql-contoured-12345"
        b" sample#current_transaction=11618856301 sample#db_size=147391888519bytes"
        b" sample#tables=67 sample#active-connections=25 sample#waiting-connections=0"
        b" sample#index-cache-hit-rate=0.9993 sample#table-cache-hit-rate=0.99643"
        b" sample#load-avg-1m=0.345 sample#load-avg-5m=0.23 sample#load-avg-15m=0.205"
        b" sample#read-iops=0.15929 sample#write-iops=371.27 sample#tmp-disk-used=543600640"
        b" sample#tmp-disk-available=72435191808 sample#memory-total=16085844kB"
        b" sample#memory-free=243400kB sample#memory-cached=14718708kB"
        b" sample#memory-postgres=187144kB sample#follower-lag-commits=10441"
        b" sample#wal-percentage-used=0.0801535074510631"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "HEROKU_POSTGRESQL_PURPLE",
        "postgresql-contoured-12345",
        {
            "transactions_total": 11618856301,
            "db_size_bytes": 147391888519,
            "tables": 67,
            "active_connections": 25,
            "waiting_connections": 0,
            "index_cache_hit_ratio": 0.9993,
            "table_cache_hit_ratio": 0.99643,
            "load_avg_1m": 0.345,
            "load_avg_5m": 0.23,
            "load_avg_15m": 0.205,
            "read_iops": 0.15929,
            "write_iops": 371.27,
            "tmp_disk_used_bytes": 543600640,
            "tmp_disk_available_bytes": 72435191808,
            "memory_total_bytes": 16085844 * KB,
            "memory_free_bytes": 243400 * KB,
            "memory_cached_bytes": 14718708 * KB,
            "memory_postgres_bytes": 187144 * KB,
            "follower_lag_commits": 10441,
            "wal_used_ratio": 0.0801535074510631,
        },
    )


def test_postgres_of_2023() -> None:
    line = (
        b"source=HEROKU_POSTGRESQL_YELLOW addon=postgresql-reticulated-12345"
        b" sample#current_transaction=19028263 sample#db_size=10311979679bytes"
        b" sample#tables=1443 sample#active-connections=11 sample#waiting-connections=0"
        b" sample#index-cache-hit-rate=0.99814 sample#table-cache-hit-rate=0.96729"
        b" sample#load-avg-1m=0 sample#load-avg-5m=0 sample#load-avg-15m=0 sample#read-iops=0"
        b" sample#write-iops=0.21311 sample#tmp-disk-used=543600640"
        b" sample#tmp-disk-available=72435191808 sample#memory-total=8036340kB"
        b" sample#memory-free=80640kB sample#memory-cached=7319340kB"
        b" sample#memory-postgres=23380kB sample#wal-percentage-used=0.06427136779541504"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "HEROKU_POSTGRESQL_YELLOW",
        "postgresql-reticulated-12345",
        {
            "transactions_total": 19028263,
            "db_size_bytes": 10311979679,
            "tables": 1443,
            "active_connections": 11,
            "waiting_connections": 0,
            "index_cache_hit_ratio": 0.99814,
            "table_cache_hit_ratio": 0.96729,
            "load_avg_1m": 0,
            "load_avg_5m": 0,
            "load_avg_15m": 0,
            "read_iops": 0,
            "write_iops": 0.21311,
            "tmp_disk_used_bytes": 543600640,
            "tmp_disk_available_bytes": 72435191808,
            "memory_total_bytes": 8036340 * KB,
            "memory_free_bytes": 80640 * KB,
            "memory_cached_bytes": 7319340 * KB,
            "memory_postgres_bytes": 23380 * KB,
            "wal_used_ratio": 0.06427136779541504,
        },
    )


def test_postgres_with_the_limits_of_the_plan() -> None:
    line = (
        b"source=DATABASE addon=postgresql-curly-12345 sample#current_transaction=1873"
        b" sample#db_size=26219348792bytes sample#db-size-percentage-used=0.02767 sample#tables=13"
        b" sample#active-connections=92 sample#waiting-connections=1 sample#max-connections=200"
        b" sample#connections-percentage-used=0.46 sample#index-cache-hit-rate=0.99723"
        b" sample#table-cache-hit-rate=0.99118 sample#load-avg-1m=0.39 sample#load-avg-5m=0.325"
        b" sample#load-avg-15m=0.3 sample#read-iops=0 sample#write-iops=112.73"
        b" sample#max-iops=3000 sample#iops-percentage-used=0.03758 sample#tmp-disk-used=543600640"
        b" sample#tmp-disk-available=72435191808 sample#memory-total=4045060kB"
        b" sample#memory-free=159696kB sample#memory-percentage-used=0.96052"
        b" sample#memory-cached=3707032kB sample#memory-postgres=182592kB"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "DATABASE",
        "postgresql-curly-12345",
        {
            "transactions_total": 1873,
            "db_size_bytes": 26219348792,
            "db_size_used_ratio": 0.02767,
            "tables": 13,
            "active_connections": 92,
            "waiting_connections": 1,
            "max_connections": 200,
            "connections_used_ratio": 0.46,
            "index_cache_hit_ratio": 0.99723,
            "table_cache_hit_ratio": 0.99118,
            "load_avg_1m": 0.39,
            "load_avg_5m": 0.325,
            "load_avg_15m": 0.3,
            "read_iops": 0,
            "write_iops": 112.73,
            "max_iops": 3000,
            "iops_used_ratio": 0.03758,
            "tmp_disk_used_bytes": 543600640,
            "tmp_disk_available_bytes": 72435191808,
            "memory_total_bytes": 4045060 * KB,
            "memory_free_bytes": 159696 * KB,
            "memory_used_ratio": 0.96052,
            "memory_cached_bytes": 3707032 * KB,
            "memory_postgres_bytes": 182592 * KB,
        },
    )


# The connection pooler ---------------------------------------------------------------------------


def test_pgbouncer() -> None:
    line = (
        b"source=pgbouncer addon=postgresql-contoured-12345 sample#client_active=56"
        b" sample#client_waiting=0 sample#server_active=0 sample#server_idle=16 sample#max_wait=0"
        b" sample#avg_query=8751 sample#avg_recv=37568 sample#avg_sent=1339005"
    )

    assert parse_pgbouncer(line) == AddonSample(
        Addon.PGBOUNCER,
        "pgbouncer",
        "postgresql-contoured-12345",
        {
            "client_active_connections": 56,
            "client_waiting_connections": 0,
            "server_active_connections": 0,
            "server_idle_connections": 16,
            "max_wait_seconds": 0,
            "avg_query_seconds": 8751 * 1e-6,
            "avg_recv_bytes_per_second": 37568,
            "avg_sent_bytes_per_second": 1339005,
        },
    )
