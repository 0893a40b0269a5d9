"""Who comes in with which Authorization header, with real bcrypt at its least cost."""

from __future__ import annotations

import asyncio
import base64

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.credentials import Accepted, Credential, Credentials, Denial
from tests.credentials.checks import DRAIN, HASH, PEER, PLAIN, RIGHT, WRONG, basic, never


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
