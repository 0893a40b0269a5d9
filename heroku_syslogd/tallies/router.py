"""Requests of one application.

A fifth of all messages are router lines, so there are two ways in: `RouterTally.count_line` takes
the raw bytes of a normal request and costs about a microsecond, `RouterTally.count` takes the event
that the full parser makes of anything else. Both count the same.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.catalogue import apps
from heroku_syslogd.heroku import (
    RequestTokens,
    RouterRequest,
    process_type_of,
    request_tokens,
    scan_error,
)
from heroku_syslogd.tallies.series import (
    SERIES_PER_HISTOGRAM,
    AppSeries,
    Histogram,
    Value,
    bucket_of,
)

NOT_GIVEN: Final = "none"
"""Label value of what a line does not give. An empty one would be no label at all."""

METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
OTHER_METHOD: Final = "other"
"""Clients may send any word for a method, so those of RFC 9110 and PATCH have labels, no others."""

_DURATION: Final = re.compile(rb"(?:connect|service)=([0-9]{1,9})ms")
_DYNO: Final = re.compile(rb"([A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10})")
_STATUS: Final = re.compile(rb"status=([0-9]{3})")
ROUTER_CODES: Final = ("H10", "H11", "H14", "H20", "H99")
"""Error codes of requests that no dyno was asked for. Their counters begin at 0 with the first line
of the router: one that begins at 1 hides its first error from ``increase()``."""

DYNO_CODES: Final = ("H12", "H13", "H15", "H18", "H19", "H21", "H27")
"""Error codes of requests that a dyno was asked for; these begin with the first such request."""

_MOST_DIGITS: Final = 15
_SERIES: Final = 2 * SERIES_PER_HISTOGRAM + 1

_MOST_DURATIONS: Final = 20_000
_MOST_KNOWN: Final = 5_000
_MOST_TYPES: Final = 200

Duration = tuple[int, float]
"""Index of a bucket, and seconds."""


class Durations:
    """What ``connect=1ms`` and ``service=22ms`` mean: bucket and seconds, each worked out once.

    The same few thousand tokens come again and again; looking one up takes a third of the time that
    reading it takes.

    Attributes:
        known: Tokens that were worked out.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, Duration] = {}

    def learn(self, token: bytes, key: bytes) -> Duration | None:
        """Read a token that is not known yet; None if it is not ``key`` and milliseconds."""
        match = _DURATION.fullmatch(token)
        if match is None or not token.startswith(key):
            return None
        if len(self.known) >= _MOST_DURATIONS:
            self.known.clear()
        seconds = int(match[1]) / 1000
        found = self.known[token] = bucket_of(seconds), seconds
        return found


class RouterTally:
    """Counts requests of one application.

    Args:
        series: The application's series.
        durations: Shared by all applications.

    Attributes:
        scanned: Requests that `count_lines` counted.
    """

    def __init__(self, series: AppSeries, durations: Durations) -> None:
        self.scanned = 0
        self._series = series
        self._durations = durations
        self._requests: dict[tuple[bytes, bytes, bytes], Value] = {}
        # What the budget has no room for is counted aside, where nobody sees it.
        self._connects = Histogram()
        self._services = Histogram()
        self._response_bytes = Value()
        self._process_types: set[str] = set()
        self._is_shown = False
        self._show()

    def _show(self) -> None:
        """Take the series that every application with requests has, as soon as there is room."""
        if self._series.has_room(_SERIES):
            self._connects = self._series.histogram(apps.ROUTER_CONNECT) or self._connects
            self._services = self._series.histogram(apps.ROUTER_SERVICE) or self._services
            total = self._series.value(apps.ROUTER_RESPONSE_BYTES)
            self._response_bytes = total or self._response_bytes
            self._is_shown = True
            for code in ROUTER_CODES:
                self._series.begin(apps.ERRORS, "router", code)

    def _note_dyno(self, dyno: str) -> str:
        """Return the process type of a dyno that was asked; begin its errors at 0."""
        process_type = process_type_of(dyno.encode())
        if process_type not in self._process_types and len(self._process_types) < _MOST_TYPES:
            self._process_types.add(process_type)
            for code in DYNO_CODES:
                self._series.begin(apps.ERRORS, process_type, code)
        return process_type

    def count_lines(self, lines: list[tuple[bytes, bytes]], position: int, _now: float) -> int:
        """Count requests from the raw bytes behind a MSGID.

        Args:
            lines: TIME of each line, and what follows its nil MSGID.
            position: The first line to look at.

        Returns:
            Position of the first line that has to be parsed; nothing of it was counted.
        """
        while (position := self.count_normal_lines(lines, position, _now)) < len(lines):
            request = scan_error(lines[position][1])
            if request is None:
                break
            self.count(request)
            self.scanned += 1
            position += 1
        return position

    def count_normal_lines(
        self, lines: list[tuple[bytes, bytes]], position: int, _now: float
    ) -> int:
        """Count requests without an error code; see `count_lines`.

        The tokens of a line are not read but looked up: what they mean was worked out when they
        were first seen, and only well-formed ones are remembered.
        """
        if not self._is_shown:
            self._show()
        begin, response_bytes = position, 0
        known_requests, known_duration = self._requests.get, self._durations.known.get
        connects, services = self._connects, self._services
        connect_counts, service_counts = connects.counts, services.counts
        connect_sum, service_sum = 0.0, 0.0
        for position in range(begin, len(lines)):
            tokens = request_tokens(lines[position][1])
            if tokens is None:
                break
            dyno, connect, service, status, size, method = tokens
            requests = known_requests((dyno, method, status))
            connected, served = known_duration(connect), known_duration(service)
            if requests is None or connected is None or served is None:
                meaning = self._learn(tokens)
                if meaning is None:
                    break
                requests, connected, served = meaning
            foreign, _, digits = size.partition(b"bytes=")
            if foreign or not digits.isdigit() or len(digits) > _MOST_DIGITS:
                break
            response_bytes += int(digits)
            requests.value += 1
            bucket, seconds = connected
            connect_counts[bucket] += 1
            connect_sum += seconds
            bucket, seconds = served
            service_counts[bucket] += 1
            service_sum += seconds
        else:
            position = len(lines)
        connects.sum += connect_sum
        services.sum += service_sum
        self._response_bytes.value += response_bytes
        self.scanned += position - begin
        return position

    def _learn(self, tokens: RequestTokens) -> tuple[Value, Duration, Duration] | None:
        """Work out what new tokens mean; None if one is malformed or the budget refuses it."""
        dyno, connect, service, status, _, method = tokens
        connected = self._durations.learn(connect, b"connect=")
        served = self._durations.learn(service, b"service=")
        dyno_match, status_match = _DYNO.fullmatch(dyno), _STATUS.fullmatch(status)
        if connected is None or served is None or dyno_match is None or status_match is None:
            return None
        requests = self._series.value(
            apps.ROUTER_REQUESTS,
            dyno_match[1].decode("ascii"),
            _method_label(method.decode("ascii", "replace")),
            status_match[1].decode("ascii"),
        )
        if requests is None:
            return None
        self._note_dyno(dyno_match[1].decode("ascii"))
        if len(self._requests) >= _MOST_KNOWN:
            self._requests.clear()
        self._requests[dyno, method, status] = requests
        return requests, connected, served

    def count(self, request: RouterRequest) -> None:
        """Count a request of any form."""
        if not self._is_shown:
            self._show()
        self._series.add(
            apps.ROUTER_REQUESTS,
            request.dyno or NOT_GIVEN,
            _method_label(request.method),
            NOT_GIVEN if request.status is None else f"{request.status:03}",
        )
        if request.connect is not None:
            self._connects.observe(request.connect)
        if request.service is not None:
            self._services.observe(request.service)
        if request.bytes is not None:
            self._response_bytes.value += request.bytes
        # A code without a dyno is the router's: no dyno was up, or none was asked.
        process_type = self._note_dyno(request.dyno) if request.dyno else "router"
        if request.code:
            self._series.add(apps.ERRORS, process_type, request.code)


def _method_label(method: str) -> str:
    return method if method in METHODS else OTHER_METHOD
