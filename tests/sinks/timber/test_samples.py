"""Samples: Timber's documented example key by key, and what its schema has no place for."""

from typing import Any

import pytest

from heroku_syslogd.heroku.addons import ADDON_FIELDS
from heroku_syslogd.heroku.events import (
    Addon,
    AddonSample,
    AppMetric,
    AppMetrics,
    AppMetricType,
    Event,
    ProcessMemory,
    RuntimeSample,
    SampleLine,
)
from heroku_syslogd.heroku.runtime_metrics import parse_runtime_sample
from heroku_syslogd.sinks.timber import Document, Line, documents
from heroku_syslogd.sinks.timber.samples import ADDON_PLACES

MB = 2.0**20
RUN = "heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456"
SOURCE = f"source=web.1 dyno={RUN} ".encode()
MEMORY = SOURCE + (
    b"sample#memory_total=21.00MB sample#memory_rss=21.22MB sample#memory_cache=0.00MB"
    b" sample#memory_swap=0.00MB sample#memory_pgpgin=348836pages sample#memory_pgpgout=343403pages"
)
LOAD = SOURCE + b"sample#load_avg_1m=2.46 sample#load_avg_5m=1.06 sample#load_avg_15m=0.99"

# Timber's documentation of log-runtime-metrics, complete.
TIMBER_EXAMPLE = {
    "level": "debug",
    "message": (
        "source=web.1 dyno=heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456"
        " sample#memory_total=21.00MB sample#memory_rss=21.22MB sample#memory_cache=0.00MB"
        " sample#memory_swap=0.00MB sample#memory_pgpgin=348836pages"
        " sample#memory_pgpgout=343403pages"
    ),
    "context": {
        "platform": {"heroku": {"dyno_type": "web", "dyno_id": 1, "source": "heroku"}},
        "system": {"hostname": "heroku.2808254.d97d0ea7-cf3d-411b-b453-d2943a50b456"},
    },
    "event": {
        "resource_sample": {
            "memory": {
                "cache_mb": 0.0,
                "pgpgin": 348836.0,
                "pgpgout": 343403.0,
                "rss_mb": 21.22,
                "swap_mb": 0.0,
                "total_mb": 21.0,
            }
        }
    },
}


def document(event: Event, procid: str = "web.1", msg: bytes = b"-") -> Document:
    source = "heroku" if procid == "web.1" else "app"
    (only,) = documents(event, Line("my-app", source, procid, 0.0, msg))
    return only


def runtime_document(msg: bytes) -> Document:
    event = parse_runtime_sample(msg)
    assert event is not None
    return document(event, msg=msg)


def test_a_memory_line_is_timbers_example_with_two_additions() -> None:
    found = runtime_document(MEMORY)

    assert found.pop("dt") == "1970-01-01T00:00:00.000000Z"
    assert found["context"].pop("custom") == {"drain": {"app": "my-app"}}
    assert found == TIMBER_EXAMPLE
    memory = found["event"]["resource_sample"]["memory"]
    assert {type(value) for value in memory.values()} == {float}


def test_a_load_line() -> None:
    found = runtime_document(LOAD)

    assert found["level"] == "debug"
    assert found["context"]["system"] == {"hostname": RUN}
    assert found["event"] == {
        "resource_sample": {"cpu": {"load_avg_1m": 2.46, "load_avg_5m": 1.06, "load_avg_15m": 0.99}}
    }


def test_the_quota_stands_only_where_the_line_has_it() -> None:
    found = runtime_document(MEMORY + b" sample#memory_quota=512.00MB")

    assert found["event"]["resource_sample"]["memory"]["quota_mb"] == 512.0


@pytest.mark.parametrize("number", ["0.01", "21.22", "1038.29", "13699.97", "999999999.99"])
def test_megabytes_are_those_of_the_line(number: str) -> None:
    found = runtime_document(b"sample#memory_total=%bMB" % number.encode())

    assert found["event"] == {"resource_sample": {"memory": {"total_mb": float(number)}}}


@pytest.mark.parametrize(
    ("dyno", "system"),
    [
        (b"", None),
        (b"dyno= ", None),
        (b"dyno=web ", {"hostname": "web"}),
        (b"dyno=" + b"x" * 256 + b" ", {"hostname": "x" * 256}),
        (b"dyno=" + b"x" * 257 + b" ", None),
        (b"mydyno=web ", None),
        (b"dyno=\xff ", {"hostname": "\ufffd"}),
    ],
)
def test_the_hostname_is_the_whole_dyno_of_the_line(
    dyno: bytes, system: dict[str, str] | None
) -> None:
    found = runtime_document(dyno + b"sample#load_avg_1m=1.00")

    assert found["context"].get("system") == system


def test_one_line_can_hold_load_and_memory() -> None:
    found = runtime_document(b"sample#memory_total=1.00MB sample#load_avg_1m=1.00")

    assert found["event"] == {
        "resource_sample": {"cpu": {"load_avg_1m": 1.0}, "memory": {"total_mb": 1.0}}
    }


def test_a_sample_without_the_value_that_the_schema_requires_is_one_of_ours() -> None:
    found = runtime_document(b"sample#memory_rss=1.00MB sample#memory_pgpgin=3pages")

    assert found["event"] == {"custom": {"runtime_sample": {"memory_rss": MB, "memory_pgpgin": 3}}}


def test_values_without_their_required_one_stand_beside_a_whole_part() -> None:
    found = runtime_document(b"sample#memory_rss=1.00MB sample#load_avg_1m=0.50")

    assert found["event"] == {"resource_sample": {"cpu": {"load_avg_1m": 0.5}}}
    assert found["context"]["custom"]["runtime_sample"] == {"memory_rss": MB}


@pytest.mark.parametrize("addon", Addon)
def test_every_place_is_that_of_a_field(addon: Addon) -> None:
    assert ADDON_PLACES[addon].keys() <= {field.name for field in ADDON_FIELDS[addon]}


POSTGRES_VALUES = {
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
    "write_iops": 371.0,
    "tmp_disk_used_bytes": 543600640.0,
    "memory_total_bytes": 16085844 * 1024.0,
    "memory_free_bytes": 243400 * 1024.0,
    "memory_cached_bytes": 14718708 * 1024.0,
    "memory_postgres_bytes": 187144 * 1024.0,
}


def test_a_postgres_sample_fills_four_parts_and_keeps_the_rest() -> None:
    event = AddonSample(Addon.POSTGRES, "DATABASE", "postgresql-curly-12345", POSTGRES_VALUES)

    found = document(event, "heroku-postgres")

    assert found["level"] == "debug"
    assert found["context"]["platform"]["heroku"] == {
        "dyno_type": "heroku-postgres",
        "source": "app",
    }
    assert found["event"]["resource_sample"] == {
        "database": {
            "current_transaction": "11618856301",
            "db_size": 147391888519,
            "tables": 67,
            "active_connections": 25,
            "waiting_connections": 0,
            "index_cache_hit_rate": 0.9993,
            "table_cache_hit_rate": 0.99643,
        },
        "cpu": {"load_avg_1m": 0.345, "load_avg_5m": 0.23, "load_avg_15m": 0.205},
        "disk": {"read_iops": 0, "write_iops": 371},
        "memory": {
            "total_mb": 15708.83203125,
            "free_mb": 237.6953125,
            "cache_mb": 14373.73828125,
        },
    }
    database = found["event"]["resource_sample"]["database"]
    assert {type(database[key]) for key in ("db_size", "tables", "active_connections")} == {int}
    assert found["context"]["custom"]["addon"] == {
        "name": "postgresql-curly-12345",
        "source": "DATABASE",
        "read_iops": 0.15929,
        "tmp_disk_used_bytes": 543600640.0,
        "memory_postgres_bytes": 187144 * 1024.0,
    }


def test_a_redis_sample_is_one_of_a_cache() -> None:
    values = {
        "active_connections": 8.0,
        "load_avg_1m": 0.06,
        "read_iops": 12.038,  # without write_iops, which the schema requires with it
        "hit_ratio": 0.69551,
        "evicted_keys": 0.0,
    }

    found = document(AddonSample(Addon.REDIS, "REDIS", "", values), "heroku-redis")

    assert found["event"]["resource_sample"] == {
        "cache": {"active_connections": 8, "index_cache_hit_rate": 0.69551, "evicted_keys": 0},
        "cpu": {"load_avg_1m": 0.06},
    }
    assert found["context"]["custom"]["addon"] == {"source": "REDIS", "read_iops": 12.038}


def test_a_pgbouncer_sample_is_one_of_ours() -> None:
    values = {"client_active_connections": 56.0, "max_wait_seconds": 0.0}

    found = document(
        AddonSample(Addon.PGBOUNCER, "pgbouncer", "postgresql-curly-1", values), "heroku-pgbouncer"
    )

    assert found["event"] == {"custom": {"pgbouncer_sample": values}}
    assert found["context"]["custom"]["addon"] == {
        "name": "postgresql-curly-1",
        "source": "pgbouncer",
    }


def test_an_integer_beyond_what_a_float_tells_apart_is_left_as_it_was() -> None:
    values = {"db_size_bytes": 1e24, "transactions_total": 1e17, "tables": 3.0}

    found = document(AddonSample(Addon.POSTGRES, "DATABASE", "", values), "heroku-postgres")

    assert found["event"] == {"resource_sample": {"database": {"tables": 3}}}
    assert found["context"]["custom"]["addon"] == {
        "source": "DATABASE",
        "db_size_bytes": 1e24,
        "transactions_total": 1e17,
    }


@pytest.mark.parametrize(
    "event",
    [
        RuntimeSample(SampleLine.LOAD, "", {}),
        AddonSample(Addon.POSTGRES, "DATABASE", "", {}, ("new-key",)),
        AppMetrics(()),
    ],
    ids=lambda event: event.kind.value,
)
def test_a_sample_without_values_gives_no_document(event: Event) -> None:
    assert documents(event, Line("my-app", "heroku", "web.1", 0.0, b"-")) == []


@pytest.mark.parametrize(
    ("event", "memory"),
    [
        (ProcessMemory(870 * MB, 1.701), {"total_mb": 870.0, "quota_mb": 511.0}),
        (ProcessMemory(1038 * MB, 2.028), {"total_mb": 1038.0, "quota_mb": 512.0}),
        (ProcessMemory(0.0, 0.0), {"total_mb": 0.0}),
    ],
)
def test_memory_of_a_process_over_its_quota(event: ProcessMemory, memory: dict[str, float]) -> None:
    found = document(event)

    assert found["level"] == "debug"
    assert found["event"] == {"resource_sample": {"memory": memory}}


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (AppMetric(AppMetricType.COUNT, "db.queries", 2.0, ""), 2.0),
        (AppMetric(AppMetricType.SAMPLE, "queue", 0.0, ""), 0.0),
        (
            AppMetric(AppMetricType.MEASURE, "db.latency", 0.004, "seconds"),
            {"value": 0.004, "unit": "seconds"},
        ),
        (AppMetric(AppMetricType.UNIQUE, "users", 0.0, "", b"u-\xff"), {"member": "u-\ufffd"}),
    ],
)
def test_metrics_of_an_application(metric: AppMetric, value: Any) -> None:
    found = document(AppMetrics((metric,)))

    assert found["level"] == "debug"
    assert found["event"] == {"custom": {"app_metrics": {f"{metric.type}#{metric.name}": value}}}
