"""Samples of Heroku Postgres (Dev Center, "Heroku Postgres Metrics Logs")."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import Addon, AddonSample
from tests.corpus.example import LOGPLEX_1, RFC5424, Example
from tests.corpus.series import sampled

KB: Final = 2.0**10


def sample(name: str, app: str, body: bytes, event: AddonSample, note: str = "") -> Example:
    """Return an example of one line; one whose body begins with its count is a stream."""
    dialect = LOGPLEX_1 if app == "host" else RFC5424
    framed = not body.startswith(b"<")
    series = sampled(app, event.addon, event.name, event.source, event.values)
    return Example(name, dialect, body, framed, (event,), series, note=note)


POSTGRES: Final = [
    # heroku_drain_datadog, spec/heroku_drain_datadog/parser_spec.rb
    sample(
        "13.36 Postgres, 2016, decimals, no LF",
        "host",
        b"527 <134>1 2016-08-19T11:23:29+00:00 host app heroku-postgres - source=DATABASE "
        b"sample#current_transaction=1947 sample#db_size=8945836.0bytes sample#tables=17 "
        b"sample#active-connections=3 sample#waiting-connections=0 "
        b"sample#index-cache-hit-rate=0.99396 sample#table-cache-hit-rate=0.99828 "
        b"sample#load-avg-1m=0.02 sample#load-avg-5m=0.005 sample#load-avg-15m=0 "
        b"sample#read-iops=0 sample#write-iops=0.011458 sample#memory-total=4045592.0kB "
        b"sample#memory-free=1560288.0kB sample#memory-cached=1982288.0kB "
        b"sample#memory-postgres=21292kB",
        AddonSample(
            Addon.POSTGRES,
            source="DATABASE",
            name="",
            values={
                "transactions_total": 1947.0,
                "db_size_bytes": 8945836.0,
                "tables": 17.0,
                "active_connections": 3.0,
                "waiting_connections": 0.0,
                "index_cache_hit_ratio": 0.99396,
                "table_cache_hit_ratio": 0.99828,
                "load_avg_1m": 0.02,
                "load_avg_5m": 0.005,
                "load_avg_15m": 0.0,
                "read_iops": 0.0,
                "write_iops": 0.011458,
                "memory_total_bytes": 4045592 * KB,
                "memory_free_bytes": 1560288 * KB,
                "memory_cached_bytes": 1982288 * KB,
                "memory_postgres_bytes": 21292 * KB,
            },
        ),
    ),
    # agent of Postgres Monitor, logs/syslog_parser_test.go
    sample(
        "13.37 Postgres, 2022",
        "host",
        b"707 <134>1 2022-03-24T23:59:31+00:00 host app heroku-postgres - "
        b"source=HEROKU_POSTGRESQL_GREEN addon=postgresql-opaque-12345 "
        b"sample#current_transaction=11618849366 sample#db_size=147391814791bytes "
        b"sample#tables=67 sample#active-connections=41 sample#waiting-connections=0 "
        b"sample#index-cache-hit-rate=0.99625 sample#table-cache-hit-rate=0.99686 "
        b"sample#load-avg-1m=0.3575 sample#load-avg-5m=0.3275 sample#load-avg-15m=0.2475 "
        b"sample#read-iops=302.48 sample#write-iops=351.78 sample#tmp-disk-used=542765056 "
        b"sample#tmp-disk-available=72436027392 sample#memory-total=31328356kB "
        b"sample#memory-free=242328kB sample#memory-cached=29518708kB "
        b"sample#memory-postgres=367856kB sample#wal-percentage-used=0.07767112123673295\n",
        AddonSample(
            Addon.POSTGRES,
            source="HEROKU_POSTGRESQL_GREEN",
            name="postgresql-opaque-12345",
            values={
                "transactions_total": 11618849366.0,
                "db_size_bytes": 147391814791.0,
                "tables": 67.0,
                "active_connections": 41.0,
                "waiting_connections": 0.0,
                "index_cache_hit_ratio": 0.99625,
                "table_cache_hit_ratio": 0.99686,
                "load_avg_1m": 0.3575,
                "load_avg_5m": 0.3275,
                "load_avg_15m": 0.2475,
                "read_iops": 302.48,
                "write_iops": 351.78,
                "tmp_disk_used_bytes": 542765056.0,
                "tmp_disk_available_bytes": 72436027392.0,
                "memory_total_bytes": 31328356 * KB,
                "memory_free_bytes": 242328 * KB,
                "memory_cached_bytes": 29518708 * KB,
                "memory_postgres_bytes": 367856 * KB,
                "wal_used_ratio": 0.07767112123673295,
            },
        ),
    ),
    # heroku-log-parser, test/heroku_log_parser_test.rb
    sample(
        "7.1 Postgres, 2016, no LF",
        "host",
        b"530 <134>1 2016-02-13T21:20:25+00:00 host app heroku-postgres - source=DATABASE "
        b"sample#current_transaction=15365 sample#db_size=4347350804bytes "
        b"sample#tables=43 sample#active-connections=6 sample#waiting-connections=0 "
        b"sample#index-cache-hit-rate=0.97116 sample#table-cache-hit-rate=0.73958 "
        b"sample#load-avg-1m=0.05 sample#load-avg-5m=0.03 sample#load-avg-15m=0.035 "
        b"sample#read-iops=0 sample#write-iops=112.73 sample#memory-total=15405636.0kB "
        b"sample#memory-free=214004kB sample#memory-cached=14392920.0kB "
        b"sample#memory-postgres=181644kB",
        AddonSample(
            Addon.POSTGRES,
            source="DATABASE",
            name="",
            values={
                "transactions_total": 15365.0,
                "db_size_bytes": 4347350804.0,
                "tables": 43.0,
                "active_connections": 6.0,
                "waiting_connections": 0.0,
                "index_cache_hit_ratio": 0.97116,
                "table_cache_hit_ratio": 0.73958,
                "load_avg_1m": 0.05,
                "load_avg_5m": 0.03,
                "load_avg_15m": 0.035,
                "read_iops": 0.0,
                "write_iops": 112.73,
                "memory_total_bytes": 15405636 * KB,
                "memory_free_bytes": 214004 * KB,
                "memory_cached_bytes": 14392920 * KB,
                "memory_postgres_bytes": 181644 * KB,
            },
        ),
    ),
    # collector of pganalyze, input/system/heroku/http_syslog_parser_test.go
    sample(
        "7.1 Postgres, 2023",
        "host",
        b"688 <134>1 2023-06-05T19:27:18+00:00 host app heroku-postgres - "
        b"source=HEROKU_POSTGRESQL_YELLOW addon=postgresql-reticulated-12345 "
        b"sample#current_transaction=19028263 sample#db_size=10311979679bytes "
        b"sample#tables=1443 sample#active-connections=11 sample#waiting-connections=0 "
        b"sample#index-cache-hit-rate=0.99814 sample#table-cache-hit-rate=0.96729 "
        b"sample#load-avg-1m=0 sample#load-avg-5m=0 sample#load-avg-15m=0 "
        b"sample#read-iops=0 sample#write-iops=0.21311 sample#tmp-disk-used=543600640 "
        b"sample#tmp-disk-available=72435191808 sample#memory-total=8036340kB "
        b"sample#memory-free=80640kB sample#memory-cached=7319340kB "
        b"sample#memory-postgres=23380kB sample#wal-percentage-used=0.06427136779541504\n",
        AddonSample(
            Addon.POSTGRES,
            source="HEROKU_POSTGRESQL_YELLOW",
            name="postgresql-reticulated-12345",
            values={
                "transactions_total": 19028263.0,
                "db_size_bytes": 10311979679.0,
                "tables": 1443.0,
                "active_connections": 11.0,
                "waiting_connections": 0.0,
                "index_cache_hit_ratio": 0.99814,
                "table_cache_hit_ratio": 0.96729,
                "load_avg_1m": 0.0,
                "load_avg_5m": 0.0,
                "load_avg_15m": 0.0,
                "read_iops": 0.0,
                "write_iops": 0.21311,
                "tmp_disk_used_bytes": 543600640.0,
                "tmp_disk_available_bytes": 72435191808.0,
                "memory_total_bytes": 8036340 * KB,
                "memory_free_bytes": 80640 * KB,
                "memory_cached_bytes": 7319340 * KB,
                "memory_postgres_bytes": 23380 * KB,
                "wal_used_ratio": 0.06427136779541504,
            },
        ),
    ),
    # agent of Postgres Monitor, logs/syslog_parser_test.go
    sample(
        "7.1 Postgres, 2022, a follower",
        "host",
        b"740 <134>1 2022-03-24T23:58:26+00:00 host app heroku-postgres - "
        b"source=HEROKU_POSTGRESQL_PURPLE addon=postgresql-contoured-12345 "
        b"sample#current_transaction=11618856301 sample#db_size=147391888519bytes "
        b"sample#tables=67 sample#active-connections=25 sample#waiting-connections=0 "
        b"sample#index-cache-hit-rate=0.9993 sample#table-cache-hit-rate=0.99643 "
        b"sample#load-avg-1m=0.345 sample#load-avg-5m=0.23 sample#load-avg-15m=0.205 "
        b"sample#read-iops=0.15929 sample#write-iops=371.27 "
        b"sample#tmp-disk-used=543600640 sample#tmp-disk-available=72435191808 "
        b"sample#memory-total=16085844kB sample#memory-free=243400kB "
        b"sample#memory-cached=14718708kB sample#memory-postgres=187144kB "
        b"sample#follower-lag-commits=10441 sample#wal-percentage-used=0.0801535074510631\n",
        AddonSample(
            Addon.POSTGRES,
            source="HEROKU_POSTGRESQL_PURPLE",
            name="postgresql-contoured-12345",
            values={
                "transactions_total": 11618856301.0,
                "db_size_bytes": 147391888519.0,
                "tables": 67.0,
                "active_connections": 25.0,
                "waiting_connections": 0.0,
                "index_cache_hit_ratio": 0.9993,
                "table_cache_hit_ratio": 0.99643,
                "load_avg_1m": 0.345,
                "load_avg_5m": 0.23,
                "load_avg_15m": 0.205,
                "read_iops": 0.15929,
                "write_iops": 371.27,
                "tmp_disk_used_bytes": 543600640.0,
                "tmp_disk_available_bytes": 72435191808.0,
                "memory_total_bytes": 16085844 * KB,
                "memory_free_bytes": 243400 * KB,
                "memory_cached_bytes": 14718708 * KB,
                "memory_postgres_bytes": 187144 * KB,
                "follower_lag_commits": 10441.0,
                "wal_used_ratio": 0.0801535074510631,
            },
        ),
    ),
    # terraform-heroku-cloudwatch-logging
    sample(
        "7.1 Postgres, 2026, shares of the plan",
        "host",
        b"<134>1 2026-09-26T10:00:00.000000+00:00 host app heroku-postgres - "
        b"source=DATABASE addon=postgresql-curly-12345 sample#current_transaction=1873 "
        b"sample#db_size=26219348792bytes sample#db-size-percentage-used=0.02767 "
        b"sample#tables=13 sample#active-connections=92 sample#waiting-connections=1 "
        b"sample#max-connections=200 sample#connections-percentage-used=0.46 "
        b"sample#index-cache-hit-rate=0.99723 sample#table-cache-hit-rate=0.99118 "
        b"sample#load-avg-1m=0.39 sample#load-avg-5m=0.325 sample#load-avg-15m=0.3 "
        b"sample#read-iops=0 sample#write-iops=112.73 sample#max-iops=3000 "
        b"sample#iops-percentage-used=0.03758 sample#tmp-disk-used=543600640 "
        b"sample#tmp-disk-available=72435191808 sample#memory-total=4045060kB "
        b"sample#memory-free=159696kB sample#memory-percentage-used=0.96052 "
        b"sample#memory-cached=3707032kB sample#memory-postgres=182592kB",
        AddonSample(
            Addon.POSTGRES,
            source="DATABASE",
            name="postgresql-curly-12345",
            values={
                "transactions_total": 1873.0,
                "db_size_bytes": 26219348792.0,
                "db_size_used_ratio": 0.02767,
                "tables": 13.0,
                "active_connections": 92.0,
                "waiting_connections": 1.0,
                "max_connections": 200.0,
                "connections_used_ratio": 0.46,
                "index_cache_hit_ratio": 0.99723,
                "table_cache_hit_ratio": 0.99118,
                "load_avg_1m": 0.39,
                "load_avg_5m": 0.325,
                "load_avg_15m": 0.3,
                "read_iops": 0.0,
                "write_iops": 112.73,
                "max_iops": 3000.0,
                "iops_used_ratio": 0.03758,
                "tmp_disk_used_bytes": 543600640.0,
                "tmp_disk_available_bytes": 72435191808.0,
                "memory_total_bytes": 4045060 * KB,
                "memory_free_bytes": 159696 * KB,
                "memory_used_ratio": 0.96052,
                "memory_cached_bytes": 3707032 * KB,
                "memory_postgres_bytes": 182592 * KB,
            },
        ),
        note="count left out: it was invented",
    ),
]
