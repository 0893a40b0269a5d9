from __future__ import annotations

import copy
from typing import Any, Final

import pytest

from benchmarks.report import (
    Run,
    Summaries,
    Summary,
    change_table,
    differences,
    losses,
    relate,
    scenario_figures,
    summarise,
    table,
)
from benchmarks.scenarios import Scenario
from benchmarks.transports import Transport

MIB: Final = 2**20
MESSAGES: Final = 1_000_000
TCP: Final = Scenario(Transport.TCP, 1)
TCP_4: Final = Scenario(Transport.TCP, 4)
UDP: Final = Scenario(Transport.UDP, 1)
HTTP: Final = Scenario(Transport.HTTP, 1)
TLS: Final = Scenario(Transport.TLS, 1)
FILE: Final = Scenario(Transport.FILE, 1)


def summary(cpu_seconds: float, lost: int = 0) -> Summary:
    return summarise([Run(cpu_seconds, 2.0, MIB, MESSAGES - lost, lost)])


def figures_of(summaries: Summaries, **others: Any) -> dict[str, Any]:
    relate(summaries)
    about = {
        "date": "2026-01-01T00:00:00+00:00",
        "machine": {"cpu": "one", "processors": 2},
        "programs": {"python": "3.11.2", "rsyslog": "8.1"},
        "messages": MESSAGES,
        "rounds": 1,
        "datagrams_per_second": 1000,
        "pinning": {"receiver": [1], "sender": [0]},
        "output_filesystem": "tmpfs",
    }
    scenarios = scenario_figures(summaries, dict.fromkeys(summaries, 262.0))
    return copy.deepcopy({**about, **others, "scenarios": scenarios})


def test_summary_has_medians_the_largest_memory_and_all_losses() -> None:
    runs = [
        Run(3.0, 4.0, MIB, MESSAGES),
        Run(1.0, 2.0, 3 * MIB, MESSAGES),
        Run(0.75, 1.0, MIB, MESSAGES // 2, MESSAGES // 2),
    ]

    one = summarise(runs)

    assert one["cpu_us_per_message"] == 1.5
    assert one["messages_per_second"] == 500_000
    assert one["peak_memory_bytes"] == 3 * MIB
    assert one["lost_messages"] == MESSAGES // 2
    assert [run["cpu_us_per_message"] for run in one["runs"]] == [3.0, 1.0, 1.5]
    assert [Run(**{name: run[name] for name in Run._fields}) for run in one["runs"]] == runs


def test_ratio_to_the_peer_is_to_rsyslog_of_the_same_scenario_or_to_mtail() -> None:
    daemon, rsyslog, mtail = summary(3.0), summary(2.0), summary(6.0)
    summaries = {
        TCP: {"heroku-syslogd": summary(2.0), "rsyslog": summary(1.0)},
        HTTP: {"heroku-syslogd": summary(2.0)},
        TLS: {"heroku-syslogd": daemon, "rsyslog": rsyslog},
        FILE: {"heroku-syslogd replay": summary(3.0), "mtail": mtail},
    }

    relate(summaries)

    assert (daemon["cpu_ratio_to_peer"], rsyslog["cpu_ratio_to_peer"]) == (1.5, 1.0)
    assert summaries[TCP]["heroku-syslogd"]["cpu_ratio_to_peer"] == 2.0
    assert summaries[HTTP]["heroku-syslogd"]["cpu_ratio_to_peer"] is None
    assert summaries[FILE]["heroku-syslogd replay"]["cpu_ratio_to_peer"] == 0.5


def test_ratio_to_tcp_is_that_of_the_same_receiver_over_one_connection() -> None:
    more, http, over_tcp = summary(3.0), summary(2.5), summary(2.0)
    peer = summary(1.0)
    summaries = {
        TCP: {"heroku-syslogd": over_tcp},
        TCP_4: {"heroku-syslogd": more, "rsyslog": peer},
        HTTP: {"heroku-syslogd": http},
    }

    relate(summaries)

    ratios = [one["cpu_ratio_to_tcp"] for one in (more, http, over_tcp, peer)]
    assert ratios == [1.5, 1.25, None, None]


def test_peer_of_less_than_a_tick_gives_no_ratio() -> None:
    one, rsyslog = summary(1.0), summary(0.0)

    relate({TCP: {"heroku-syslogd": one, "rsyslog": rsyslog}})

    assert one["cpu_ratio_to_peer"] is None


def test_scenarios_name_themselves_and_their_peer() -> None:
    tcp, tcp_4 = figures_of(
        {TCP: {"heroku-syslogd": summary(1.0)}, TCP_4: {"rsyslog": summary(1.0)}}
    )["scenarios"]

    assert (tcp["title"], tcp["transport"], tcp["connections"], tcp["peer"]) == (
        *("tcp", "tcp", 1, None),
    )
    assert (tcp_4["title"], tcp_4["connections"], tcp_4["peer"]) == ("tcp 4", 4, "rsyslog")
    assert tcp["mean_message_bytes"] == 262.0


def test_table_has_a_line_for_each_receiver_in_each_scenario() -> None:
    figures = figures_of(
        {
            TCP: {"heroku-syslogd": summary(2.0), "rsyslog": summary(1.0)},
            UDP: {"heroku-syslogd": summary(3.0, lost=0), "syslog-ng": summary(2.0, lost=500_000)},
        }
    )

    heading, *lines = table(figures).splitlines()

    assert "CPU : peer" in heading
    assert [line.split() for line in lines] == [
        ["tcp", "heroku-syslogd", "2.00", "2.00-2.00", "500,000", "1.0", "0", "2.00", "-"],
        ["tcp", "rsyslog", "1.00", "1.00-1.00", "500,000", "1.0", "0", "1.00", "-"],
        ["udp", "heroku-syslogd", "3.00", "3.00-3.00", "500,000", "1.0", "0", "-", "1.50"],
        ["udp", "syslog-ng", "4.00", "4.00-4.00", "250,000", "1.0", "500,000", "-", "-"],
    ]


@pytest.mark.parametrize("cpu_seconds", [0.0, 0.01])
def test_table_bears_a_turn_that_took_next_to_no_time(cpu_seconds: float) -> None:
    figures = figures_of({TCP: {"heroku-syslogd": summary(cpu_seconds)}})

    assert "heroku-syslogd" in table(figures)
    assert "heroku-syslogd" in change_table(figures, figures)


def test_losses_are_named_with_who_had_them() -> None:
    none = figures_of({TCP: {"rsyslog": summary(1.0)}})
    some = figures_of({UDP: {"heroku-syslogd": summary(1.0), "rsyslog": summary(1.0, lost=1234)}})

    assert losses(none).startswith("nothing was lost")
    assert losses(some).startswith("lost: rsyslog over udp: 1,234 of 1,000,000;")


def test_change_is_that_of_what_both_have_measured() -> None:
    before = figures_of({TCP: {"heroku-syslogd": summary(2.0), "rsyslog": summary(1.0)}})
    now = figures_of({TCP: {"heroku-syslogd": summary(1.5)}, TLS: {"rsyslog": summary(1.0)}})

    _, *lines = change_table(now, before).splitlines()

    assert [" ".join(line.split()) for line in lines] == [
        "tcp heroku-syslogd 2.00 -> 1.50 -25 % 500,000 -> 500,000 1.0 -> 1.0"
    ]


def test_what_makes_runs_hard_to_compare_is_named() -> None:
    one = figures_of({TCP: {"heroku-syslogd": summary(2.0)}})
    other = figures_of(
        {TCP: {"heroku-syslogd": summary(2.0)}},
        programs={"python": "3.12.1", "mtail": "3.0"},
        messages=1000,
    )

    assert differences(one, one) == []
    assert differences(other, one) == ["python: 3.11.2 -> 3.12.1", "messages: 1000000 -> 1000"]
