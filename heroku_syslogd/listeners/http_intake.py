"""From a request to a batch in the queue, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from heroku_syslogd.bounded_queue import Origin
from heroku_syslogd.credentials import Accepted, Denial
from heroku_syslogd.listeners.bodies import Bodies, BodyGivenUp
from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.delivery import deliver
from heroku_syslogd.listeners.frame_ids import LONGEST_ID, BatchKey
from heroku_syslogd.listeners.gate import Gate
from heroku_syslogd.listeners.hints import HINTS
from heroku_syslogd.listeners.http_policy import (
    is_gzipped,
    refusal_of_head,
    refusal_of_target,
)
from heroku_syslogd.sockets import peer_site
from heroku_syslogd.wire import BatchBody, BodyFault, Decoded, Dialect

HOLD: Final = 4.0
"""Seconds after its head for which a request may wait for room in the queue. Logplex gives up after
5 s, and burns its three attempts within milliseconds of a 503: so waiting is the back-pressure."""

_POLL: Final = 0.02
"""Seconds after which a batch that is larger than a share looks again whether it fits."""

PIECE: Final = 131_072
"""Bytes of a body that are decoded before the event loop turns. Logplex's have 100 KiB."""

OK: Final = 200
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
UNAVAILABLE: Final = 503

_STATUS_OF: Final = {BodyFault.TOO_LARGE: 413, BodyFault.BAD_CODING: BAD_REQUEST}
_LONGEST_TOKEN: Final = 64
_NOBODY: Final = Accepted("", "")


class RequestTimeout(Exception):  # noqa: N818 - it is the peer's slowness, not an error
    """Raised when a body has not come whole in time."""


class Sender(NamedTuple):
    """Who sent a batch, as far as its request tells.

    Attributes:
        origin: What the worker is told.
        key: What names the batch; None if it has no Frame-Id.
    """

    origin: Origin
    key: BatchKey | None


async def _pass_over(_: bytes) -> BodyFault | None:
    """Read a body for nothing."""
    return None


class Intake:
    """Takes the batches of one listener.

    Args:
        label: The ``listener`` label.
        path: Path that batches are posted to.
        context: What listeners share.

    Attributes:
        is_stopping: Whether what has not begun yet is refused.
        is_closed: Whether nothing is admitted any more.
    """

    def __init__(self, label: str, path: str, context: ListenerContext) -> None:
        self.is_stopping = False
        self.is_closed = False
        self._label = label
        self._path = path
        self._context = context
        self._counters = context.telemetry.listener(label)
        self._bodies = Bodies(context.queue.max_bytes)

    async def take(self, request: web.BaseRequest, peer: str, gate: Gate) -> int:
        """Take the batch of a request and return the status of the answer.

        Args:
            request: Its head has come.
            peer: Address of the peer.
            gate: Of the connection that it came by.

        Raises:
            ConnectionError: There is nobody to answer.
            RequestTimeout: The body has not come in time.
        """
        began = asyncio.get_running_loop().time()
        if status := refusal_of_target(request, self._path):
            return status
        account = await self._authenticate(request, peer)
        if isinstance(account, Denial):
            return UNAUTHORIZED if account is Denial.REFUSED else UNAVAILABLE
        headers, longest = request.headers, self._context.limits.max_body_bytes
        if status := refusal_of_head(headers, request.content_length, longest):
            return status
        sender = self._sender(request, peer, account)
        if self._is_duplicate(sender):
            # Logplex takes an answer in the middle of its request for a failure.
            await self._receive(request, began, _pass_over)
            return self._note_duplicate()
        # Before the body is read, too: what has not been read waits with its sender.
        if self.is_stopping or not await self._wait_for_room(gate, began):
            return UNAVAILABLE
        body = self._new_body(is_gzipped=is_gzipped(headers))
        with self._bodies.open(request.content, body.discard) as held:

            async def decode(data: bytes) -> BodyFault | None:
                fault = body.feed(data)
                held.grow_to(body.memory)
                while fault is None and body.has_more:
                    await asyncio.sleep(0)
                    fault = body.go_on()
                    held.grow_to(body.memory)
                return fault

            try:
                decoded = await self._receive(request, began, decode) or body.finish()
            except BodyGivenUp:
                return UNAVAILABLE
            if isinstance(decoded, BodyFault):
                return _STATUS_OF[decoded]
            held.finish()
            if not await self._wait_for_room(gate, began, len(decoded.frames), body.size):
                return UNAVAILABLE
        # From here on nothing is awaited: two attempts cannot both find themselves the first.
        if self._is_duplicate(sender):
            return self._note_duplicate()
        self._admit(decoded, body.size, sender, gate, headers.get("Logplex-Msg-Count"))
        return OK

    async def _authenticate(self, request: web.BaseRequest, peer: str) -> Accepted | Denial:
        """Find out whose credential the request has; nobody is asked where none is configured."""
        credentials = self._context.credentials
        if not credentials.required:
            return _NOBODY
        authorization = request.headers.get("Authorization")
        known = credentials.known(authorization)
        return known or await credentials.verify(authorization, peer_site(peer))

    def _sender(self, request: web.BaseRequest, peer: str, account: Accepted) -> Sender:
        headers = request.headers
        token = headers.get("Logplex-Drain-Token", "")[:_LONGEST_TOKEN]
        frame_id = headers.get("Logplex-Frame-Id", "")
        drain = token.encode("utf-8", "surrogateescape")
        origin = Origin(self._label, peer, Dialect.LOGPLEX_1, drain, account.app)
        has_key = 0 < len(frame_id) <= LONGEST_ID
        key = BatchKey(token or f"user {account.user}", frame_id) if has_key else None
        return Sender(origin, key)

    def _is_duplicate(self, sender: Sender) -> bool:
        now = self._context.clock()
        return sender.key is not None and self._context.frame_ids.holds(sender.key, now)

    def _note_duplicate(self) -> int:
        self._context.telemetry.duplicate_batches += 1
        return OK

    async def _wait_for_room(
        self, gate: Gate, began: float, messages: int = 0, size: int = 0
    ) -> bool:
        """Wait until the connection may bring in a batch; False if that lasts too long.

        Args:
            gate: Of the connection.
            began: When the head of the request came, as the event loop counts.
            messages: Messages of the batch, if they are known.
            size: Their bytes.

        Raises:
            ConnectionResetError: Nothing is admitted any more.
        """
        lane = gate.lane
        while not self.is_closed and (lane.paused or not lane.fits(messages, size)):
            try:
                async with asyncio.timeout_at(began + HOLD):
                    await (gate.wait() if lane.paused else asyncio.sleep(_POLL))
            except TimeoutError:
                return False
        if self.is_closed:
            raise ConnectionResetError
        return True

    def _new_body(self, *, is_gzipped: bool) -> BatchBody:
        limits = self._context.limits
        return BatchBody(
            limits.max_body_bytes,
            limits.max_frame_bytes,
            limits.fault_budget,
            gzipped=is_gzipped,
        )

    async def _receive(
        self,
        request: web.BaseRequest,
        began: float,
        consume: Callable[[bytes], Awaitable[BodyFault | None]],
    ) -> BodyFault | None:
        """Hand on the body while it comes, to its end or to the first fault.

        Raises:
            BodyGivenUp: It had to give way to others.
            ConnectionError: The peer left.
            RequestTimeout: It has not come in time.
        """
        content = request.content
        if "Expect" in request.headers and request.version >= HttpVersion11:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # it is not part of the answer
        try:
            async with asyncio.timeout_at(began + self._context.limits.request_timeout):
                while data := await content.read(PIECE):
                    if fault := await consume(data):
                        return fault
                    if len(data) == PIECE:  # there may be more already: others come first
                        await asyncio.sleep(0)
        except TimeoutError:
            raise RequestTimeout from None
        except (web.RequestPayloadError, HttpProcessingError):
            return BodyFault.BAD_CODING
        except OSError:
            raise ConnectionResetError from None
        except RuntimeError:
            if request.transport is not None:
                raise
            # What aiohttp raises to a reader whose connection has been closed by ourselves.
            raise ConnectionResetError from None
        return None

    def _admit(
        self, decoded: Decoded, size: int, sender: Sender, gate: Gate, stated_count: str | None
    ) -> None:
        """Queue a batch whose body has come whole, and account for it."""
        context, counters = self._context, self._counters
        frames, faults = decoded
        now = context.clock()
        if sender.key is not None:
            context.frame_ids.add(sender.key, now)
        # A measurement, no reason to refuse: Logplex would throw the batch away.
        if stated_count is not None and stated_count != str(len(frames)):
            context.telemetry.message_count_mismatches += 1
        counters.received_messages += len(frames)
        counters.received_bytes += size
        for fault in faults:
            counters.count_fault(fault)
            context.faults.warning(
                "frame.malformed",
                listener=self._label,
                peer=sender.origin.peer,
                reason=fault.reason,
                hint=HINTS[fault.reason],
            )
        if frames:
            deliver(gate.lane, frames, sender.origin, now, size)
