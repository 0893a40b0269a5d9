from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random

from heroku_syslogd.simulate.addons.postgres_log import PostgresLog

NOW = datetime(2022, 11, 15, 21, 29, 4, 182_000, UTC).timestamp()


def log() -> PostgresLog:
    return PostgresLog("PURPLE", ("sidekiq app [6 of 16 busy]",), Random(1), NOW - 86_400)


def test_a_client_s_record_has_the_whole_prefix() -> None:
    (part,) = log().of_client(NOW, "00000", "LOG:  duration: 2405.887 ms  statement: SELECT 1")
    match = re.fullmatch(
        r'\[PURPLE\] \[\d+-1\]  sql_error_code = 00000 time_ms = "2022-11-15 21:29:04\.182 UTC"'
        r' pid="(\d+)" proc_start_time="(2022-11-15 2\d:\d\d:\d\d UTC)"'
        r' session_id="([0-9a-f]{8})\.([0-9a-f]+)" vtid="\d+/\d+" tid="0" log_line="\d+"'
        r' database="d[0-9a-f]{13}" connection_source="10\.0\.\d+\.\d+\(\d{5}\)"'
        r' user="u[0-9a-f]{13}" application_name="sidekiq app \[6 of 16 busy\]"'
        r" LOG:  duration: 2405\.887 ms  statement: SELECT 1",
        part,
    )

    assert match is not None
    pid, started, session_start, session_pid = match.groups()
    # Postgres makes the id of a session of its start and its process.
    assert int(session_pid, 16) == int(pid)
    start = datetime.strptime(started, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    assert int(session_start, 16) == start.timestamp() < NOW


def test_a_process_of_the_server_has_no_client() -> None:
    (part,) = log().of_server(NOW, "LOG:  checkpoint starting: time")

    assert re.search(r' vtid="" tid="0" log_line="\d+" LOG:  checkpoint starting: time$', part)


def test_follow_ups_have_a_prefix_and_further_lines_have_none() -> None:
    parts = log().of_client(NOW, "23505", "ERROR:  no", "DETAIL:  Key", "STATEMENT:  a\n\tb\nc")
    entries = [re.match(r"\[PURPLE\] \[(\d+)-(\d+)\] (.)", part) for part in parts]

    assert [match and match[2] for match in entries] == ["1", "2", "3", "4", "5"]
    assert len({match and match[1] for match in entries}) == 1
    assert [match and match[3] for match in entries] == [" ", " ", " ", "\t", "c"]
    assert parts[1].endswith(" DETAIL:  Key")


def test_entries_are_numbered() -> None:
    server = log()
    first, second = (server.of_server(NOW, "LOG:  x")[0] for _ in range(2))

    assert [int(part.split("[")[2].split("-")[0]) for part in (first, second)][1] == (
        int(first.split("[")[2].split("-")[0]) + 1
    )
    assert re.fullmatch(r"postgres\.\d{6,7}", server.procid)
