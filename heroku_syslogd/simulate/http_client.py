"""One HTTP connection of a drain. Source: heroku/logplex, ``cowboy_client.erl``.

There is one request in flight, no pipelining, and nothing of HTTP beyond what Logplex needs.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Final

from heroku_syslogd.simulate.damage import break_off, pieces
from heroku_syslogd.simulate.drain import in_words, pause_at_once
from heroku_syslogd.simulate.faults import SLOW_PIECES, SLOW_SECONDS, Fault, FaultPlan, no_faults
from heroku_syslogd.simulate.http_batches import Attempt, Outcome, Verdict
from heroku_syslogd.simulate.http_request import AnswerError, Head, parse_head, request_head
from heroku_syslogd.simulate.target import Target
from heroku_syslogd.simulate.tls import SHUTDOWN_TIMEOUT

CONNECT_TIMEOUT: Final = 3.0
"""Seconds for name lookup, connect and TLS handshake together."""

RESPONSE_TIMEOUT: Final = 5.0
"""Seconds from the first byte of a request to the complete head of its answer."""

_READ_BYTES: Final = 65_536


class HttpClient:
    """One connection at a time to the receiver of a drain.

    Args:
        target: Where to.
        token: Drain token.
        tls: Context for TLS, None without.
        faults: Source of chance for what faults do.
        scale: Factor on all waiting times, for tests.

    Attributes:
        connections: Connections opened.
        bytes: Bytes of requests, heads included, written to them.
    """

    def __init__(
        self,
        target: Target,
        token: str,
        *,
        tls: ssl.SSLContext | None = None,
        faults: FaultPlan | None = None,
        scale: float = 1.0,
    ) -> None:
        self.connections = 0
        self.bytes = 0
        self._target = target
        self._token = token
        self._tls = tls
        self._rng = (faults or no_faults()).rng
        self._scale = scale
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._unread = 0
        self._is_written = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection. That the receiver closed it shows only in a request."""
        return self._streams is not None

    async def connect(self) -> None:
        """Open the connection.

        Raises:
            OSError: It cannot be opened, its certificate is not trusted, or it took too long.
        """
        async with asyncio.timeout(CONNECT_TIMEOUT * self._scale):
            self._streams = await asyncio.open_connection(
                self._target.host,
                self._target.port,
                ssl=self._tls,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT if self._tls else None,
            )
        pause_at_once(self._streams[1].transport)
        self._unread = 0
        self.connections += 1

    async def post(self, attempt: Attempt, fault: Fault | None = None) -> Outcome:
        """Send one attempt and read its answer. There has to be a connection.

        Args:
            attempt: What to send.
            fault: `Fault.DISCONNECT`, `Fault.LOST_REPLY` or `Fault.SLOW`; others are the batch's.

        Returns:
            What came of it. After a failed attempt the connection is closed.
        """
        assert self._streams is not None
        reader, writer = self._streams
        problem = "the receiver took too long to answer"
        self._is_written = False
        head: Head | None = None
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT * self._scale):
                await self._skip_body(reader)
                if fault is Fault.DISCONNECT:
                    await self._break_off(writer, attempt)
                    await self.close()
                    return Outcome()
                await self._send(writer, attempt, slowly=fault is Fault.SLOW)
                head = await _read_head(reader)
                self._unread = head.body_bytes
        except TimeoutError:
            pass
        except OSError as error:
            problem = in_words(error)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            problem = _in_words(error)
        except AnswerError as error:
            problem = str(error)
        if head is None or fault is Fault.LOST_REPLY:
            is_in_doubt = self._is_written and not writer.transport.get_write_buffer_size()
            await self._abort()
            return Outcome(problem=None if head else problem, is_in_doubt=is_in_doubt)
        outcome = Outcome(head.status)
        if outcome.verdict is not Verdict.ACKNOWLEDGED:
            outcome = outcome._replace(problem=f"the receiver answered {head.status}")
        if outcome.verdict is Verdict.FAILED:
            await self._abort()
        elif attempt.frame_id is None:
            await self.close()
        return outcome

    async def close(self) -> None:
        """Close the connection, if there is one, without waiting for the kernel to take more."""
        if self._streams is None:
            return
        _, writer = self._streams
        self._streams = None
        if writer.transport.get_write_buffer_size():
            writer.transport.abort()
        writer.close()
        with suppress(OSError):  # a failure that the requests did not see changes nothing
            await writer.wait_closed()

    async def _abort(self) -> None:
        """Close the connection, if there is one, without a word."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            await self.close()

    async def _send(self, writer: asyncio.StreamWriter, attempt: Attempt, *, slowly: bool) -> None:
        head, body = request_head(self._target, self._token, attempt), attempt.body
        if not slowly:
            await self._write(writer, head + body, is_last=True)
            return
        await self._write(writer, head)
        parts = pieces(body, SLOW_PIECES)
        for number, piece in enumerate(parts, start=1):
            await asyncio.sleep(SLOW_SECONDS / SLOW_PIECES * self._scale)
            await self._write(writer, piece, is_last=number == len(parts))

    async def _break_off(self, writer: asyncio.StreamWriter, attempt: Attempt) -> None:
        head = request_head(self._target, self._token, attempt)
        await self._write(writer, head + break_off(attempt.frames, self._rng).data)

    async def _write(
        self, writer: asyncio.StreamWriter, data: bytes, *, is_last: bool = False
    ) -> None:
        if writer.is_closing():
            raise ConnectionResetError("the receiver closed the connection")
        writer.write(data)
        self.bytes += len(data)
        self._is_written = is_last
        await writer.drain()

    async def _skip_body(self, reader: asyncio.StreamReader) -> None:
        """Skip what is left of the answer before. Logplex does it as late as this."""
        while self._unread:
            data = await reader.read(min(self._unread, _READ_BYTES))
            if not data:
                raise asyncio.IncompleteReadError(b"", self._unread)
            self._unread -= len(data)


async def _read_head(reader: asyncio.StreamReader) -> Head:
    lines: list[bytes] = []
    while line := (await reader.readuntil(b"\r\n"))[:-2]:
        lines.append(line)
    if not lines:
        raise AnswerError("an answer without a status line")
    return parse_head(lines)


def _in_words(error: asyncio.IncompleteReadError | asyncio.LimitOverrunError) -> str:
    if isinstance(error, asyncio.LimitOverrunError):
        return "the head of the answer is too long"
    return "the receiver closed the connection without an answer"
