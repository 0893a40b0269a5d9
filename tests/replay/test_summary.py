"""The books of what was understood and what not."""

from heroku_syslogd.config import Config, LimitsConfig
from heroku_syslogd.replay import UnknownKeys, summarise
from heroku_syslogd.wire import Dialect, encode_frame
from tests.replay.lines import RENDERED, check_books, line, load, replay_of


def test_what_was_not_understood_is_named() -> None:
    https = b"<134>1 2023-11-14T22:13:20+00:00 host heroku web.1 - - list\n"
    capture = b"".join(
        [
            line("22:13:20", "heroku", "nginx", "?") * 2,
            line("22:13:21", "app", "api", "?"),
            line("22:13:22", "app", "heroku-postgres", "source=D sample#a=1 sample#b=1"),
            line("22:13:23", "app", "heroku-postgres", "source=D sample#b=1"),
            line("22:13:24", "heroku", "logplex", "Error L10 (x): 7 messages dropped since x."),
            encode_frame(b"<13>2 x"),
            encode_frame(https),
        ]
    )
    summary = summarise(replay_of(capture))

    assert summary.unrecognised == {"heroku[nginx]": 2, "app[api]": 1, "heroku[web]": 1}
    assert summary.unknown_keys == {"postgres": UnknownKeys(3, ("b", "a"))}
    assert summary.lost == {"header: version": 1}
    assert not summary.seems_https
    check_books(summary)


def test_losses_that_heroku_reports_are_added_up() -> None:
    loss = "Error L10 (output buffer overflow): 7 messages dropped since 2023-11-14T22:00:00+00:00."
    capture = line("22:13:20", "heroku", "logplex", loss) * 3

    assert summarise(replay_of(capture)).reported_lost == 21


def test_lines_of_an_https_drain_in_the_wrong_dialect_are_noticed() -> None:
    frame = encode_frame(b"<134>1 2023-11-14T22:13:20+00:00 host app web.1 - - item\n")

    assert summarise(replay_of(frame)).seems_https
    assert not summarise(replay_of(frame, dialect=Dialect.LOGPLEX_1)).seems_https
    assert not summarise(replay_of(RENDERED)).seems_https


def test_lines_of_drains_that_lost_their_places_stay_in_the_summary() -> None:
    config = Config(limits=LimitsConfig(max_apps=1))
    capture = (
        line("22:00:00", "heroku", "nginx", "?", b"d.first")
        + line("22:30:00", "heroku", "nginx", "?", b"d.second")
        + line("22:30:01", "heroku", "web.1", "?", b"d.third")
    )
    summary = summarise(replay_of(capture, config=config))

    assert summary.unrecognised == {"heroku[nginx]": 2}
    assert summary.lost == {"app_limit": 1}
    check_books(summary)


def test_output_alone_is_nothing_understood() -> None:
    assert not summarise(replay_of(line("22:13:20", "app", "web.1", "hello"))).understood_anything
    assert not summarise(replay_of()).understood_anything
    assert summarise(replay_of(load("22:13:20", "web.1"))).understood_anything
