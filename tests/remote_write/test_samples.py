"""Samples of dynos and add-ons: which are sent, when, and how their series end."""

from __future__ import annotations

import math
import struct

from heroku_syslogd.remote_write.encoding import STALE
from heroku_syslogd.remote_write.samples import SampleCollector
from tests.remote_write.protobuf import Series, series_of
from tests.status.bench import MB, T0, TOKEN, Bench

A = "0f4c7a10-8f5d-4b6e-9a3c-1d2e3f405162"
B = "77777777-8f5d-4b6e-9a3c-1d2e3f405162"
DYNO = (("app", "shop"), ("dyno", "web.1"), ("process_type", "web"))


class Receiver(Bench):
    """A bench with a collector of samples."""

    def __init__(self, constant: dict[str, str] | None = None) -> None:
        super().__init__()
        self.collector = SampleCollector(self.pipeline.registry, constant or {})

    def hear(
        self, text: str, seconds: float = 0.0, source: str = "heroku", procid: str = "web.1"
    ) -> None:
        """Apply a line that Heroku wrote some seconds after T0."""
        time = f"2023-11-14T22:{13 + int(20 + seconds) // 60:02}:{(20 + seconds) % 60:09.6f}+00:00"
        self.now = T0 + seconds
        self.send(f"<45>1 {time} {TOKEN} {source} {procid} - - {text}".encode())

    def sent(self) -> list[Series]:
        encoded = list(self.collector.drain())
        series = series_of(b"".join(one.data for one in encoded))
        assert len(series) == sum(one.samples for one in encoded)
        return series


def memory(run: str = A, total: float = 100, pgpgin: int = 10) -> str:
    return (
        f"source=web.1 dyno=heroku.42.{run} sample#memory_total={total:.2f}MB"
        " sample#memory_rss=90.00MB sample#memory_cache=1.00MB sample#memory_swap=0.00MB"
        f" sample#memory_pgpgin={pgpgin}pages sample#memory_pgpgout=1pages"
        " sample#memory_quota=512.00MB"
    )


def load(run: str = A, value: float = 0.5) -> str:
    return (
        f"source=web.1 dyno=heroku.42.{run} sample#load_avg_1m={value:.2f}"
        " sample#load_avg_5m=0.20 sample#load_avg_15m=0.10"
    )


def values(series: list[Series]) -> dict[str, float]:
    return {one.name: one.samples[0][0] for one in series}


def is_stale(one: Series) -> bool:
    return struct.pack("<d", one.samples[0][0]) == STALE


def test_every_value_of_a_sample_is_sent_with_the_time_of_its_line() -> None:
    receiver = Receiver()
    receiver.hear(memory(), 0.25)
    receiver.hear(load(), 1.5)

    sent = receiver.sent()
    assert values(sent) == {
        "heroku_dyno_memory_total_bytes": 100 * MB,
        "heroku_dyno_memory_rss_bytes": 90 * MB,
        "heroku_dyno_memory_cache_bytes": MB,
        "heroku_dyno_memory_swap_bytes": 0.0,
        "heroku_dyno_memory_quota_bytes": 512 * MB,
        "heroku_dyno_memory_pgpgin_pages_total": 10,
        "heroku_dyno_memory_pgpgout_pages_total": 1,
        "heroku_dyno_last_sample_timestamp_seconds": T0 + 0.25,
        "heroku_dyno_info": 1.0,
        "heroku_dyno_state": 1.0,
        "heroku_dyno_load_avg_1m": 0.5,
        "heroku_dyno_load_avg_5m": 0.2,
        "heroku_dyno_load_avg_15m": 0.1,
    }
    times = {one.name: one.samples[0][1] for one in sent}
    assert times["heroku_dyno_memory_rss_bytes"] == T0 * 1000 + 250
    assert times["heroku_dyno_load_avg_5m"] == T0 * 1000 + 1500
    assert receiver.sent() == []


def test_series_have_the_labels_of_the_metrics_and_the_constant_ones() -> None:
    receiver = Receiver({"job": "heroku-syslogd", "zone": "eu"})
    receiver.hear(memory())

    more = (("job", "heroku-syslogd"), ("zone", "eu"))
    for one in receiver.sent():
        own = {"heroku_dyno_info": ("dyno_id", A), "heroku_dyno_state": ("state", "up")}
        extra = (own[one.name],) if one.name in own else ()
        assert one.labels == (("__name__", one.name), *sorted((*DYNO, *extra, *more)))


def test_the_short_way_and_the_parser_send_the_same() -> None:
    """The first sample of a run goes through the parser, later ones are scanned."""
    receiver = Receiver()
    seen = []
    for second in (0, 20, 40):
        receiver.hear(memory(total=100 + second), second)
        receiver.hear(load(value=second / 100), second)
        seen.append([(one.labels, one.samples[0]) for one in receiver.sent()])

    assert receiver.pipeline.registry.dynos.scanned >= 2
    assert [labels for labels, _ in seen[1]] == [labels for labels, _ in seen[0]]
    assert [labels for labels, _ in seen[2]] == [labels for labels, _ in seen[0]]
    assert seen[2][0][1] == (140 * MB, (T0 + 40) * 1000)


def test_a_sample_that_comes_late_is_sent_all_the_same() -> None:
    receiver = Receiver()
    receiver.hear(load(value=0.5), 40)
    receiver.hear(load(value=0.3), 20)

    loads = [one.samples[0] for one in receiver.sent() if one.name == "heroku_dyno_load_avg_1m"]
    assert loads == [(0.5, (T0 + 40) * 1000), (0.3, (T0 + 20) * 1000)]


def test_pages_are_those_of_the_line_as_no_other_receiver_knows_earlier_runs() -> None:
    receiver = Receiver()
    receiver.hear(memory(A, pgpgin=10), 0)
    receiver.hear(memory(A, pgpgin=30), 20)
    receiver.hear(memory(B, pgpgin=5), 40)

    name = "heroku_dyno_memory_pgpgin_pages_total"
    assert [one.samples[0][0] for one in receiver.sent() if one.name == name] == [10, 30, 5]


def test_another_run_ends_the_series_of_the_one_before() -> None:
    receiver = Receiver()
    receiver.hear(memory(A), 0)
    receiver.hear(memory(B), 20)

    infos = [one for one in receiver.sent() if one.name == "heroku_dyno_info"]
    assert [(dict(one.labels)["dyno_id"], is_stale(one)) for one in infos] == [
        (A, False),
        (A, True),
        (B, False),
    ]


def test_a_dyno_that_ends_ends_all_its_series_at_that_time() -> None:
    receiver = Receiver()
    receiver.hear(memory(), 0)
    receiver.hear(load(), 0)
    begun = {one.labels for one in receiver.sent()}
    receiver.hear("State changed from up to crashed", 7)

    ended = receiver.sent()
    assert {one.labels for one in ended} == begun
    assert all(is_stale(one) for one in ended)
    assert {one.samples[0][1] for one in ended} == {(T0 + 7) * 1000}


def test_a_dyno_ends_with_all_series_that_other_receivers_may_have_sent() -> None:
    receiver = Receiver()
    receiver.hear(load(), 0)
    receiver.sent()
    receiver.hear("State changed from up to down", 7)

    ended = receiver.sent()
    assert {one.name for one in ended} >= {
        "heroku_dyno_load_avg_1m",
        "heroku_dyno_memory_rss_bytes",
        "heroku_dyno_last_sample_timestamp_seconds",
    }
    assert all(is_stale(one) for one in ended)


def test_a_dyno_that_falls_silent_ends_nothing_but_is_forgotten() -> None:
    receiver = Receiver()
    for number in range(1500):
        name = f"run.{number}"
        receiver.hear(load().replace("web.1", name), 0, procid=name)
    receiver.sent()
    assert len(receiver.collector._series) == 1500
    receiver.pipeline.registry.dynos.expire(receiver.now + 1000)

    receiver.hear(load(), 20)
    assert {one.name for one in receiver.sent()} == {
        f"heroku_dyno_load_avg_{minutes}m" for minutes in (1, 5, 15)
    }
    assert len(receiver.collector._series) == 1


def test_a_changed_state_ends_the_series_of_the_one_before() -> None:
    receiver = Receiver()
    receiver.hear("State changed from down to starting", 0)
    receiver.hear(memory(), 5)
    receiver.hear("State changed from starting to up", 7)
    receiver.hear(memory(), 25)

    states = [one for one in receiver.sent() if one.name == "heroku_dyno_state"]
    assert [(dict(one.labels)["state"], is_stale(one)) for one in states] == [
        ("starting", False),
        ("starting", True),
        ("up", False),
    ]


def test_samples_of_add_ons() -> None:
    receiver = Receiver()
    line = (
        "source=DATABASE addon=postgresql-curly-12345 sample#current_transaction=9"
        " sample#db_size=1000bytes sample#tables=3 sample#active-connections=5"
    )
    receiver.hear(line, 3, "app", "heroku-postgres")

    sent = receiver.sent()
    assert values(sent)["heroku_postgres_db_size_bytes"] == 1000
    assert values(sent)["heroku_postgres_last_sample_timestamp_seconds"] == T0 + 3
    assert {one.labels[1:] for one in sent} == {
        (("addon", "postgresql-curly-12345"), ("app", "shop"), ("source", "DATABASE"))
    }


def test_no_value_is_a_nan_that_could_be_taken_for_an_end() -> None:
    receiver = Receiver()
    receiver.hear(memory(), 0)

    assert not any(math.isnan(one.samples[0][0]) for one in receiver.sent())
