"""Series of two processes for every query of docs/scaling.md, and what they are together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

ONE, OTHER = "127.0.0.1:9851", "127.0.0.1:9852"
STEADY: Final = "x30"
NOW: Final = 1800
"""When the answers are looked at, in seconds."""
FRACTION: Final = 2.0**-20
"""What answers are rounded to; the cases are made for answers that it divides."""


class Case(NamedTuple):
    """What one query is to make of the series of two processes.

    Attributes:
        about: A metric of the query.
        one: Series of the first process by name and labels, sampled every minute from 0 on.
        other: Those of the other one.
        together: Series of the answer after 30 minutes; the value is that of the only sample.
    """

    about: str
    one: dict[str, str]
    other: dict[str, str]
    together: dict[str, float]


def constant(value: float) -> str:
    return f"{value:g}+0{STEADY}"


def rate(name: str, labels: str, *, largest: bool = False) -> Case:
    """Return a case of counters, of which one process was restarted in between."""
    series = f"{name}{labels}"
    return Case(
        name,
        {series: f"0+60{STEADY}"},
        {series: "0+30x20 30+30x9"},
        {labels: 1.0 if largest else 1.5},
    )


def gauge(name: str, one: float, other: float, together: float | None) -> Case:
    """Return a case of a gauge of an application; None where no sample is to be left."""
    return Case(
        name,
        {f'{name}{{app="shop"}}': constant(one)},
        {f'{name}{{app="shop"}}': constant(other)},
        {} if together is None else {'{app="shop"}': together},
    )


def dynos(sampled_at: Mapping[int, float], **values: Mapping[int, float]) -> dict[str, str]:
    """Return series of web dynos at one process.

    Args:
        sampled_at: Time of the newest sample by the dyno's number.
        values: By the name of the metric without its prefix, values by the dyno's number.
    """
    metrics = {"last_sample_timestamp_seconds": sampled_at, **values}
    return {
        f"heroku_dyno_{name}{{{dyno(number)}{MORE.get(name, '')}}}": constant(value)
        for name, by_number in metrics.items()
        for number, value in by_number.items()
    }


MORE: Final = {"state": ',state="up"'}
"""Further labels of a metric of dynos."""


def dyno(number: int) -> str:
    return f'app="shop",process_type="web",dyno="web.{number}"'


RSS: Final = "memory_rss_bytes"
QUOTA: Final = "memory_quota_bytes"
DATABASE: Final = '{app="shop",addon="postgresql-cubed-1",source="DATABASE"}'
LISTENER: Final = '{listener="tcp"}'

CASES: Final = [
    # When one is not enough
    Case(
        "process_cpu_seconds_total",
        {'process_cpu_seconds_total{job="heroku"}': f"0+52.5{STEADY}"},
        {'process_cpu_seconds_total{job="heroku"}': f"0+30{STEADY}"},
        {f'{{instance="{ONE}",job="heroku"}}': 0.875},
    ),
    Case(
        "heroku_syslogd_queue_messages",
        {
            "heroku_syslogd_queue_messages": constant(37500),
            "heroku_syslogd_queue_capacity_messages": constant(50000),
        },
        {
            "heroku_syslogd_queue_messages": constant(0),
            "heroku_syslogd_queue_capacity_messages": constant(50000),
        },
        {f'{{instance="{ONE}"}}': 0.75},
    ),
    # Scrape all of them
    Case(
        "up",
        {'up{job="heroku"}': constant(1)},
        {'up{job="heroku"}': constant(0)},
        {'{job="heroku"}': 1},
    ),
    # Counters
    rate(
        "heroku_router_requests_total",
        '{app="shop",dyno="web.1",method="GET",status="200"}',
    ),
    rate(
        "heroku_log_messages_total",
        '{app="shop",source="app",process_type="web"}',
    ),
    Case(
        "heroku_errors_total",
        {'heroku_errors_total{app="shop",process_type="web",code="R14"}': "0+0x25 1+0x4"},
        {'heroku_errors_total{app="shop",process_type="worker",code="R14"}': "0+0x25 2+0x4"},
        {'{app="shop",code="R14"}': 3},
    ),
    # Histograms and means
    Case(
        "heroku_router_service_seconds_bucket",
        {
            'heroku_router_service_seconds_bucket{app="shop",le="1"}': f"0+99{STEADY}",
            'heroku_router_service_seconds_bucket{app="shop",le="2"}': f"0+99{STEADY}",
            'heroku_router_service_seconds_bucket{app="shop",le="+Inf"}': f"0+99{STEADY}",
        },
        {
            'heroku_router_service_seconds_bucket{app="shop",le="1"}': constant(0),
            'heroku_router_service_seconds_bucket{app="shop",le="2"}': f"0+1{STEADY}",
            'heroku_router_service_seconds_bucket{app="shop",le="+Inf"}': f"0+1{STEADY}",
        },
        {'{app="shop"}': 1.0},
    ),
    Case(
        "heroku_app_measure_sum",
        {
            'heroku_app_measure_sum{app="shop",name="db",unit="s"}': f"0+9{STEADY}",
            'heroku_app_measure_count{app="shop",name="db",unit="s"}': f"0+3{STEADY}",
        },
        {
            'heroku_app_measure_sum{app="shop",name="db",unit="s"}': f"0+1{STEADY}",
            'heroku_app_measure_count{app="shop",name="db",unit="s"}': f"0+1{STEADY}",
        },
        {'{app="shop",name="db",unit="s"}': 2.5},
    ),
    # Gauges of dynos: web.1 moved to the other one, web.2 to the first, web.3 and web.4 are at one
    # of them alone; both have a sample of web.5 of the same time; the newer of web.6 is not up.
    Case(
        "heroku_dyno_memory_rss_bytes",
        dynos({1: 1760, 2: 1780, 3: 1790, 5: 1770}, **{RSS: {1: 11, 2: 12, 3: 13, 5: 15}}),
        dynos({1: 1780, 2: 1760, 4: 1790, 5: 1770}, **{RSS: {1: 21, 2: 22, 4: 24, 5: 15}}),
        {f"{{{dyno(n)}}}": value for n, value in {1: 21, 2: 12, 3: 13, 4: 24, 5: 15}.items()},
    ),
    Case(
        "heroku_dyno_memory_quota_bytes",
        dynos({1: 1760, 2: 1780}, **{RSS: {1: 127, 2: 120}, QUOTA: {1: 128, 2: 128}}),
        dynos({1: 1780, 2: 1760}, **{RSS: {1: 50, 2: 50}, QUOTA: {1: 128, 2: 128}}),
        {f"{{{dyno(2)}}}": 0.9375},
    ),
    Case(
        "heroku_dyno_state",
        dynos({1: 1760, 2: 1780, 5: 1770, 6: 1770}, state={1: 1, 2: 1, 5: 1, 6: 1}),
        dynos({1: 1780, 2: 1760, 4: 1790, 5: 1770, 6: 1790}, state={1: 1, 2: 1, 4: 1, 5: 1}),
        {'{app="shop",process_type="web"}': 4},
    ),
    Case(
        "heroku_dyno_last_sample_timestamp_seconds",
        dynos({1: 1700, 2: 1700}),
        dynos({1: 1790, 2: 1730}),
        {f"{{{dyno(2)}}}": 70},
    ),
    rate(
        "heroku_dyno_memory_pgpgin_pages_total",
        f"{{{dyno(1)}}}",
        largest=True,
    ),
    # Gauges of add-ons
    Case(
        "heroku_postgres_load_avg_1m",
        {
            f"heroku_postgres_load_avg_1m{DATABASE}": constant(4),
            f"heroku_postgres_last_sample_timestamp_seconds{DATABASE}": constant(1700),
        },
        {
            f"heroku_postgres_load_avg_1m{DATABASE}": constant(2),
            f"heroku_postgres_last_sample_timestamp_seconds{DATABASE}": constant(1760),
        },
        {DATABASE: 2},
    ),
    rate("heroku_postgres_transactions_total", DATABASE, largest=True),
    # What only grows
    gauge("heroku_release_version", 15, 16, 16),
    gauge("heroku_last_deploy_timestamp_seconds", 600, 1500, 300),
    gauge("heroku_drain_last_message_timestamp_seconds", 1100, 1000, 700),
    # What cannot be told
    gauge("heroku_formation_dynos", 4, 3, 4),
    gauge("heroku_app_sample", 4, 3, 3.5),
    gauge("heroku_app_unique", 40, 30, 40),
    gauge("heroku_app_unique", 40, 30, 70),
    # The daemon itself
    rate("heroku_syslogd_received_messages_total", LISTENER),
    rate(
        "heroku_syslogd_lost_messages_total",
        '{listener="udp",reason="kernel"}',
    ),
    Case(
        "heroku_syslogd_config_last_reload_successful",
        {"heroku_syslogd_config_last_reload_successful": constant(1)},
        {"heroku_syslogd_config_last_reload_successful": constant(0)},
        {"{}": 0},
    ),
    Case(
        "heroku_syslogd_received_messages_total",
        {f"heroku_syslogd_received_messages_total{LISTENER}": f"0+30{STEADY}"},
        {f"heroku_syslogd_received_messages_total{LISTENER}": f"0+90{STEADY}"},
        {f'{{instance="{ONE}"}}': 0.25, f'{{instance="{OTHER}"}}': 0.75},
    ),
]

QUIET: Final = [
    gauge("heroku_last_deploy_timestamp_seconds", 600, 1100, None),
    gauge("heroku_drain_last_message_timestamp_seconds", 100, 1300, None),
    Case(
        "heroku_syslogd_config_last_reload_successful",
        {"heroku_syslogd_config_last_reload_successful": constant(1)},
        {"heroku_syslogd_config_last_reload_successful": constant(1)},
        {},
    ),
    Case(
        "sum by (job) (up", {'up{job="heroku"}': constant(1)}, {'up{job="heroku"}': constant(1)}, {}
    ),
]
"""Cases in which an alert is not to fire."""
