"""Our text is prometheus-client's, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.utils import floatToGoString

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.config import Config, DrainsConfig, LimitsConfig
from heroku_syslogd.exposition import Exposition, HerokuCollector
from heroku_syslogd.exposition.text import value_text
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.telemetry import Telemetry
from heroku_syslogd.wire import Dialect
from tests.test_corpus import pool

T0 = 1_700_000_000.0
TOKEN = "d.9173ea1f-faeb-4253-b40c-98827b581694"

their_value_text: Callable[[float], str] = floatToGoString

FORMATS = [
    "",
    "text/plain; version=0.0.4",
    "text/plain; version=1.0.0; escaping=allow-utf-8",
    "application/openmetrics-text",
    "application/openmetrics-text; version=1.0.0",
    "application/openmetrics-text; version=1.0.0; escaping=allow-utf-8",
    "application/openmetrics-text; version=1.0.0; escaping=underscores",
    "application/openmetrics-text; version=1.0.0; escaping=values",
    "application/openmetrics-text; version=1.0.0; escaping=dots",
]


@given(st.floats() | st.integers(-(2**60), 2**60) | st.floats(1e5, 1e18).map(round))
def test_a_value_is_written_as_prometheus_client_writes_it(value: float) -> None:
    assert value_text(value) == their_value_text(value)


@pytest.mark.parametrize("digits", range(1, 25))
def test_values_around_every_power_of_ten_are_written_so_too(digits: int) -> None:
    power = 10.0**digits
    for value in (power, power - 1, power + 1, power / 3, power + 0.5, -power, 5 * power):
        assert value_text(value) == their_value_text(value)


class Applied:
    """Messages of both dialects applied to a state; ``name`` is the application of `TOKEN`."""

    def __init__(self, name: str, frames: list[bytes], others: list[bytes] | None = None) -> None:
        limits = LimitsConfig(max_series=100_000, max_apps=100)
        config = Config(limits=limits, drains=DrainsConfig(tokens={TOKEN: name}))
        self.telemetry = Telemetry()
        self.pipeline = Pipeline(config, self.telemetry, lambda *_: None)
        for dialect, messages in ((Dialect.RFC5424, frames), (Dialect.LOGPLEX_1, others or [])):
            self.pipeline.worker.apply(Batch(messages, Origin("any", "", dialect), T0, 0))

    def ours(self, accept: str) -> bytes:
        registry = self.pipeline.registry
        shown = Exposition(registry, CollectorRegistry(), self.telemetry, lambda: T0)
        return shown.render_at_once(accept)

    def theirs(self, accept: str) -> bytes:
        registry = CollectorRegistry()
        registry.register(HerokuCollector(self.pipeline.registry, lambda: T0))
        body: bytes = choose_encoder(accept)[0](registry)
        return body


@pytest.mark.parametrize("accept", FORMATS)
def test_a_scrape_of_everything_is_the_same_in_every_format(accept: str) -> None:
    applied = Applied("shop", pool(Dialect.RFC5424), pool(Dialect.LOGPLEX_1))

    ours = applied.ours(accept)

    assert ours == applied.theirs(accept)
    samples = [line for line in ours.splitlines() if not line.startswith(b"#")]
    assert len({line.partition(b"{")[0] for line in samples}) > 90  # hardly a metric is left out


@pytest.mark.parametrize("accept", FORMATS)
def test_a_scrape_of_nothing_is_the_same_in_every_format(accept: str) -> None:
    applied = Applied("shop", [])

    assert applied.ours(accept) == applied.theirs(accept)


NAMES = st.text(
    st.sampled_from(list('a\\"\n%s{}=, \t\r\x00é\u2028\ue000\ue001𝄞')), min_size=1, max_size=12
)


@given(NAMES, st.sampled_from(FORMATS))
def test_any_name_of_an_application_is_escaped_alike(name: str, accept: str) -> None:
    applied = Applied(
        name,
        [
            b"<190>1 2023-11-14T22:13:19+00:00 %s app web.1 - count#a%%s=1 measure#b=2ms"
            % TOKEN.encode(),
            b"<45>1 2023-11-14T22:13:19+00:00 %s heroku web.1 - source=web.1 dyno=heroku.1.2"
            b" sample#load_avg_1m=0.00" % TOKEN.encode(),
        ],
    )

    assert applied.ours(accept) == applied.theirs(accept)


NUMBERS = st.floats(0, 1e9).map(lambda number: f"{number:.2f}".encode())


@given(
    st.lists(
        st.tuples(st.integers(1, 300), st.sampled_from([b"web", b"worker"]), NUMBERS, NUMBERS),
        max_size=300,
    )
)
def test_a_fleet_of_more_rows_than_a_block_has_is_the_same(
    samples: list[tuple[int, bytes, bytes, bytes]],
) -> None:
    head = b"<45>1 2023-11-14T22:13:19+00:00 %s heroku " % TOKEN.encode()
    frames = [
        head
        + b"%s.%d - source=%s.%d dyno=heroku.1.%d sample#load_avg_1m=%s sample#memory_rss=%sMB"
        % (kind, number, kind, number, number, load, memory)
        for number, kind, load, memory in samples
    ]
    applied = Applied("shop", frames)

    assert applied.ours("") == applied.theirs("")
