"""One request of remote write: posted, and what becomes of it as a value.

Source: the Prometheus remote write specification 1.0 (prometheus.io, "Protocol"): which headers a
request has, and that 429 and 5xx are sent again and other statuses are not.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple

import aiohttp
from yarl import URL

from heroku_syslogd import __version__, log
from heroku_syslogd.certificates import CertificateError
from heroku_syslogd.config import RemoteWriteConfig, remote_write_authorization
from heroku_syslogd.errors import ConfigError
from heroku_syslogd.remote_write.tls import Signatures, client_context, signatures
from heroku_syslogd.terminal import printable

MAX_RETRY_AFTER: Final = 600.0
"""Seconds. A longer Retry-After counts as this: what waits is worth less with every minute."""

MAX_TEXT: Final = 512
"""Bytes of an answer that are read. Those of Prometheus and Mimir name the first bad sample."""

_PROTOCOL: Final = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "User-Agent": f"heroku-syslogd/{__version__}",
    "Accept-Encoding": "identity",  # of an answer only the beginning is read, and by people
}

_TOO_OLD: Final = "too old sample"

_KEY_LENGTH: Final = 16
"""Characters from which on the value of a header may be a key; tenants are shorter."""


class Failure(StrEnum):
    """Why a request has to be sent again."""

    CONNECTION = "connection"
    """No connection, or it broke off before there was an answer."""
    TLS = "tls"
    """The certificate of the receiver is not believed, or it does not want ours."""
    TIMEOUT = "timeout"
    """There was no answer within ``timeout``."""
    THROTTLED = "throttled"
    """Status 429."""
    SERVER_ERROR = "server_error"
    """Status 5xx."""
    CREDENTIALS = "credentials"
    """Our own file with the password or the token cannot be used."""


class Sent(NamedTuple):
    """The request was taken.

    Attributes:
        status: 2xx.
    """

    status: int


class Refused(NamedTuple):
    """The request will never be taken: it is no use to send it again.

    Attributes:
        status: 3xx or 4xx, or 500 for samples that are too old.
        text: How the answer begins, for people; without our secrets.
    """

    status: int
    text: str


class Later(NamedTuple):
    """The request is to be sent again.

    Attributes:
        reason: Why.
        text: More of it, for people; without our secrets.
        retry_after: Seconds to wait at least, None if the receiver says nothing of it.
    """

    reason: Failure
    text: str
    retry_after: float | None = None


Outcome = Sent | Refused | Later


class Client:
    """Posts requests, one at a time, over a connection that is kept.

    Args:
        config: Where to and how; has a URL.
        clock: Returns our time in seconds since the epoch; dates in Retry-After go by it.

    Raises:
        CertificateError: A file of TLS cannot be used.
    """

    def __init__(self, config: RemoteWriteConfig, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._has_answered = False
        self._log = log.get("remote_write")
        self.prepare(config)()

    def prepare(self, config: RemoteWriteConfig) -> Callable[[], None]:
        """Load the files of TLS; only calling the result takes over the configuration.

        Raises:
            CertificateError: One cannot be used; everything stays as it is.
        """
        seen = signatures(config)  # first: if one changes meanwhile, that is seen the next time
        return partial(self._take_over, config, client_context(config), seen)

    async def post(self, body: bytes) -> Outcome:
        """Post a request that is encoded and compressed; nothing that may happen is an exception.

        Redirections are not followed: the password would go to whomever they name.
        """
        try:
            authorization = remote_write_authorization(self._config, "configuration")
        except ConfigError as error:
            return Later(Failure.CREDENTIALS, printable(str(error)))
        self._refresh()
        while True:
            # The receiver may close a connection that rests at the moment when it is used again.
            was_kept, self._has_answered = self._has_answered, False
            try:
                return await self._post(body, authorization)
            except TimeoutError:
                return Later(Failure.TIMEOUT, f"no answer within {self._config.timeout:g} s")
            except (aiohttp.ClientError, OSError) as error:
                is_new = isinstance(error, aiohttp.ClientConnectorError)
                if is_new or not was_kept or self._session is None:
                    return _later(error)

    async def close(self) -> None:
        """Close the connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _take_over(
        self, config: RemoteWriteConfig, context: ssl.SSLContext | None, seen: Signatures
    ) -> None:
        self._config, self._context, self._seen = config, context, seen

    def _refresh(self) -> None:
        """Load the files of TLS anew if one has changed; the next new connection goes by them."""
        seen = signatures(self._config)
        if seen == self._seen:
            return
        try:
            self.prepare(self._config)()
        except CertificateError as error:
            self._seen = seen
            self._log.warning("remote_write.certificate_invalid", problem=str(error))
        else:
            self._log.info("remote_write.certificate_renewed")

    async def _post(self, body: bytes, authorization: str | None) -> Outcome:
        config = self._config
        headers = {**config.headers, **_PROTOCOL}
        if authorization is not None:
            headers["Authorization"] = authorization
        async with self._opened().post(
            URL(str(config.url), encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
            ssl=self._context or True,
            server_hostname=config.server_name if self._context else None,
            timeout=aiohttp.ClientTimeout(total=config.timeout),
        ) as response:
            self._has_answered = True
            text = await _beginning(response)
            secrets = _secrets(config, authorization)
            return self._outcome(response, _shown(text, secrets))

    def _outcome(self, response: aiohttp.ClientResponse, text: str) -> Outcome:
        status = response.status
        if 200 <= status < 300:
            return Sent(status)
        # Prometheus up to 2.48 answers 500 for a sample that is older than its out-of-order window
        # (prometheus/prometheus, issue 13334): sent again it would be in the way for ever.
        if (status != 429 and status < 500) or (status == 500 and _TOO_OLD in text):
            return Refused(status, text)
        reason = Failure.THROTTLED if status == 429 else Failure.SERVER_ERROR
        retry_after = parse_retry_after(response.headers.get("Retry-After"), self._clock())
        return Later(
            reason, f"status {status}: {text}" if text else f"status {status}", retry_after
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=1),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that Retry-After asks to wait, at most `MAX_RETRY_AFTER`.

    Args:
        value: The header: seconds, or a date (RFC 9110, section 10.2.3).
        now: Our time, seconds since the epoch.

    Returns:
        The seconds; None if there is no such header, or it is malformed.
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        # int() refuses digits by the thousand, and six are more than enough.
        return min(float(value[:32]), MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(value)
        at = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return min(max(at - now, 0.0), MAX_RETRY_AFTER)


def _later(error: aiohttp.ClientError | OSError) -> Later:
    """Return what a fault of the network means; aiohttp's own texts may quote the URL."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Later(Failure.CONNECTION, "it closed the connection without an answer")
    if isinstance(error, aiohttp.ClientResponseError):
        return Later(Failure.CONNECTION, "its answer is no HTTP")
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Later(Failure.TLS, printable(cause.verify_message))
        if isinstance(cause, ssl.SSLError):
            return Later(Failure.TLS, printable(cause.reason or "the handshake failed"))
        if isinstance(cause, OSError) and (text := _text(cause)):
            return Later(Failure.CONNECTION, printable(text))
    if isinstance(error, aiohttp.ClientConnectorError):  # a handshake that ends is no system error
        return Later(Failure.TLS, "it closed the connection in the handshake")
    return Later(Failure.CONNECTION, type(error).__name__)


def _text(error: OSError) -> str:
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or ""  # those of names that are not found are negative


def _causes(error: BaseException | None) -> list[BaseException]:
    """Return what led to an error, the first cause first.

    aiohttp's own errors are of the classes that they wrap, but have not all of their attributes.
    """
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found[::-1]


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return how the body of an answer begins. Whatever becomes of it, the status holds."""
    text = b""
    try:
        while len(text) < MAX_TEXT and (part := await response.content.readany()):
            text += part
    except (aiohttp.ClientError, OSError, TimeoutError):
        pass
    return text[:MAX_TEXT]


def _secrets(config: RemoteWriteConfig, authorization: str | None) -> list[str]:
    """Return what an answer may quote and a log must not: proxies quote requests that they refuse.

    The longest come first, so that none leaves a part of another.
    """
    found: list[str] = [value for value in config.headers.values() if len(value) >= _KEY_LENGTH]
    if config.url is not None:
        found.append(config.url.query)
    if authorization is not None:
        found.append(authorization.partition(" ")[2])
    return sorted(filter(None, found), key=len, reverse=True)


def _shown(text: bytes, secrets: list[str]) -> str:
    shown = text.decode(errors="replace")
    for secret in secrets:
        shown = shown.replace(secret, "…")
    return printable(" ".join(shown.split()))
