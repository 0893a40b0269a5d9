from __future__ import annotations

from typing import Final

import pytest

from benchmarks.report import Run, Summary, compare, summarise, table
from benchmarks.transports import Transport

MIB: Final = 2**20
MESSAGES: Final = 1_000_000


def summary(cpu_seconds: float) -> Summary:
    return summarise([Run(cpu_seconds, 2.0, MIB)], MESSAGES)


def test_summary_has_medians_and_the_largest_memory() -> None:
    runs = [Run(3.0, 4.0, MIB), Run(1.0, 2.0, 3 * MIB), Run(1.5, 1.0, MIB)]

    one = summarise(runs, MESSAGES)

    assert one["cpu_us_per_message"] == 1.5
    assert one["messages_per_second"] == 500_000
    assert one["peak_memory_bytes"] == 3 * MIB
    assert one["runs"] == [run._asdict() for run in runs]


def test_ratio_to_rsyslog_is_that_of_the_same_transport() -> None:
    daemon, rsyslog = summary(3.0), summary(2.0)
    summaries = {
        Transport.TCP: {"heroku-syslogd": summary(2.0), "rsyslog": summary(1.0)},
        Transport.HTTP: {"heroku-syslogd": summary(2.0)},
        Transport.TLS: {"heroku-syslogd": daemon, "rsyslog": rsyslog},
    }

    compare(summaries)

    assert (daemon["cpu_ratio_to_rsyslog"], rsyslog["cpu_ratio_to_rsyslog"]) == (1.5, 1.0)
    assert summaries[Transport.TCP]["heroku-syslogd"]["cpu_ratio_to_rsyslog"] == 2.0
    assert summaries[Transport.HTTP]["heroku-syslogd"]["cpu_ratio_to_rsyslog"] is None


def test_ratio_to_tcp_is_that_of_the_same_receiver() -> None:
    tls, http, over_tcp = summary(3.0), summary(2.5), summary(2.0)
    peer = summary(1.0)
    summaries = {
        Transport.TCP: {"heroku-syslogd": over_tcp},
        Transport.HTTP: {"heroku-syslogd": http},
        Transport.TLS: {"heroku-syslogd": tls, "rsyslog": peer},
    }

    compare(summaries)

    ratios = [one["cpu_ratio_to_tcp"] for one in (tls, http, over_tcp, peer)]
    assert ratios == [1.5, 1.25, None, None]


def test_reference_of_less_than_a_tick_gives_no_ratio() -> None:
    one, rsyslog = summary(1.0), summary(0.0)

    compare({Transport.TCP: {"heroku-syslogd": one, "rsyslog": rsyslog}})

    assert one["cpu_ratio_to_rsyslog"] is None


def test_table_has_a_line_for_each_receiver_over_each_transport() -> None:
    summaries = {
        Transport.TCP: {"heroku-syslogd": summary(2.0), "rsyslog": summary(1.0)},
        Transport.TLS: {"heroku-syslogd": summary(3.0)},
    }
    compare(summaries)

    heading, *lines = table(summaries, MESSAGES).splitlines()

    assert "CPU : rsyslog" in heading
    assert [line.split() for line in lines] == [
        ["tcp", "heroku-syslogd", "2.00", "2.00-2.00", "500,000", "1.0", "2.00", "-"],
        ["tcp", "rsyslog", "1.00", "1.00-1.00", "500,000", "1.0", "1.00", "-"],
        ["tls", "heroku-syslogd", "3.00", "3.00-3.00", "500,000", "1.0", "-", "1.50"],
    ]


@pytest.mark.parametrize("cpu_seconds", [0.0, 0.01])
def test_table_bears_a_turn_that_took_next_to_no_time(cpu_seconds: float) -> None:
    summaries = {Transport.TCP: {"heroku-syslogd": summary(cpu_seconds)}}

    assert "heroku-syslogd" in table(summaries, MESSAGES)
