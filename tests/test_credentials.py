"""Basic authentication: real bcrypt at its least cost, and checks that are held by events."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.credentials import (
    CHECKS,
    CHECKS_PER_PEER,
    MAX_SECRET_BYTES,
    REFUSALS_KEPT,
    Accepted,
    Credential,
    Credentials,
    Denial,
    bcrypt_problem,
    read_secret,
)

PEER = "192.0.2.1"
HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
DRAIN = Credential("drain", HASH.encode(), "shop")
PLAIN = Credential("plain", b"a plain secret", "blog")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


RIGHT = basic("drain", "right")
WRONG = basic("drain", "wrong")


def never(password: bytes, hashed: bytes) -> bool:
    raise AssertionError("no check is needed")


class Recorder:
    """Checks with bcrypt, and keeps the hashes that it compared with."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        return bcrypt.checkpw(password, hashed)


class Held:
    """Checks that wait to be released; the password ``right`` belongs to every hash."""

    def __init__(self) -> None:
        self.begun = 0
        self.most_at_once = 0
        self._now = 0
        self._changed = threading.Condition()
        self._released = threading.Event()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        with self._changed:
            self.begun += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            self._changed.notify_all()
        self._released.wait()
        with self._changed:
            self._now -= 1
        return password == b"right"

    async def until_begun(self, checks: int) -> None:
        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self.begun >= checks)

        await asyncio.to_thread(wait)

    def release(self) -> None:
        self._released.set()


@asynccontextmanager
async def holding(*entries: Credential) -> AsyncIterator[tuple[Credentials, Held]]:
    check = Held()
    credentials = Credentials(entries, check=check)
    try:
        yield credentials, check
    finally:
        check.release()
        credentials.close()


async def begin(
    credentials: Credentials, authorization: str, peer: str = PEER
) -> asyncio.Task[Accepted | Denial]:
    """Let a verification run as far as it comes without its check."""
    task = asyncio.create_task(credentials.verify(authorization, peer))
    await asyncio.sleep(0)
    return task


async def test_without_credentials_nobody_is_asked_and_nobody_comes_in() -> None:
    credentials = Credentials(check=never)

    assert not credentials.required
    assert credentials.known(RIGHT) is None
    assert await credentials.verify(RIGHT, PEER) is Denial.REFUSED


@pytest.mark.parametrize("variant", ["2a", "2b", "2y"])
async def test_a_hash_lets_its_password_in_and_no_other(variant: str) -> None:
    secret = f"${variant}{HASH[3:]}".encode()
    credentials = Credentials([Credential("drain", secret, "shop")])

    assert credentials.required
    assert await credentials.verify(RIGHT, PEER) == Accepted("drain", "shop")
    assert await credentials.verify(WRONG, PEER) is Denial.REFUSED
    assert await credentials.verify(basic("other", "right"), PEER) is Denial.REFUSED
    assert await credentials.verify(None, PEER) is Denial.REFUSED
    credentials.close()


async def test_plain_secrets_alone_need_no_check() -> None:
    credentials = Credentials([PLAIN], check=never)
    right = basic("plain", "a plain secret")

    assert credentials.known(right) == Accepted("plain", "blog")
    assert await credentials.verify(right, PEER) == Accepted("plain", "blog")
    assert await credentials.verify(basic("plain", "wrong"), PEER) is Denial.REFUSED
    assert await credentials.verify(basic("other", "a plain secret"), PEER) is Denial.REFUSED


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(RIGHT.replace("Basic", "bAsIC"), id="scheme in any case"),
        pytest.param(RIGHT.replace(" ", "   "), id="several spaces"),
    ],
)
async def test_forms_of_the_header(authorization: str) -> None:
    credentials = Credentials([DRAIN])

    assert await credentials.verify(authorization, PEER) == Accepted("drain", "shop")
    credentials.close()


@pytest.mark.parametrize("password", ["", "a:b::", "pässwörd", " a b ", "x" * 72])
async def test_passwords_are_taken_as_they_came(password: str) -> None:
    secret = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4))
    credentials = Credentials([Credential("drain", secret)])

    assert await credentials.verify(basic("drain", password), PEER) == Accepted("drain", "")
    credentials.close()


def encoded(pair: bytes) -> str:
    return "Basic " + base64.b64encode(pair).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("Basic", id="scheme alone"),
        pytest.param("Basic ", id="scheme and space"),
        pytest.param(RIGHT.replace("Basic", "Bearer"), id="other scheme"),
        pytest.param(RIGHT.replace(" ", ""), id="no space"),
        pytest.param("Basic drain:right", id="not base64"),
        pytest.param("Basic " + "ä" * 8, id="not ASCII"),
        pytest.param(RIGHT.rstrip("="), id="no padding"),
        pytest.param(RIGHT + "!", id="more than base64"),
        pytest.param(encoded(b"drain"), id="no colon"),
        pytest.param(encoded(b"drain:\xff"), id="not UTF-8"),
        pytest.param(encoded(b"drain:right\0"), id="control character in the password"),
        pytest.param(encoded(b"dr\nain:right"), id="control character in the user"),
        pytest.param(encoded(b"drain:" + b"x" * 760), id="above 1 KiB"),
    ],
)
async def test_malformed_headers_are_refused_without_a_check(authorization: str | None) -> None:
    credentials = Credentials([DRAIN], check=never)

    assert credentials.known(authorization) is None
    assert await credentials.verify(authorization, PEER) is Denial.REFUSED


HEADERS = st.one_of(
    st.text(),
    st.text().map(lambda text: "Basic " + text),
    st.binary().map(encoded),
    st.binary().map(lambda password: encoded(b"drain:" + password)),
)


@given(authorization=HEADERS)
def test_no_header_raises(authorization: str) -> None:
    credentials = Credentials([DRAIN], check=lambda password, hashed: False)

    async def verify() -> Accepted | Denial:
        return await credentials.verify(authorization, PEER)

    assert credentials.known(authorization) is None
    assert asyncio.run(verify()) is Denial.REFUSED
    credentials.close()


PRINTABLE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50)


@given(user=PRINTABLE.filter(lambda user: ":" not in user), password=PRINTABLE)
def test_a_plain_secret_lets_in_whoever_knows_it(user: str, password: str) -> None:
    credentials = Credentials([Credential(user, password.encode())])

    assert credentials.known(basic(user, password)) == Accepted(user, "")
    assert credentials.known(basic(user, password + "x")) is None


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


async def test_a_reload_keeps_what_is_known_of_secrets_that_stay() -> None:
    credentials = Credentials([DRAIN, PLAIN])
    await credentials.verify(RIGHT, PEER)

    credentials.configure([DRAIN._replace(app="renamed")])
    assert credentials.known(RIGHT) == Accepted("drain", "renamed")
    assert credentials.known(basic("plain", "a plain secret")) is None

    other = bcrypt.hashpw(b"wrong", bcrypt.gensalt(4))
    credentials.configure([DRAIN._replace(secret=other)])
    assert credentials.known(RIGHT) is None
    assert await credentials.verify(RIGHT, PEER) is Denial.REFUSED
    assert await credentials.verify(WRONG, PEER) == Accepted("drain", "shop")

    credentials.configure([])
    assert not credentials.required
    assert credentials.known(WRONG) is None
    credentials.close()


async def test_a_refusal_is_forgotten_when_the_secret_changes_or_the_user_is_added() -> None:
    credentials = Credentials([DRAIN])
    assert await credentials.verify(WRONG, PEER) is Denial.REFUSED
    assert await credentials.verify(basic("new", "right"), PEER) is Denial.REFUSED

    other = bcrypt.hashpw(b"wrong", bcrypt.gensalt(4))
    credentials.configure([Credential("drain", other), DRAIN._replace(user="new")])
    assert await credentials.verify(WRONG, PEER) == Accepted("drain", "")
    assert await credentials.verify(basic("new", "right"), PEER) == Accepted("new", "shop")
    credentials.close()


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        pytest.param([], Denial.REFUSED, id="user gone"),
        pytest.param([Credential("drain", b"other")], Denial.REFUSED, id="other secret"),
        pytest.param([Credential("drain", b"right")], Accepted("drain", ""), id="same password"),
        pytest.param([DRAIN, PLAIN], Accepted("drain", "shop"), id="same secret"),
    ],
)
async def test_a_reload_during_a_check_decides(
    entries: list[Credential], outcome: Accepted | Denial
) -> None:
    async with holding(DRAIN) as (credentials, check):
        task = await begin(credentials, RIGHT)
        await check.until_begun(1)
        credentials.configure(entries)
        check.release()

        assert await task == outcome


async def test_a_reload_with_a_bad_secret_changes_nothing() -> None:
    credentials = Credentials([PLAIN])
    with pytest.raises(ValueError, match=r"\Asecret of credential 1: it is empty\Z"):
        credentials.configure([DRAIN, Credential("other", b"")])

    assert credentials.known(basic("plain", "a plain secret")) == Accepted("plain", "blog")


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


@pytest.mark.parametrize("variant", ["2a", "2b", "2y"])
def test_hashes_of_every_variant_are_fine(variant: str) -> None:
    assert bcrypt_problem(f"${variant}{HASH[3:]}") is None
    assert bcrypt_problem(f"${variant}$15{HASH[6:]}") is None


@given(password=st.binary(max_size=72))
def test_every_hash_that_bcrypt_makes_is_fine(password: bytes) -> None:
    assert bcrypt_problem(bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "expected a bcrypt hash", id="empty"),
        pytest.param("a plain secret", "expected a bcrypt hash", id="plain"),
        pytest.param("drain:" + HASH, "expected a bcrypt hash", id="line of htpasswd"),
        pytest.param("$2x" + HASH[3:], "malformed", id="variant of broken hashes"),
        pytest.param("$2b$03" + HASH[6:], "malformed", id="cost too low"),
        pytest.param("$2b$4$" + HASH[6:], "malformed", id="cost of one digit"),
        pytest.param(HASH[:-1], "malformed", id="cut off"),
        pytest.param(HASH + "\n", "malformed", id="line ending"),
        pytest.param(HASH[:-1] + "!", "malformed", id="character that base64 lacks"),
        pytest.param(HASH[:28] + "A" + HASH[29:], "malformed", id="salt of too many bits"),
        pytest.param(HASH[:-1] + "A", "malformed", id="digest of too many bits"),
        pytest.param("$2b$16" + HASH[6:], "above 15", id="cost too high"),
        pytest.param("$2b$31" + HASH[6:], "above 15", id="dearest that bcrypt knows"),
    ],
)
def test_problems_of_hashes_are_told_without_quoting(text: str, problem: str) -> None:
    told = bcrypt_problem(text)

    assert told is not None
    assert problem in told
    assert not text or text not in told


@given(text=st.one_of(st.text(), st.text().map(lambda text: HASH[:7] + text)))
def test_a_hash_without_a_problem_is_one_that_bcrypt_takes(text: str) -> None:
    if bcrypt_problem(text) is None:
        bcrypt.checkpw(b"", text.encode())


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        pytest.param(b"a plain secret", b"a plain secret", id="no line ending"),
        pytest.param(b" a b \n", b" a b ", id="LF"),
        pytest.param(b"a:b\r\n", b"a:b", id="CR LF"),
        pytest.param(b"one\ntwo\n", b"one", id="first line"),
        pytest.param("ä\n".encode(), "ä".encode(), id="UTF-8"),
        pytest.param(b"x" * 512 + b"\r\n", b"x" * 512, id="longest"),
        pytest.param(HASH.encode() + b"\n", HASH.encode(), id="bcrypt hash"),
    ],
)
def test_secrets_are_the_first_line_of_their_file(
    tmp_path: Path, content: bytes, secret: bytes
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)

    assert read_secret(file) == secret


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"\nsecret\n", "it is empty", id="empty line"),
        pytest.param(b"secret\xff\n", "it is not UTF-8", id="not UTF-8"),
        pytest.param(b"sec\tret\n", "it contains a control character", id="tab"),
        pytest.param(b"secret" * 86, "it is longer than 512 bytes", id="too long"),
        pytest.param(b"secret" * 10**6, "it is longer than 512 bytes", id="much too long"),
        pytest.param(b"$2b$04$secret\n", "malformed", id="malformed hash"),
    ],
)
def test_files_without_a_secret_are_named_but_not_quoted(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)

    with pytest.raises(ValueError, match=problem) as raised:
        read_secret(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert "secret" not in str(raised.value).removeprefix(str(file))
    assert raised.value.__context__ is None


def test_a_file_that_is_missing_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_secret(tmp_path / "missing")


@given(content=st.binary(max_size=MAX_SECRET_BYTES + 10))
def test_every_secret_that_is_read_can_be_configured(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any secret"
    file.write_bytes(content)

    with suppress(ValueError):
        assert Credentials([Credential("user", read_secret(file))]).required
