"""The summary for people."""

import io

import pytest

from heroku_syslogd.replay import print_summary, rows, summarise
from heroku_syslogd.wire import encode_frame
from tests.replay.lines import line, load, replay_of


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_summary_is_aligned_text_where_there_is_no_terminal() -> None:
    capture = load("22:13:20", "web.1") * 2000 + line("22:14:20", "heroku", "nginx", "?") + b"\n"
    out = io.StringIO()
    print_summary(summarise(replay_of(capture)), 0.5, out)

    assert out.getvalue().splitlines() == [
        f"messages            2,001  {len(capture):,} bytes in 1 capture",
        "time span         0:01:00  2023-11-14 22:13:20 to 2023-11-14 22:14:20 UTC",
        "messages/s          4,002  0.5 s",
        "applied             2,001",
        "understood          2,000",
        "  runtime_sample    2,000",
        "output                  0  of applications; it need not mean anything",
        "unrecognised            1",
        "  heroku[nginx]         1",
        "lost                    0",
        "malformed               1  stretches that are no message, 1 bytes",
        "  blank                 1  1 bytes",
    ]


def test_the_summary_is_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    frame = encode_frame(b"<134>1 2023-11-14T22:13:20+00:00 host heroku nginx - - ?\n")
    summary = summarise(replay_of(frame))
    out, plain = Terminal(), Terminal()
    print_summary(summary, 0.5, out)
    monkeypatch.setenv("NO_COLOR", "1")
    print_summary(summary, 0.5, plain)

    assert "\x1b[33m" in out.getvalue()
    assert "heroku[nginx]" in out.getvalue()
    assert "--dialect logplex" in out.getvalue()
    assert "\x1b[33m" not in plain.getvalue()


def test_a_long_list_of_what_was_not_understood_is_cut() -> None:
    capture = b"".join(line("22:13:20", "heroku", f"part{n}", "?") for n in range(25))
    keys = " ".join(f"sample#key{n}=1" for n in range(10))
    capture += line("22:13:20", "app", "heroku-redis", f"source=R {keys}")
    shown = list(rows(summarise(replay_of(capture)), 1.0))

    assert [row.value for row in shown if row.label == "5 others"] == ["5"]
    assert [row.remark for row in shown if row.label == "unknown redis keys"] == [
        "key0, key1, key2, key3, key4, key5, key6, key7 and 2 others"
    ]
