"""Samples of the connection pooler and of Heroku Key-Value Store."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import Addon, AddonSample
from tests.corpus.example import NO_DRAIN, rendered
from tests.corpus.postgres import KB, sample

PGBOUNCER: Final = [
    # agent of Postgres Monitor, logs/syslog_parser_test.go
    sample(
        "13.38 pooler",
        "host",
        b"290 <134>1 2022-03-24T23:59:39+00:00 host app heroku-pgbouncer - "
        b"source=pgbouncer addon=postgresql-contoured-12345 sample#client_active=56 "
        b"sample#client_waiting=0 sample#server_active=0 sample#server_idle=16 "
        b"sample#max_wait=0 sample#avg_query=8751 sample#avg_recv=37568 "
        b"sample#avg_sent=1339005\n",
        AddonSample(
            Addon.PGBOUNCER,
            source="pgbouncer",
            name="postgresql-contoured-12345",
            values={
                "client_active_connections": 56.0,
                "client_waiting_connections": 0.0,
                "server_active_connections": 0.0,
                "server_idle_connections": 16.0,
                "max_wait_seconds": 0.0,
                "avg_query_seconds": 0.008751,  # 8751 can only be microseconds
                "avg_recv_bytes_per_second": 37568.0,
                "avg_sent_bytes_per_second": 1339005.0,
            },
        ),
    ),
]

REDIS: Final = [
    # heroku-datadog-drain-golang, logproc_test.go
    sample(
        "13.25 Redis, header as in rendered lines",
        NO_DRAIN,
        b"<134>1 2019-10-08T22:21:03+00:00 app[heroku-redis]: source=REDIS "
        b"addon=redis-lively-37272 sample#active-connections=14 sample#load-avg-1m=0.505 "
        b"sample#load-avg-5m=0.87 sample#load-avg-15m=0.77 sample#read-iops=0 "
        b"sample#write-iops=38.19 sample#memory-total=15664212kB "
        b"sample#memory-free=9796400kB sample#memory-cached=3751668kB "
        b"sample#memory-redis=2131576bytes sample#hit-rate=0.78062 sample#evicted-keys=0",
        AddonSample(
            Addon.REDIS,
            source="REDIS",
            name="redis-lively-37272",
            values={
                "active_connections": 14.0,
                "load_avg_1m": 0.505,
                "load_avg_5m": 0.87,
                "load_avg_15m": 0.77,
                "read_iops": 0.0,
                "write_iops": 38.19,
                "memory_total_bytes": 15664212 * KB,
                "memory_free_bytes": 9796400 * KB,
                "memory_cached_bytes": 3751668 * KB,
                "memory_redis_bytes": 2131576.0,
                "hit_ratio": 0.78062,
                "evicted_keys": 0.0,
            },
        ),
        note="count left out: it was invented",
    ),
    # terraform-heroku-cloudwatch-logging
    sample(
        "13.39 Redis, 2026, shares of the plan",
        "host",
        b"<134>1 2026-09-26T10:00:01+00:00 host app heroku-redis - source=REDIS "
        b"addon=redis-pointy-52865 sample#active-connections=8 sample#max-connections=38 "
        b"sample#connection-percentage-used=0.21053 sample#load-avg-1m=0.06 "
        b"sample#read-iops=12.038 sample#memory-total=16041732kB "
        b"sample#memory-percentage-used=0.41354 sample#memory-redis=17742928bytes "
        b"sample#hit-rate=0.69551 sample#evicted-keys=0",
        AddonSample(
            Addon.REDIS,
            source="REDIS",
            name="redis-pointy-52865",
            values={
                "active_connections": 8.0,
                "max_connections": 38.0,
                "connections_used_ratio": 0.21053,
                "load_avg_1m": 0.06,
                "read_iops": 12.038,
                "memory_total_bytes": 16041732 * KB,
                "memory_used_ratio": 0.41354,
                "memory_redis_bytes": 17742928.0,
                "hit_ratio": 0.69551,
                "evicted_keys": 0.0,
            },
        ),
        note="count left out: it was invented",
    ),
    # heroku_drain_datadog, spec/heroku_drain_datadog/parser_spec.rb
    sample(
        "8 Redis, 2016, no LF",
        "host",
        b"393 <134>1 2016-09-23T07:07:54+00:00 host app heroku-redis - source=REDIS "
        b"sample#active-connections=27 sample#load-avg-1m=0 sample#load-avg-5m=0.015 "
        b"sample#load-avg-15m=0.01 sample#read-iops=0 sample#write-iops=0.11282 "
        b"sample#memory-total=15664876.0kB sample#memory-free=12688956.0kB "
        b"sample#memory-cached=1762284.0kB sample#memory-redis=1908016bytes "
        b"sample#hit-rate=0.0096774 sample#evicted-keys=0",
        AddonSample(
            Addon.REDIS,
            source="REDIS",
            name="",
            values={
                "active_connections": 27.0,
                "load_avg_1m": 0.0,
                "load_avg_5m": 0.015,
                "load_avg_15m": 0.01,
                "read_iops": 0.0,
                "write_iops": 0.11282,
                "memory_total_bytes": 15664876 * KB,
                "memory_free_bytes": 12688956 * KB,
                "memory_cached_bytes": 1762284 * KB,
                "memory_redis_bytes": 1908016.0,
                "hit_ratio": 0.0096774,
                "evicted_keys": 0.0,
            },
        ),
    ),
    # collector of pganalyze, input/system/heroku/http_syslog_parser_test.go
    sample(
        "8 Redis, 2023",
        "host",
        b"408 <134>1 2023-06-05T19:35:51+00:00 host app heroku-redis - source=REDIS "
        b"addon=redis-closed-12345 sample#active-connections=1 sample#load-avg-1m=0.145 "
        b"sample#load-avg-5m=0.145 sample#load-avg-15m=0.155 sample#read-iops=0 "
        b"sample#write-iops=0 sample#memory-total=16082928kB "
        b"sample#memory-free=11453204kB sample#memory-cached=2528244kB "
        b"sample#memory-redis=460192bytes sample#hit-rate=0.92675 sample#evicted-keys=0\n",
        AddonSample(
            Addon.REDIS,
            source="REDIS",
            name="redis-closed-12345",
            values={
                "active_connections": 1.0,
                "load_avg_1m": 0.145,
                "load_avg_5m": 0.145,
                "load_avg_15m": 0.155,
                "read_iops": 0.0,
                "write_iops": 0.0,
                "memory_total_bytes": 16082928 * KB,
                "memory_free_bytes": 11453204 * KB,
                "memory_cached_bytes": 2528244 * KB,
                "memory_redis_bytes": 460192.0,
                "hit_ratio": 0.92675,
                "evicted_keys": 0.0,
            },
        ),
    ),
    sample(
        "8 Redis, 2026",
        NO_DRAIN,
        rendered(
            b"2026-01-09T19:29:49.000000+00:00 app[heroku-redis]: source=REDIS "
            b"addon=redis-rugged-24473 sample#active-connections=4 sample#max-connections=18 "
            b"sample#connection-percentage-used=0.22222 sample#load-avg-1m=1.51 "
            b"sample#load-avg-5m=1.09 sample#load-avg-15m=1.135 sample#read-iops=0 "
            b"sample#write-iops=0 sample#max-iops=3000 sample#iops-percentage-used=0.00000 "
            b"sample#memory-total=16167800kB sample#memory-free=10693340kB "
            b"sample#memory-percentage-used=0.33860 sample#memory-cached=979072kB "
            b"sample#memory-redis=5116080bytes sample#hit-rate=0.0013079 sample#evicted-keys=0",
        ),
        AddonSample(
            Addon.REDIS,
            source="REDIS",
            name="redis-rugged-24473",
            values={
                "active_connections": 4.0,
                "max_connections": 18.0,
                "connections_used_ratio": 0.22222,
                "load_avg_1m": 1.51,
                "load_avg_5m": 1.09,
                "load_avg_15m": 1.135,
                "read_iops": 0.0,
                "write_iops": 0.0,
                "max_iops": 3000.0,
                "iops_used_ratio": 0.0,
                "memory_total_bytes": 16167800 * KB,
                "memory_free_bytes": 10693340 * KB,
                "memory_used_ratio": 0.33860,
                "memory_cached_bytes": 979072 * KB,
                "memory_redis_bytes": 5116080.0,
                "hit_ratio": 0.0013079,
                "evicted_keys": 0.0,
            },
        ),
    ),
]
