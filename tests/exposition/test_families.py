"""Families: what is shown of which state, describe equal to collect, and the budget."""

import pytest

from heroku_syslogd import catalogue
from heroku_syslogd.dynos import DynoIdentity
from heroku_syslogd.heroku import RuntimeSample, SampleLine
from heroku_syslogd.heroku.runtime_metrics import RUNTIME_FIELDS
from tests.exposition.state import T0, State

METRICS = [metric for section in catalogue.SECTIONS for metric in section.metrics]


@pytest.fixture
def state() -> State:
    state = State()
    state.add_dyno()
    tally = state.state.tallies.app("shop", state.budget).log("heroku", "web", is_output=False)
    assert tally is not None
    tally.messages, tally.bytes, tally.last_message_at = 3, 700, T0
    return state


def test_every_value_of_a_dyno_has_its_own_metric(state: State) -> None:
    lines = [line for line in state.text().splitlines() if line.startswith("heroku_")]
    labels = 'app="shop",dyno="web.1",process_type="web"'

    assert [line for line in lines if not line.startswith("heroku_syslogd")] == [
        f"heroku_dyno_load_avg_1m{{{labels}}} 2.46",
        f"heroku_dyno_load_avg_5m{{{labels}}} 1.06",
        f"heroku_dyno_load_avg_15m{{{labels}}} 0.99",
        f"heroku_dyno_memory_total_bytes{{{labels}}} 2.31735296e+08",
        f"heroku_dyno_memory_rss_bytes{{{labels}}} 2.27540992e+08",
        f"heroku_dyno_memory_cache_bytes{{{labels}}} 3.145728e+06",
        f"heroku_dyno_memory_swap_bytes{{{labels}}} 1.048576e+06",
        f"heroku_dyno_memory_pgpgin_pages_total{{{labels}}} 149293.0",
        f"heroku_dyno_memory_pgpgout_pages_total{{{labels}}} 123257.0",
        f"heroku_dyno_memory_quota_bytes{{{labels}}} 5.36870912e+08",
        f"heroku_dyno_last_sample_timestamp_seconds{{{labels}}} 1.699999999e+09",
        'heroku_dyno_info{app="shop",dyno="web.1",dyno_id="run-1",process_type="web"} 1.0',
        f'heroku_dyno_state{{{labels},state="up"}} 1.0',
        'heroku_log_messages_total{app="shop",process_type="web",source="heroku"} 3.0',
        'heroku_log_bytes_total{app="shop",process_type="web",source="heroku"} 700.0',
        'heroku_unrecognised_messages_total{app="shop",process_type="web",source="heroku"} 0.0',
        'heroku_drain_last_message_timestamp_seconds{app="shop"} 1.7e+09',
    ]


def test_the_series_gauge_counts_exactly_what_is_shown(state: State) -> None:
    shown = [
        line
        for line in state.text().splitlines()
        if line.startswith("heroku_") and not line.startswith("heroku_syslogd_")
    ]

    assert state.budget.used == len(shown) == 17


def test_describe_names_the_families_that_collect_gives(state: State) -> None:
    for collector in (state.heroku, state.daemon):
        described = [(f.name, f.type, f.documentation) for f in collector.describe()]
        collected = [(f.name, f.type, f.documentation) for f in collector.collect()]
        assert described == collected
        assert all(documentation for _, _, documentation in described)


def test_every_metric_of_the_catalogue_is_exposed(state: State) -> None:
    text = state.text()

    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}\n" in text
        assert f"# TYPE {metric.name} {metric.type.value}\n" in text


def test_names_follow_the_conventions() -> None:
    for metric in METRICS:
        assert metric.name.startswith("heroku_")
        assert metric.name.endswith("_total") == (metric.type is catalogue.MetricType.COUNTER)
        assert not set(metric.labels) & {"job", "instance", "le", "quantile"}


def test_every_runtime_field_has_a_metric() -> None:
    assert [field.name for field in RUNTIME_FIELDS] == list(catalogue.dynos.RUNTIME)


def test_known_label_sets_start_at_zero() -> None:
    text = State().text()

    for line in (
        'heroku_syslogd_lost_messages_total{listener="tcp",reason="queue_full"} 0.0',
        'heroku_syslogd_frame_errors_total{listener="tcp",reason="too_long"} 0.0',
        'heroku_syslogd_rejected_bytes_total{listener="tcp",reason="no_pri"} 0.0',
        'heroku_syslogd_connections_rejected_total{listener="tcp",reason="idle"} 0.0',
        'heroku_syslogd_parse_errors_total{reason="pri"} 0.0',
    ):
        assert line in text


def test_a_dyno_whose_state_was_never_logged_is_up() -> None:
    state = State()
    sample = RuntimeSample(SampleLine.LOAD, "run-1", {"load_avg_1m": 1.0})
    state.state.dynos.apply(sample, DynoIdentity("shop", "web", "web.1", state.budget), T0, T0)

    assert 'state="up"} 1.0' in state.text()
