"""Requests of one application.

A fifth of all messages are router lines, so there are two ways in: `RouterTally.count_line` takes
the raw bytes of a normal request and costs about a microsecond, `RouterTally.count` takes the event
that the full parser makes of anything else. Both count the same.
"""

from __future__ import annotations

import re
from typing import Final

from heroku_syslogd.catalogue import apps
from heroku_syslogd.heroku import RouterRequest, process_type_of, scan_request
from heroku_syslogd.tallies.series import AppSeries, Value, bucket_of

NOT_GIVEN: Final = "none"
"""Label value of what a line does not give. An empty one would be no label at all."""

METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
)
OTHER_METHOD: Final = "other"
"""Clients may send any word for a method, so those of RFC 9110 and PATCH have labels, no others."""

_DURATION: Final = re.compile(rb"(?:connect|service)=([0-9]{1,9})ms")
_DYNO: Final = re.compile(rb"dyno=([A-Za-z][A-Za-z0-9_-]{0,62}\.[0-9]{1,10})")
_STATUS: Final = re.compile(rb"status=([0-9]{3})")
_BYTES: Final = b"bytes="

_MOST_DURATIONS: Final = 20_000
_MOST_KNOWN: Final = 5_000


class Durations:
    """What ``connect=1ms`` and ``service=22ms`` mean: bucket and seconds, each worked out once.

    The same few thousand tokens come again and again; looking one up takes a third of the time that
    reading it takes.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, float]] = {}
        self.get = self._known.get

    def learn(self, token: bytes, key: bytes) -> tuple[int, float] | None:
        """Read a token that is not known yet; None if it is not ``key`` and milliseconds."""
        match = _DURATION.fullmatch(token)
        if match is None or not token.startswith(key):
            return None
        if len(self._known) >= _MOST_DURATIONS:
            self._known.clear()
        seconds = int(match[1]) / 1000
        found = self._known[token] = bucket_of(seconds), seconds
        return found


class RouterTally:
    """Counts requests of one application.

    Args:
        series: The application's series.
        durations: Shared by all applications.

    Attributes:
        scanned: Requests that `count_line` counted.
    """

    def __init__(self, series: AppSeries, durations: Durations) -> None:
        self._series = series
        self._durations = durations
        self._known: dict[tuple[bytes, bytes, bytes], Value] = {}
        self.scanned = 0
        self._open()

    def _open(self) -> None:
        self._connect = self._series.histogram(apps.ROUTER_CONNECT)
        self._service = self._series.histogram(apps.ROUTER_SERVICE)
        self._response_bytes = self._series.value(apps.ROUTER_RESPONSE_BYTES)

    def count_line(self, rest: bytes) -> bool:
        """Count a normal request from the raw bytes behind its MSGID.

        The tokens of the line are not read but looked up: what they mean was worked out when they
        were first seen, and only well-formed ones are remembered.

        Returns:
            False if it is anything else; then nothing was counted.
        """
        tokens = scan_request(rest)
        if tokens is None:
            return False
        method, dyno, connect, service, status, size = tokens
        requests = self._known.get((dyno, method, status)) or self._learn(dyno, method, status)
        connected = self._durations.get(connect) or self._durations.learn(connect, b"connect=")
        served = self._durations.get(service) or self._durations.learn(service, b"service=")
        digits = size[len(_BYTES) :].rstrip(b"\n")
        if not (requests and connected and served and digits.isdigit() and len(digits) < 16):
            return False
        connects, services, response_bytes = self._connect, self._service, self._response_bytes
        if connects is None or services is None or response_bytes is None:
            return False
        bucket, seconds = connected
        connects.counts[bucket] += 1
        connects.sum += seconds
        bucket, seconds = served
        services.counts[bucket] += 1
        services.sum += seconds
        requests.value += 1
        response_bytes.value += int(digits)
        self.scanned += 1
        return True

    def _learn(self, dyno: bytes, method: bytes, status: bytes) -> Value | None:
        """Find the counter of these tokens; None if one is malformed or the budget refuses it."""
        dyno_match, status_match = _DYNO.fullmatch(dyno), _STATUS.fullmatch(status)
        if dyno_match is None or status_match is None:
            return None
        label = method.decode("ascii", "replace")
        value = self._series.value(
            apps.ROUTER_REQUESTS,
            dyno_match[1].decode("ascii"),
            label if label in METHODS else OTHER_METHOD,
            status_match[1].decode("ascii"),
        )
        if value is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[dyno, method, status] = value
        return value

    def count(self, request: RouterRequest) -> None:
        """Count a request of any form."""
        series = self._series
        series.add(
            apps.ROUTER_REQUESTS,
            request.dyno or NOT_GIVEN,
            request.method if request.method in METHODS else OTHER_METHOD,
            NOT_GIVEN if request.status is None else f"{request.status:03}",
        )
        if request.connect is not None:
            series.observe(apps.ROUTER_CONNECT, seconds=request.connect)
        if request.service is not None:
            series.observe(apps.ROUTER_SERVICE, seconds=request.service)
        if request.bytes is not None:
            series.add(apps.ROUTER_RESPONSE_BYTES, amount=request.bytes)
        if request.code:
            # A code without a dyno is the router's: no dyno was up, or none was asked.
            process_type = process_type_of(request.dyno.encode()) if request.dyno else "router"
            series.add(apps.ERRORS, process_type, request.code)
        if None in (self._connect, self._service, self._response_bytes):
            self._open()  # there may be room by now
