"""Samples of Heroku Key-Value Store: published lines with every value."""

from __future__ import annotations

from heroku_syslogd.heroku.events import Addon, AddonSample
from tests.heroku.addon_parsers import KB, parse_redis


def test_redis_of_2016_without_a_name() -> None:
    line = (
        b"source=REDIS sample#active-connections=27 sample#load-avg-1m=0 sample#load-avg-5m=0.015"
        b" sample#load-avg-15m=0.01 sample#read-iops=0 sample#write-iops=0.11282"
        b" sample#memory-total=15664876.0kB sample#memory-free=12688956.0kB"
        b" sample#memory-cached=1762284.0kB sample#memory-redis=1908016bytes"
        b" sample#hit-rate=0.0096774 sample#evicted-keys=0"
    )

    assert parse_redis(line) == AddonSample(
        Addon.REDIS,
        "REDIS",
        "",
        {
            "active_connections": 27,
            "load_avg_1m": 0,
            "load_avg_5m": 0.015,
            "load_avg_15m": 0.01,
            "read_iops": 0,
            "write_iops": 0.11282,
            "memory_total_bytes": 15664876 * KB,
            "memory_free_bytes": 12688956 * KB,
            "memory_cached_bytes": 1762284 * KB,
            "memory_redis_bytes": 1908016,
            "hit_ratio": 0.0096774,
            "evicted_keys": 0,
        },
    )


def test_redis_of_2019() -> None:
    line = (
        b"source=REDIS addon=redis-lively-37272 sample#active-connections=14"
        b" sample#load-avg-1m=0.505 sample#load-avg-5m=0.87 sample#load-avg-15m=0.77"
        b" sample#read-iops=0 sample#write-iops=38.19 sample#memory-total=15664212kB"
        b" sample#memory-free=9796400kB sample#memory-cached=3751668kB"
        b" sample#memory-redis=2131576bytes sample#hit-rate=0.78062 sample#evicted-keys=0"
    )

    assert parse_redis(line) == AddonSample(
        Addon.REDIS,
        "REDIS",
        "redis-lively-37272",
        {
            "active_connections": 14,
            "load_avg_1m": 0.505,
            "load_avg_5m": 0.87,
            "load_avg_15m": 0.77,
            "read_iops": 0,
            "write_iops": 38.19,
            "memory_total_bytes": 15664212 * KB,
            "memory_free_bytes": 9796400 * KB,
            "memory_cached_bytes": 3751668 * KB,
            "memory_redis_bytes": 2131576,
            "hit_ratio": 0.78062,
            "evicted_keys": 0,
        },
    )


def test_redis_of_2023() -> None:
    line = (
        b"source=REDIS addon=redis-closed-12345 sample#active-connections=1"
        b" sample#load-avg-1m=0.145 sample#load-avg-5m=0.145 sample#load-avg-15m=0.155"
        b" sample#read-iops=0 sample#write-iops=0 sample#memory-total=16082928kB"
        b" sample#memory-free=11453204kB sample#memory-cached=2528244kB"
        b" sample#memory-redis=460192bytes sample#hit-rate=0.92675 sample#evicted-keys=0"
    )

    assert parse_redis(line) == AddonSample(
        Addon.REDIS,
        "REDIS",
        "redis-closed-12345",
        {
            "active_connections": 1,
            "load_avg_1m": 0.145,
            "load_avg_5m": 0.145,
            "load_avg_15m": 0.155,
            "read_iops": 0,
            "write_iops": 0,
            "memory_total_bytes": 16082928 * KB,
            "memory_free_bytes": 11453204 * KB,
            "memory_cached_bytes": 2528244 * KB,
            "memory_redis_bytes": 460192,
            "hit_ratio": 0.92675,
            "evicted_keys": 0,
        },
    )


def test_redis_with_the_limits_of_the_plan() -> None:
    line = (
        b"source=REDIS addon=redis-rugged-24473 sample#active-connections=4"
        b" sample#max-connections=18 sample#connection-percentage-used=0.22222"
        b" sample#load-avg-1m=1.51 sample#load-avg-5m=1.09 sample#load-avg-15m=1.135"
        b" sample#read-iops=0 sample#write-iops=0 sample#max-iops=3000"
        b" sample#iops-percentage-used=0.00000 sample#memory-total=16167800kB"
        b" sample#memory-free=10693340kB sample#memory-percentage-used=0.33860"
        b" sample#memory-cached=979072kB sample#memory-redis=5116080bytes"
        b" sample#hit-rate=0.0013079 sample#evicted-keys=0"
    )

    assert parse_redis(line) == AddonSample(
        Addon.REDIS,
        "REDIS",
        "redis-rugged-24473",
        {
            "active_connections": 4,
            "max_connections": 18,
            "connections_used_ratio": 0.22222,
            "load_avg_1m": 1.51,
            "load_avg_5m": 1.09,
            "load_avg_15m": 1.135,
            "read_iops": 0,
            "write_iops": 0,
            "max_iops": 3000,
            "iops_used_ratio": 0,
            "memory_total_bytes": 16167800 * KB,
            "memory_free_bytes": 10693340 * KB,
            "memory_used_ratio": 0.33860,
            "memory_cached_bytes": 979072 * KB,
            "memory_redis_bytes": 5116080,
            "hit_ratio": 0.0013079,
            "evicted_keys": 0,
        },
    )


def test_redis_with_keys_missing() -> None:
    line = (
        b"source=REDIS addon=redis-pointy-52865 sample#active-connections=8"
        b" sample#max-connections=38 sample#connection-percentage-used=0.21053"
        b" sample#load-avg-1m=0.06 sample#read-iops=12.038 sample#memory-total=16041732kB"
        b" sample#memory-percentage-used=0.41354 sample#memory-redis=17742928bytes"
        b" sample#hit-rate=0.69551 sample#evicted-keys=0"
    )

    assert parse_redis(line) == AddonSample(
        Addon.REDIS,
        "REDIS",
        "redis-pointy-52865",
        {
            "active_connections": 8,
            "max_connections": 38,
            "connections_used_ratio": 0.21053,
            "load_avg_1m": 0.06,
            "read_iops": 12.038,
            "memory_total_bytes": 16041732 * KB,
            "memory_used_ratio": 0.41354,
            "memory_redis_bytes": 17742928,
            "hit_ratio": 0.69551,
            "evicted_keys": 0,
        },
    )
