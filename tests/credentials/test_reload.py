"""Credentials that change while the daemon runs."""

from __future__ import annotations

import bcrypt
import pytest

from heroku_syslogd.credentials import Accepted, Credential, Credentials, Denial
from tests.credentials.checks import DRAIN, PEER, PLAIN, RIGHT, WRONG, basic, begin, holding


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
