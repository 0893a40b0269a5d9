from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.simulate.faults import Fault
from heroku_syslogd.simulate.http_batches import (
    ATTEMPTS,
    Attempt,
    HttpBatches,
    Outcome,
    Verdict,
    new_frame_id,
)
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import http_frame

from .lines import TOKEN, line
from .receivers import split_octets

OK = Outcome(200)
REFUSED = Outcome(400)
UNAVAILABLE = Outcome(503)
NO_ANSWER = Outcome(None, "the receiver took too long to answer", is_in_doubt=True)

NOW = 1_415_694_264.5


def batches(*numbers: int, capacity: int = 1024) -> HttpBatches:
    ids = iter(f"{number:032X}" for number in range(1, 1000))
    made = HttpBatches(0, TOKEN, capacity=capacity, frame_ids=lambda: next(ids), rng=Random(1))
    for number in numbers:
        made.push(line(number), NOW)
    return made


def attempt_of(made: HttpBatches, now: float = NOW, fault: Fault | None = None) -> Attempt:
    attempt = made.next_attempt(now, fault)
    assert attempt is not None
    return attempt


def tried(made: HttpBatches, *outcomes: Outcome) -> list[Attempt]:
    attempts = []
    for outcome in outcomes:
        attempts.append(attempt_of(made))
        made.settle(outcome)
    return attempts


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Verdict.ACKNOWLEDGED),
        (204, Verdict.ACKNOWLEDGED),
        (299, Verdict.ACKNOWLEDGED),
        (400, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (413, Verdict.REFUSED),
        (499, Verdict.REFUSED),
        (429, Verdict.FAILED),
        (100, Verdict.FAILED),
        (302, Verdict.FAILED),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
        (None, Verdict.FAILED),
    ],
)
def test_what_a_status_means(status: int | None, expected: Verdict) -> None:
    assert Outcome(status).verdict is expected


def test_nothing_to_send() -> None:
    made = batches()

    assert not made
    assert made.next_attempt(NOW) is None


def test_a_batch_is_all_that_waits() -> None:
    made = batches(0, 1, 2)
    attempt = attempt_of(made)

    assert attempt.messages == (line(0), line(1), line(2))
    assert attempt.body == b"".join(http_frame(line(number)) for number in range(3))
    assert (attempt.number, attempt.msg_count, attempt.announced) == (1, 3, 0)
    assert attempt.frame_id == f"{1:032X}"


def test_an_acknowledged_batch_is_done() -> None:
    made = batches(0, 1)
    tried(made, OK)

    assert not made
    counts = made.counts
    assert (counts.sent, counts.acknowledged, counts.lost, counts.retries) == (2, 2, 0, 0)


def test_bodies_have_up_to_100_kib() -> None:
    made = batches()
    for number in range(30):
        made.push(line(number, size=9000), NOW)
    first, second, third = tried(made, OK, OK, OK)

    assert [len(a.messages) for a in (first, second, third)] == [11, 11, 8]
    assert 102_400 - 9100 < len(first.body) <= 102_400


def test_a_frame_that_is_larger_than_that_goes_alone() -> None:
    made = batches(0)
    made.push(line(1, size=200_000), NOW)
    made.push(line(2), NOW)

    assert [len(attempt.messages) for attempt in tried(made, OK, OK, OK)] == [1, 1, 1]


def test_a_retry_has_the_frame_id_and_the_messages_of_the_attempt_before() -> None:
    made = batches(0, 1)
    first = attempt_of(made)
    made.push(line(2), NOW)
    made.settle(UNAVAILABLE)
    assert made.is_retrying is True
    second, third = tried(made, NO_ANSWER, OK)

    assert second == first._replace(number=2)
    assert third == first._replace(number=3)
    counts = made.counts
    assert (counts.sent, counts.lost, counts.retries, counts.in_doubt) == (2, 0, 2, 0)
    assert attempt_of(made).messages == (line(2),)


def test_the_third_failure_is_the_last() -> None:
    made = batches(0, 1)
    tried(made, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE)

    assert not made
    counts = made.counts
    assert (counts.sent, counts.lost, counts.refused, counts.in_doubt) == (0, 2, 0, 0)


def test_a_refused_batch_is_not_tried_again() -> None:
    made = batches(0, 1)
    tried(made, REFUSED)

    assert not made
    assert (made.counts.lost, made.counts.refused, made.counts.retries) == (2, 2, 0)


@pytest.mark.parametrize(
    "outcomes",
    [(NO_ANSWER, UNAVAILABLE, UNAVAILABLE), (UNAVAILABLE, NO_ANSWER, REFUSED), (NO_ANSWER,) * 3],
)
def test_what_was_sent_without_an_answer_the_receiver_may_have(
    outcomes: tuple[Outcome, ...],
) -> None:
    made = batches(0, 1)
    tried(made, *outcomes)

    assert (made.counts.lost, made.counts.in_doubt) == (2, 2)


def test_losses_are_told_first_in_the_next_body_without_a_line_feed() -> None:
    made = batches(0, 1)
    tried(made, REFUSED)
    made.push(line(2), NOW)
    attempt = attempt_of(made, NOW + 60.0)

    l10, rest = split_octets(attempt.body)
    assert l10 == (
        b"<172>1 2014-11-11T08:25:24+00:00 host heroku logplex - Error L10 (output buffer"
        b" overflow): 2 messages dropped since 2014-11-11T08:24:24+00:00."
    )
    assert rest == b"<190>1 2022-01-26T20:25:08+00:00 host app web.1 - 2 \n"
    assert attempt.messages == (line(2),)
    assert (attempt.msg_count, attempt.announced) == (2, 2)


def test_the_loss_line_is_built_anew_for_each_attempt() -> None:
    made = batches(0)
    tried(made, REFUSED)
    made.push(line(1), NOW)
    stamps = []
    for number in range(ATTEMPTS):
        attempt = attempt_of(made, NOW + number)
        stamps.append(attempt.frames[0].split(b" ")[2][-8:])
        assert attempt.announced == 1
        made.settle(UNAVAILABLE)

    assert stamps == [b"24+00:00", b"25+00:00", b"26+00:00"]


def test_a_loss_is_told_until_it_is_acknowledged_and_grows_with_batches_that_fail() -> None:
    made = batches(0)
    tried(made, REFUSED)
    made.push(line(1), NOW)
    assert [a.announced for a in tried(made, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE)] == [1, 1, 1]
    made.push(line(2), NOW)
    assert [a.announced for a in tried(made, UNAVAILABLE, OK)] == [2, 2]
    made.push(line(3), NOW)

    assert [a.announced for a in tried(made, OK)] == [0]
    assert (made.counts.announced, made.counts.lost, made.counts.sent) == (2, 2, 3)


def test_overflow_drops_the_oldest_and_is_told_by_the_next_batch() -> None:
    made = batches(*range(7), capacity=5)
    (first,) = tried(made, OK)

    assert first.messages == tuple(map(line, range(2, 7)))
    assert (first.announced, first.msg_count) == (2, 6)
    assert (made.counts.lost, made.counts.sent, made.counts.announced) == (2, 6, 2)


def test_overflow_during_an_attempt_is_told_by_the_batch_after() -> None:
    made = batches(0, capacity=2)
    first = attempt_of(made)
    for number in range(1, 6):
        made.push(line(number), NOW)
    made.settle(UNAVAILABLE)
    retry, after = tried(made, OK, OK)

    assert (first.announced, retry.announced, after.announced) == (0, 0, 3)
    assert after.messages == (line(4), line(5))


def test_what_is_left_at_the_end_is_lost() -> None:
    made = batches(0, 1)
    tried(made, UNAVAILABLE)
    made.push(line(2), NOW)
    made.abandon()

    assert not made
    assert (made.counts.lost, made.counts.in_doubt) == (3, 0)


def test_an_attempt_under_way_at_the_end_is_in_doubt() -> None:
    made = batches(0, 1)
    attempt_of(made)
    made.push(line(2), NOW)
    made.abandon()

    assert (made.counts.lost, made.counts.in_doubt) == (3, 2)


def test_the_last_problem_is_kept() -> None:
    made = batches(0)
    tried(made, NO_ANSWER, OK)

    assert made.counts.last_error == NO_ANSWER.problem


def test_a_loss_that_never_was_has_no_line_feed_either() -> None:
    made = batches(0)
    attempt = attempt_of(made, fault=Fault.UNTERMINATED_LOSS)

    assert attempt.frames[0].endswith(b" 1 messages dropped since 2014-11-11T08:24:24+00:00.")
    assert attempt.frames[1:] == (http_frame(line(0)),)
    made.settle(UNAVAILABLE)
    assert attempt_of(made, NOW + 1.0).frames[0] > attempt.frames[0]
    made.settle(OK)
    assert (made.counts.sent, made.counts.lost, made.counts.announced) == (2, 0, 1)


def test_a_miscounted_frame_stays_so_in_retries_and_costs_two_messages_at_most() -> None:
    made = batches(*range(20))
    attempt = attempt_of(made, fault=Fault.MISCOUNT)
    made.settle(UNAVAILABLE)
    (retry,) = tried(made, OK)

    wrong = [f for f, n in zip(attempt.frames, range(20), strict=True) if f != http_frame(line(n))]
    assert len(wrong) == 1
    assert retry.frames == attempt.frames
    assert attempt.damaged == 2
    assert (made.counts.sent, made.counts.damaged, made.counts.acknowledged) == (18, 2, 20)


def test_a_miscounted_frame_that_is_alone_costs_itself() -> None:
    made = batches(0)
    attempt = attempt_of(made, fault=Fault.MISCOUNT)
    made.settle(OK)

    assert attempt.damaged == 1
    assert (made.counts.sent, made.counts.damaged) == (0, 1)


def test_a_batch_without_headers_has_one_attempt() -> None:
    made = batches(0, 1)
    attempt = attempt_of(made, fault=Fault.HEADERLESS)
    made.settle(NO_ANSWER)

    assert attempt.frame_id is None
    assert not made
    assert (made.counts.lost, made.counts.in_doubt, made.counts.retries) == (2, 2, 0)


def test_a_fault_is_for_a_new_batch_alone() -> None:
    made = batches(0)
    tried(made, UNAVAILABLE)

    assert attempt_of(made, fault=Fault.HEADERLESS).frame_id == f"{1:032X}"


def test_a_big_batch_is_100_kib_or_a_full_buffer() -> None:
    large = batches()
    is_big = []
    for number in range(12):
        large.push(line(number, size=9000), NOW)
        is_big.append(large.has_big_batch)

    assert is_big == [False] * 11 + [True]
    assert [batches(*range(count)).has_big_batch for count in (0, 1023, 1024)] == [
        False,
        False,
        True,
    ]


def test_frame_ids_are_32_upper_case_digits_and_never_the_same() -> None:
    ids = {new_frame_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(len(frame_id) == 32 for frame_id in ids)
    assert all(set(frame_id) <= set("0123456789ABCDEF") for frame_id in ids)


outcomes = st.sampled_from([OK, REFUSED, UNAVAILABLE, NO_ANSWER])
steps = st.one_of(st.integers(1, 8), st.tuples(outcomes, st.none() | st.sampled_from(list(Fault))))


@given(st.lists(steps, max_size=60))
def test_every_message_is_sent_or_damaged_or_lost(
    todo: list[int | tuple[Outcome, Fault | None]],
) -> None:
    made = batches(capacity=5)
    pushed, loss_lines = 0, 0
    ids: dict[str, tuple[Line, ...]] = {}
    for step in todo:
        if isinstance(step, int):
            for _ in range(step):
                made.push(line(pushed), NOW)
                pushed += 1
            continue
        outcome, fault = step
        attempt = made.next_attempt(NOW, fault)
        if attempt is None:
            continue
        made.settle(outcome)
        if outcome is OK:
            loss_lines += attempt.msg_count - len(attempt.messages)
        if attempt.frame_id is not None:
            assert ids.setdefault(attempt.frame_id, attempt.messages) == attempt.messages
            assert attempt.number <= ATTEMPTS
    made.abandon()

    counts = made.counts
    assert counts.sent + counts.damaged == counts.acknowledged
    assert counts.sent + counts.damaged + counts.lost == pushed + loss_lines
    assert counts.in_doubt + counts.refused <= 2 * counts.lost
    assert counts.in_doubt <= counts.lost
