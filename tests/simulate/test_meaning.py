"""What the simulator says means something: a demo has data for every metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from heroku_syslogd.bounded_queue import Batch, Origin
from heroku_syslogd.catalogue import MetricType, addons, apps, dynos
from heroku_syslogd.exposition import HerokuCollector
from heroku_syslogd.heroku import Addon, ApiAction, BuildResult, DynoActionName, Kind
from heroku_syslogd.simulate.dyno import SAMPLE_INTERVAL
from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import udp_datagram
from heroku_syslogd.simulate.mix import SteadyMix
from heroku_syslogd.simulate.recording import record
from heroku_syslogd.simulate.rhythm import NaturalRhythm
from heroku_syslogd.wire import Dialect
from tests.pipeline_bench import Bench

START: Final = 1_700_000_000.0
MINUTE: Final = 60.0
TICK: Final = 0.5
RATE: Final = 60.0

NEVER_SEEN: Final = {addons.ADDON_VALUES[Addon.POSTGRES]["db_max_size_bytes"]}
"""The Dev Center names its key; no line with it is known, so none is made up."""

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass
class Listener:
    """A pipeline that hears what a fleet says."""

    bench: Bench
    now: float = START

    def hear(self, lines: Iterable[Line], now: float) -> None:
        self.now = now
        self.hear_messages([udp_datagram(line) for line in lines])
        self.bench.registry.expire(now)

    def hear_messages(self, frames: list[bytes]) -> None:
        self.bench.counters.received_messages += len(frames)
        origin = Origin("tcp", "192.0.2.1", Dialect.RFC5424)
        self.bench.worker.apply(Batch(frames, origin, self.now, sum(map(len, frames))))

    def series(self) -> dict[Series, float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in HerokuCollector(self.bench.registry, lambda: self.now).collect()
            for sample in family.samples
        }

    def values(self, metric: str, label: str) -> dict[str, float]:
        """Return the sums of a metric's series by one label."""
        found: dict[str, float] = {}
        for (name, labels), value in self.series().items():
            if name == metric and label in dict(labels):
                key = dict(labels)[label]
                found[key] = found.get(key, 0.0) + value
        return found

    def has_sample(self) -> set[str]:
        families = HerokuCollector(self.bench.registry, lambda: self.now).collect()
        return {sample.name for family in families for sample in family.samples}

    def check_that_all_was_understood(self) -> None:
        bench = self.bench
        assert self.values(apps.UNRECOGNISED.name, "process_type")
        assert not {
            k: v for k, v in self.values(apps.UNRECOGNISED.name, "process_type").items() if v
        }
        assert not bench.reported
        assert not bench.lost
        assert sum(bench.registry.addons.unknown_keys.values()) == 0
        assert bench.budget.refused == bench.registry.app_metrics_budget.refused == 0
        bench.check_books()


def listener() -> Listener:
    return Listener(Bench(max_series=200_000, max_app_metric_series=20_000))


def natural(minutes: float, *, apps: int = 3, dynos: int = 4, seed: int = 1) -> Iterator[
    tuple[float, list[Line], NaturalRhythm, Fleet]
]:  # fmt: skip
    fleet = Fleet(apps, dynos, seed, START)
    rhythm = NaturalRhythm(fleet, START)
    for tick in range(int(minutes * MINUTE / TICK) + 1):
        now = START + tick * TICK
        yield now, list(rhythm.lines(now)), rhythm, fleet


def steady(minutes: float) -> Iterator[tuple[float, list[Line]]]:
    mix = SteadyMix(Fleet(3, 4, 1, START), START)
    for tick in range(int(minutes * MINUTE / TICK)):
        now = START + tick * TICK
        yield now, list(mix.lines(int(RATE * TICK), now, 1 / RATE))


def is_there(name: str, samples: set[str]) -> bool:
    return any(one in samples for one in (name, f"{name}_count"))


def missing(samples: set[str]) -> set[str]:
    return {
        metric.name
        for metric in HerokuCollector.METRICS
        if metric not in NEVER_SEEN and not is_there(metric.name, samples)
    }


def test_ten_minutes_of_a_demo_have_every_metric_and_nothing_unknown() -> None:
    audience = listener()
    for now, lines, _, _ in natural(10):
        audience.hear(lines, now)

    assert missing(audience.has_sample()) == set()
    assert set(audience.bench.registry.recognised) == set(Kind)
    assert all(audience.bench.registry.recognised.values())
    audience.check_that_all_was_understood()


def test_ten_minutes_at_a_given_rate_have_every_metric_and_nothing_unknown() -> None:
    audience = listener()
    for now, lines in steady(10):
        audience.hear(lines, now)

    assert missing(audience.has_sample()) == set()
    assert all(audience.bench.registry.recognised.values())
    audience.check_that_all_was_understood()


@pytest.mark.parametrize(("apps", "dynos"), [(1, 1), (1, 2), (4, 6)])
def test_fleets_of_other_sizes_say_nothing_unknown(apps: int, dynos: int) -> None:
    audience = listener()
    for now, lines, _, _ in natural(10, apps=apps, dynos=dynos, seed=2):
        audience.hear(lines, now)

    audience.check_that_all_was_understood()


def test_a_recording_has_every_kind_of_line_and_nothing_unknown() -> None:
    audience = listener()
    audience.hear_messages(record(100_000))

    assert all(audience.bench.registry.recognised.values())
    audience.check_that_all_was_understood()


def test_every_metric_is_there_within_seconds() -> None:
    audience = listener()
    for now, lines, _, _ in natural(0.25):
        audience.hear(lines, now)

    assert missing(audience.has_sample()) == set()


def test_a_given_rate_opens_with_the_add_ons() -> None:
    audience = listener()
    fleet = Fleet(3, 4, 1, START)
    opening = SteadyMix(fleet, START).lines(100, START, 0.0)
    audience.hear(opening, START)

    samples = audience.has_sample()
    assert {metric.name for addon in Addon for metric in addons.METRICS[addon]} <= samples | {
        metric.name for metric in NEVER_SEEN
    }
    assert apps.LAST_DEPLOY.name in samples


def test_everything_has_happened_within_four_minutes() -> None:
    audience = listener()
    for now, lines, _, _ in natural(4):
        audience.hear(lines, now)

    actions = audience.values(dynos.DYNO_ACTIONS.name, "action")
    # Dynos do not say where they listen since 2011.
    assert set(actions) == set(DynoActionName) - {DynoActionName.LISTEN}
    changes = audience.values(apps.RELEASES.name, "action")
    # Of today's texts no other is known, and no drain is older than its app.
    untold = {ApiAction.CREATE, ApiAction.OTHER}
    assert {action for action, count in changes.items() if count} == set(ApiAction) - untold
    builds = audience.values(apps.BUILDS.name, "result")
    assert {result for result, count in builds.items() if count} == set(BuildResult)
    assert set(audience.values(apps.ERRORS.name, "code")) >= {
        *("H10", "H12", "H13", "H14", "H18", "H27", "H80"),
        *("R10", "R12", "R14", "R15", "R16", "L12", "L13"),
    }
    assert set(audience.values(apps.POSTGRES_RECORDS.name, "level")) == {
        *("LOG", "ERROR", "DETAIL", "STATEMENT"),
    }
    assert set(audience.values(dynos.DYNO_EXITS.name, "status")) >= {"0", "1", "129", "137", "143"}
    sources = audience.values(apps.POSTGRES_RECORDS.name, "source")
    assert "DATABASE" in sources
    assert any(source.startswith("HEROKU_POSTGRESQL_") for source in sources)


def test_no_counter_falls_and_no_value_is_negative() -> None:
    counters = {m.name for m in HerokuCollector.METRICS if m.type is MetricType.COUNTER}
    # Those of a dyno that was down begin anew.
    counters -= {dynos.RUNTIME[field].name for field in ("memory_pgpgin", "memory_pgpgout")}
    audience = listener()
    before: dict[Series, float] = {}
    for tick, (now, lines, _, _) in enumerate(natural(10)):
        audience.hear(lines, now)
        if tick % 20:
            continue
        series = audience.series()
        assert min(series.values()) >= 0
        for key in series.keys() & before.keys():
            name = key[0]
            if name in counters or name.endswith(("_bucket", "_count", "_sum")):
                assert series[key] >= before[key], key
        before |= series


def test_values_of_servers_drift_and_do_not_jump() -> None:
    table = addons.ADDON_VALUES[Addon.POSTGRES]
    steps = {
        table["active_connections"].name: 6,
        table["memory_free_bytes"].name: 20e6,
        table["db_size_bytes"].name: 2e6,
    }
    audience = listener()
    before: dict[Series, float] = {}
    seen = 0
    for now, lines, _, _ in natural(10):
        audience.hear(lines, now)
        if now % 10:
            continue
        series = audience.series()
        for key in series.keys() & before.keys():
            if key[0] in steps:
                assert abs(series[key] - before[key]) <= steps[key[0]]
                seen += series[key] != before[key]
        before = series
    assert seen > 100


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_at_rest_as_many_dynos_are_up_as_the_formation_says(seed: int) -> None:
    audience = listener()
    rests = 0
    for now, lines, rhythm, fleet in natural(15, seed=seed):
        audience.hear(lines, now)
        if now % 5:
            continue
        series = audience.series()
        for app in fleet.apps:
            # Two narrators for each; the first one's stories are about dynos.
            narrator = next(one for one in rhythm.narrators if one.app is app)
            since = narrator.resting_since
            if since is None or now - since < SAMPLE_INTERVAL + 1:
                continue
            up = [dyno.process_type for dyno in app.formation if dyno.state == "up"]
            assert len(up) == len(app.formation)
            wanted = {kind: float(up.count(kind)) for kind in up}
            assert formation_of(app.token, series) == wanted
            assert dynos_up_of(app.token, series) == wanted
            rests += 1
    assert rests > 10


def formation_of(token: str, series: dict[Series, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for (name, frozen), value in series.items():
        labels = dict(frozen)
        if name == dynos.FORMATION_DYNOS.name and token.startswith(labels["app"]):
            kind = labels["process_type"]
            found[kind] = found.get(kind, 0.0) + value
    return found


def dynos_up_of(token: str, series: dict[Series, float]) -> dict[str, float]:
    found: dict[str, float] = {}
    for (name, frozen), value in series.items():
        labels = dict(frozen)
        if name != dynos.DYNO_STATE.name or not token.startswith(labels["app"]):
            continue
        if labels["state"] == "up":
            kind = labels["process_type"]
            found[kind] = found.get(kind, 0.0) + value
    return found
