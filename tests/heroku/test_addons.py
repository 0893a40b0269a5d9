"""Samples of add-ons: the lines of the format reference with every value, and what is refused."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.addons import (
    ADDON_FIELDS,
    AddonField,
    _layout,
    _parse_keys,
    addon_sample_parser,
)
from heroku_syslogd.heroku.events import Addon, AddonSample

KB = 1024
HOSTILE = 65536

parse_postgres = addon_sample_parser(Addon.POSTGRES)
parse_pgbouncer = addon_sample_parser(Addon.PGBOUNCER)
parse_redis = addon_sample_parser(Addon.REDIS)


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


# Key-Value Store ---------------------------------------------------------------------------------


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


# The table ---------------------------------------------------------------------------------------


EVERY_FIELD = [
    pytest.param(addon, field, id=f"{addon}-{field.key.decode()}")
    for addon, fields in ADDON_FIELDS.items()
    for field in fields
]


def test_every_addon_has_a_table() -> None:
    assert set(ADDON_FIELDS) == set(Addon)


@pytest.mark.parametrize("addon", Addon)
def test_keys_and_names_are_unique(addon: Addon) -> None:
    fields = ADDON_FIELDS[addon]

    assert len({field.key for field in fields}) == len(fields)
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize(("addon", "field"), EVERY_FIELD)
def test_names_follow_the_conventions_of_prometheus(addon: Addon, field: AddonField) -> None:
    assert re.fullmatch("[a-z]+(_[a-z0-9]+)*", field.name)
    assert field.counter == field.name.endswith("_total")
    for unit in ("bytes", "seconds", "ratio", "connections", "bytes per second"):
        assert (field.unit == unit) == field.name.endswith(unit.replace(" ", "_"))
    assert field.unit
    assert field.help.endswith(".")
    assert "{" not in field.help


@pytest.mark.parametrize(("addon", "field"), EVERY_FIELD)
def test_every_key_is_optional_and_takes_all_its_units(addon: Addon, field: AddonField) -> None:
    parse = addon_sample_parser(addon)

    for unit, factor in field.units.items():
        sample = parse(b"source=S sample#%s=1.5%s" % (field.key, unit))

        assert sample == AddonSample(addon, "S", "", {field.name: 1.5 * factor})


@pytest.mark.parametrize(("addon", "field"), EVERY_FIELD)
def test_other_units_are_refused(addon: Addon, field: AddonField) -> None:
    parse = addon_sample_parser(addon)

    for unit in {b"", b"bytes", b"kB", b"B", b"KB", b"TB", b"%", b"ms", b"s"} - set(field.units):
        sample = parse(b"source=S sample#%s=1.5%s" % (field.key, unit))

        assert sample == AddonSample(addon, "S", "", {}, (field.key.decode(),))


def test_what_is_measured_for_both_has_the_same_name_and_unit() -> None:
    postgres, redis = (
        {field.name: field for field in ADDON_FIELDS[addon]}
        for addon in (Addon.POSTGRES, Addon.REDIS)
    )

    assert set(redis) - set(postgres) == {"memory_redis_bytes", "hit_ratio", "evicted_keys"}
    for name in set(redis) & set(postgres):
        assert redis[name].units == postgres[name].units


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (b"1", 1.0),
        (b"007", 7.0),
        (b"0.06427136779541504", 0.06427136779541504),
        (b"999999999999999", 999999999999999.0),
        (b"6.4e-05", 6.4e-05),
        (b"1e-99", 1e-99),
        (b"-1", None),
        (b"+1", None),
        (b"1e9", None),
        (b"1e+9", None),
        (b"1e-100", None),
        (b"nan", None),
        (b"inf", None),
        (b"0x1F", None),
        (b"1_000", None),
        (b"1,5", None),
        (b"1.2.3", None),
        (b"1.", None),
        (b".5", None),
        (b"50%", None),
        (b'"1"', None),
        (b"1=2", None),
        (b"1\t", None),
        (b"9" * 16, None),
        (b"9" * 400, None),
        (b"0." + b"1" * 400, None),
        (b"", None),
    ],
)
def test_numbers(number: bytes, value: float | None) -> None:
    sample = parse_postgres(b"sample#read-iops=" + number)

    if value is None:
        assert sample == AddonSample(Addon.POSTGRES, "", "", {}, ("read-iops",))
    else:
        assert sample == AddonSample(Addon.POSTGRES, "", "", {"read_iops": value})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"source=DATABASE addon=postgresql-curly-12345",
        b"xsample#read-iops=1",
        b"sample=1",
        b"count#read-iops=1",
        b"source=sample#read-iops=1",
    ],
)
def test_lines_without_a_sample_are_none(line: bytes) -> None:
    assert parse_postgres(line) is None


def test_keys_stand_in_any_order() -> None:
    line = b"sample#hit-rate=0.5 addon=redis-a-1 sample#evicted-keys=2 x=y source=REDIS"

    assert parse_redis(line) == AddonSample(
        Addon.REDIS, "REDIS", "redis-a-1", {"hit_ratio": 0.5, "evicted_keys": 2}
    )


def test_unknown_keys_are_named_once_and_do_not_hide_known_ones() -> None:
    line = (
        b"source=DATABASE sample#new-key=1 sample#tables=3 sample#new-key=2 sample#db-size=4"
        b" sample#current-transaction=5 sample#connection-percentage-used=0.5 sample#bare"
    )

    assert parse_postgres(line) == AddonSample(
        Addon.POSTGRES,
        "DATABASE",
        "",
        {"tables": 3},
        ("new-key", "db-size", "current-transaction", "connection-percentage-used", "bare"),
    )


def test_a_line_of_unknown_keys_alone_is_a_sample_without_values() -> None:
    assert parse_redis(b"source=REDIS sample#new=1") == AddonSample(
        Addon.REDIS, "REDIS", "", {}, ("new",)
    )


def test_another_addon_has_other_keys() -> None:
    assert parse_redis(b"sample#db_size=1bytes") == AddonSample(
        Addon.REDIS, "", "", {}, ("db_size",)
    )


def test_names_are_fit_for_a_label() -> None:
    sample = parse_redis(
        b'source=%s addon="a\xff\n{}" sample#tables=1 sample#%s=1 sample#x\x00y"=1 sample#=1'
        % (b"S" * 100, b"k" * 100)
    )

    assert sample == AddonSample(
        Addon.REDIS, "S" * 64, "_a_____", {}, ("tables", "k" * 64, "x_y_", "-")
    )


def test_hostile_lines_end_and_are_bounded() -> None:
    keys = b" ".join(b"sample#%d=1" % number for number in range(HOSTILE // 12))

    sample = parse_postgres(keys)

    assert sample is not None
    assert sample.unknown == tuple(str(number) for number in range(32))
    for unit in (b"sample#", b"sample# ", b" sample#a=1", b"sample#a=", b"source=", b"9", b" "):
        for start in (
            b"",
            b"sample#",
            b"sample#tables=",
            b"sample#tables=1",
            b"source=",
            b"source=S addon=a-1 sample#current_transaction=1 sample#tables=1",
        ):
            parse_postgres(start + unit * (HOSTILE // len(unit)))


# The whole line at once ---------------------------------------------------------------------------


@pytest.mark.parametrize("addon", Addon)
def test_a_line_of_all_keys_in_their_order_is_read_at_once(addon: Addon) -> None:
    line = b"source=S addon=a-1" + b"".join(
        b" sample#%s=1.5%s" % (field.key, unit)
        for field in ADDON_FIELDS[addon]
        for unit in list(field.units)[-1:]
    )

    assert _layout(addon).line.fullmatch(line)


numbers = st.from_regex(rb"[0-9]{1,16}(\.[0-9]{0,25})?([eE]-?[0-9]{1,3})?", fullmatch=True)
values = st.builds(
    b"".join, st.tuples(numbers, st.sampled_from([b"", b"bytes", b"kB", b"GB", b"TB", b"\n", b"="]))
)


@given(st.sampled_from(Addon), st.data())
def test_the_whole_line_says_what_its_keys_say_one_by_one(
    addon: Addon, data: st.DataObject
) -> None:
    """In their order with some of them missing, and with two of the words swapped."""
    words = [
        b"source=" + data.draw(st.sampled_from([b"S", b"addon=x", b"", b"\xff"])),
        b"addon=a-1",
    ]
    for field in ADDON_FIELDS[addon]:
        if data.draw(st.booleans()):
            value = data.draw(st.sampled_from([b"1.5" + unit for unit in field.units]) | values)
            words.append(b"sample#%s=%s" % (field.key, value))
    one, other = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
    if data.draw(st.booleans()):
        words[one], words[other] = words[other], words[one]
    line = b" ".join(words)

    assert addon_sample_parser(addon)(line) == _parse_keys(addon, _layout(addon).by_key, line)


@given(st.sampled_from(Addon), st.binary(max_size=200))
def test_any_bytes_give_a_sample_or_none(addon: Addon, line: bytes) -> None:
    parse = addon_sample_parser(addon)
    key = ADDON_FIELDS[addon][0].key

    for text in (
        line,
        b"sample#" + line,
        b"sample#%s=" % key + line,
        b"sample#a source=" + line,
        b"source=S addon=a-1 sample#%s=" % key + line,
    ):
        sample = parse(text)
        assert (sample is None) == (re.search(rb"(\A| )sample#", text) is None)
        if sample is None:
            continue
        assert all(value >= 0 and math.isfinite(value) for value in sample.values.values())
        for label in (*sample.unknown, sample.source, sample.name):
            assert re.fullmatch(r"[A-Za-z0-9_.:/@+-]{0,64}", label)
