from __future__ import annotations

from heroku_syslogd.simulate.drain import Counts
from heroku_syslogd.simulate.progress import Progress, Summary

PLAIN = Counts(sent=900, bytes=240_000, lost=60, connections=1)
HTTP = Counts(
    sent=100,
    bytes=60_000,
    lost=40,
    damaged=4,
    connections=7,
    acknowledged=104,
    refused=20,
    in_doubt=10,
    retries=6,
    announced=30,
    faults=3,
    last_error="the receiver answered 503",
)


def test_progress_is_the_sum_over_all_drains() -> None:
    progress = Progress.of([HTTP, PLAIN, Counts()], 2.0, has_answers=True)

    assert progress == Progress(
        sent=1000,
        bytes=300_000,
        lost=100,
        seconds=2.0,
        connections=8,
        last_error="the receiver answered 503",
        has_answers=True,
        acknowledged=104,
        refused=20,
        in_doubt=10,
        retries=6,
        damaged=4,
        announced=30,
        faults=3,
    )
    assert Summary.at_the_end(progress).announced == 30


def test_a_summary_in_a_line() -> None:
    summary = Summary.at_the_end(Progress.of([PLAIN], 2.0, has_answers=False))

    assert str(summary) == (
        "900 messages sent, 60 lost, 240000 bytes, 1 connections, 2.0 s, 450 messages/s"
    )


def test_a_summary_tells_of_answers_and_faults_where_there_are_any() -> None:
    summary = Summary.at_the_end(Progress.of([HTTP], 2.0, has_answers=True))

    assert str(summary) == (
        "100 messages sent, 40 lost, 4 damaged, 3 faults injected, 104 acknowledged, 20 refused,"
        " 10 in doubt, 6 retries, 60000 bytes, 7 connections, 2.0 s, 50 messages/s"
    )
