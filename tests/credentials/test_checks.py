"""Checks of passwords: how many, for whom, and what is remembered of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import bcrypt
import pytest

from heroku_syslogd.credentials import (
    CHECKS,
    CHECKS_PER_PEER,
    REFUSALS_KEPT,
    Accepted,
    Credential,
    Credentials,
    Denial,
)
from tests.credentials.checks import (
    DRAIN,
    HASH,
    PEER,
    PLAIN,
    RIGHT,
    WRONG,
    Held,
    Recorder,
    basic,
    begin,
    holding,
    never,
)


async def test_passwords_above_what_bcrypt_takes_are_refused_unless_the_secret_is_plain() -> None:
    long = "x" * 73
    truncating = Credential("drain", bcrypt.hashpw(long[:72].encode(), bcrypt.gensalt(4)))
    credentials = Credentials([truncating, Credential("plain", long.encode())], check=never)

    assert await credentials.verify(basic("drain", long), PEER) is Denial.REFUSED
    assert await credentials.verify(basic("other", long), PEER) is Denial.REFUSED
    assert await credentials.verify(basic("plain", long), PEER) == Accepted("plain", "")
    assert await credentials.verify(basic("plain", long + "x"), PEER) is Denial.REFUSED


@pytest.mark.parametrize("user", ["dear", "cheap", "plain", "unknown"])
async def test_every_failure_takes_the_work_of_the_dearest_hash(user: str) -> None:
    check = Recorder()
    dear = Credential("dear", bcrypt.hashpw(b"a", bcrypt.gensalt(7)))
    cheap = Credential("cheap", bcrypt.hashpw(b"b", bcrypt.gensalt(4)))
    credentials = Credentials([cheap, dear, PLAIN], check=check)

    assert await credentials.verify(basic(user, "wrong"), PEER) is Denial.REFUSED
    assert sum(2 ** int(hashed[4:6]) for hashed in check.hashes) == 2**7
    credentials.close()


@pytest.mark.parametrize("user", ["plain", "unknown"])
async def test_a_check_without_a_hash_of_its_own_lets_nobody_in(user: str) -> None:
    credentials = Credentials([DRAIN, PLAIN], check=lambda password, hashed: True)

    assert await credentials.verify(basic(user, "x"), PEER) is Denial.REFUSED
    credentials.close()


async def test_what_was_found_is_not_checked_again() -> None:
    check = Recorder()
    credentials = Credentials([DRAIN], check=check)
    assert credentials.known(RIGHT) is None
    for _ in range(3):
        assert await credentials.verify(RIGHT, PEER) == Accepted("drain", "shop")
        assert await credentials.verify(WRONG, PEER) is Denial.REFUSED

    assert len(check.hashes) == 2
    assert credentials.known(RIGHT) == Accepted("drain", "shop")
    assert credentials.known(WRONG) is None
    credentials.close()


async def test_refusals_are_kept_in_bounds_and_the_longest_unused_goes_first() -> None:
    check = Recorder()
    credentials = Credentials([DRAIN], check=check)
    guesses = [basic("drain", f"guess {number}") for number in range(REFUSALS_KEPT)]
    for guess in [*guesses, guesses[0], WRONG]:
        await credentials.verify(guess, PEER)
    assert len(check.hashes) == REFUSALS_KEPT + 1

    await credentials.verify(guesses[0], PEER)
    assert len(check.hashes) == REFUSALS_KEPT + 1
    await credentials.verify(guesses[1], PEER)
    assert len(check.hashes) == REFUSALS_KEPT + 2
    credentials.close()


async def test_guesses_do_not_make_a_success_forgotten() -> None:
    credentials = Credentials([DRAIN], check=lambda password, hashed: password == b"right")
    await credentials.verify(RIGHT, PEER)
    for number in range(REFUSALS_KEPT + 1):
        await credentials.verify(basic("drain", str(number)), PEER)

    assert credentials.known(RIGHT) == Accepted("drain", "shop")
    credentials.close()


async def test_a_pair_is_checked_once_for_all_who_present_it_at_a_time() -> None:
    async with holding(DRAIN) as (credentials, check):
        tasks = [await begin(credentials, RIGHT, f"192.0.2.{host}") for host in range(100)]
        await check.until_begun(1)
        check.release()

        assert set(await asyncio.gather(*tasks)) == {Accepted("drain", "shop")}
        assert check.begun == 1


async def test_a_cancelled_waiter_does_not_end_the_check_of_the_others() -> None:
    async with holding(DRAIN) as (credentials, check):
        first, second = await begin(credentials, RIGHT), await begin(credentials, RIGHT)
        await check.until_begun(1)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert not second.done()
        check.release()

        assert await second == Accepted("drain", "shop")
        assert check.begun == 1


async def test_a_check_that_nobody_waits_for_any_more_is_not_in_vain() -> None:
    async with holding(DRAIN) as (credentials, check):
        only = await begin(credentials, RIGHT)
        await check.until_begun(1)
        only.cancel()
        with suppress(asyncio.CancelledError):
            await only
        check.release()

        assert await credentials.verify(RIGHT, PEER) == Accepted("drain", "shop")
        assert check.begun == 1


async def test_a_peer_that_guesses_finds_it_busy_and_keeps_nobody_out() -> None:
    async with holding(DRAIN) as (credentials, check):
        guesses = [
            await begin(credentials, basic("drain", str(number)))
            for number in range(CHECKS_PER_PEER)
        ]
        assert await credentials.verify(WRONG, PEER) is Denial.BUSY
        joined = await begin(credentials, basic("drain", "0"))
        other = await begin(credentials, RIGHT, "192.0.2.2")
        assert not other.done()
        check.release()

        assert await other == Accepted("drain", "shop")
        assert set(await asyncio.gather(joined, *guesses)) == {Denial.REFUSED}
        assert await credentials.verify(WRONG, PEER) is Denial.REFUSED


async def test_checks_of_all_peers_together_are_bounded_and_run_in_two_threads() -> None:
    async with holding(DRAIN, PLAIN) as (credentials, check):
        tasks = [
            await begin(credentials, basic("drain", str(number)), f"192.0.2.{number}")
            for number in range(CHECKS)
        ]
        await check.until_begun(2)
        assert await credentials.verify(RIGHT, "198.51.100.1") is Denial.BUSY
        known = basic("plain", "a plain secret")
        assert await credentials.verify(known, "198.51.100.1") == Accepted("plain", "blog")
        check.release()

        assert set(await asyncio.gather(*tasks)) == {Denial.REFUSED}
        assert (check.begun, check.most_at_once) == (CHECKS, 2)
        assert await credentials.verify(RIGHT, "198.51.100.1") == Accepted("drain", "shop")


async def test_closing_gives_up_what_is_under_way_and_begins_nothing() -> None:
    async with holding(DRAIN, PLAIN) as (credentials, check):
        tasks = [await begin(credentials, basic("drain", str(number))) for number in range(3)]
        await check.until_begun(2)
        credentials.close()

        assert set(await asyncio.gather(*tasks)) == {Denial.BUSY}
        assert await credentials.verify(WRONG, "192.0.2.2") is Denial.BUSY
        assert credentials.known(basic("plain", "a plain secret")) == Accepted("plain", "blog")
        assert check.begun == 2


def test_a_check_may_outlive_the_event_loop(caplog: pytest.LogCaptureFixture) -> None:
    check = Held()
    before = set(threading.enumerate())

    async def main() -> set[threading.Thread]:
        credentials = Credentials([DRAIN], check=check)
        task = await begin(credentials, RIGHT)
        started = set(threading.enumerate()) - before
        await check.until_begun(1)
        credentials.close()
        assert await task is Denial.BUSY
        return started

    started = asyncio.run(main())
    check.release()
    for thread in started:
        thread.join()

    assert len(started) == 1
    assert not caplog.records


async def test_a_check_that_raises_is_seen_by_who_waits_and_not_remembered() -> None:
    check: Callable[[bytes, bytes], bool] = never
    credentials = Credentials([DRAIN], check=lambda *pair: check(*pair))
    with pytest.raises(AssertionError):
        await credentials.verify(RIGHT, PEER)
    check = bcrypt.checkpw

    assert await credentials.verify(RIGHT, PEER) == Accepted("drain", "shop")
    credentials.close()


async def test_no_password_is_kept_or_shown() -> None:
    credentials = Credentials([DRAIN, PLAIN])
    await credentials.verify(RIGHT, PEER)
    await credentials.verify(WRONG, PEER)
    await credentials.verify(basic("plain", "a plain secret"), PEER)

    kept = repr(vars(credentials))
    assert HASH in kept
    assert all(secret not in kept for secret in ("right", "wrong", "a plain secret"))
    assert repr(PLAIN) == "Credential(user='plain', secret=..., app='blog')"
    credentials.close()
