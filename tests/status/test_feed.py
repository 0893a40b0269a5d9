"""Recent events: what is notable, what counts up, and that nothing grows."""

from __future__ import annotations

import pytest

from heroku_syslogd.heroku import ApiAction
from heroku_syslogd.status.feed import (
    _API_TEXTS,
    LONGEST_TEXT,
    MOST_ENTRIES,
    TOGETHER,
    Entry,
    Feed,
)
from tests.status.bench import T0, TOKEN, Bench


def told(bench: Bench) -> list[tuple[str, str, str, int]]:
    return [(one.app, one.severity, one.text, one.count) for one in bench.feed]


@pytest.mark.parametrize(
    ("source", "procid", "line", "severity", "text"),
    [
        ("app", "api", "Deploy 1a2b3c4d by user user@example.com", "good", "Deployed 1a2b3c4d"),
        ("app", "api", "Release v42 created by user user@example.com", "info", "Released v42"),
        ("app", "api", "Rollback to v41 by user user@example.com", "warning", "Rolled back v41"),
        ("app", "api", "Build succeeded", "good", "Build succeeded"),
        ("app", "api", "Build failed", "bad", "Build failed"),
        (
            *("app", "api"),
            "Scaled to web@4:Standard-1X worker@1:Performance-M by user user@example.com",
            *("info", "Scaled to web@4:Standard-1X worker@1:Performance-M"),
        ),
        ("heroku", "web.1", "State changed from up to crashed", "bad", "web.1 crashed"),
    ],
)
def test_what_is_notable_is_told(
    source: str, procid: str, line: str, severity: str, text: str
) -> None:
    bench = Bench()
    bench.say(source, procid, line)

    assert told(bench) == [("shop", severity, text, 1)]


@pytest.mark.parametrize(
    ("source", "procid", "line"),
    [
        ("heroku", "web.1", "State changed from starting to up"),
        ("heroku", "web.1", "Cycling"),
        ("heroku", "web.1", "Process exited with status 143"),
        ("app", "web.1", "State changed from up to crashed"),
        ("app", "web.1", "Deploy 1a2b3c4d by user user@example.com"),
    ],
)
def test_daily_life_and_what_an_application_prints_are_not(
    source: str, procid: str, line: str
) -> None:
    bench = Bench()
    bench.say(source, procid, line)

    assert told(bench) == []


def test_people_are_not_named() -> None:
    bench = Bench()
    for line in ("Deploy 1a2b3c4d", "Scaled to web@4:Standard-1X", "Set FOO config vars"):
        bench.say("app", "api", f"{line} by user user@example.com")

    assert len(told(bench)) == 3
    assert "example.com" not in str(told(bench))


def test_every_action_of_the_api_has_its_words() -> None:
    assert _API_TEXTS.keys() == set(ApiAction)


def test_what_happens_again_soon_counts_up_and_comes_first() -> None:
    bench = Bench()
    bench.say("heroku", "web.1", "State changed from up to crashed")
    bench.say("app", "api", "Build failed")
    bench.say("heroku", "web.1", "State changed from starting to crashed", times=2)

    assert told(bench) == [
        ("shop", "bad", "web.1 crashed", 3),
        ("shop", "bad", "Build failed", 1),
    ]


def test_what_happens_again_later_is_another_entry() -> None:
    feed = Feed()
    for at in (T0, T0 + TOGETHER - 1, T0 + 2 * TOGETHER):
        feed.count_errors("shop", "web", "R14", 5, at)

    assert [(entry.count, entry.at) for entry in feed] == [(5, T0 + 600), (10, T0 + 299)]


def test_a_late_line_does_not_set_an_entry_back() -> None:
    feed = Feed()
    feed.count_errors("shop", "web", "R14", 1, T0)
    feed.count_errors("shop", "web", "R14", 1, T0 - 20)

    assert [entry.at for entry in feed] == [T0]


def test_errors_carry_their_code_and_how_bad_they_are() -> None:
    feed = Feed()
    for process_type, code in (("web", "H12"), ("web", "R14"), ("logplex", "L10")):
        feed.count_errors("shop", process_type, code, 3, T0)

    assert [(one.code, one.kind, one.severity, one.text) for one in feed] == [
        ("L10", "log_loss", "bad", "L10 in logplex"),
        ("R14", "platform_error", "warning", "R14 in web"),
        ("H12", "platform_error", "bad", "H12 in web"),
    ]


def test_the_feed_is_bounded_in_entries_and_in_their_length() -> None:
    bench = Bench()
    for number in range(MOST_ENTRIES + 50):
        bench.say("app", "api", f"Deploy {number:07x}{'f' * 40} by user user@example.com")
    bench.say("app", "api", f"Something {'very ' * 100}odd by user user@example.com")

    entries: list[Entry] = list(bench.feed)
    assert len(entries) == MOST_ENTRIES
    assert len(bench.feed._latest) == MOST_ENTRIES
    assert max(len(entry.text) for entry in entries) <= LONGEST_TEXT
    assert TOKEN not in str(entries)
