"""Messages to metrics, through the daemon's pipeline (`heroku_syslogd.pipeline.Pipeline`).

An input holds several messages, with a byte RS (0x1e) between any two. Options: flags (1: the
dialect of HTTPS drains; 6: which events are wanted, which rules some short cuts out), how many
messages the first of two batches holds, begin and length of what is pumped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from fuzz.inputs import pump_options, pumped, split_options
from fuzz.targets.bench import ALL_KINDS, Bench, Series
from heroku_syslogd.bounded_queue import Origin
from heroku_syslogd.heroku import (
    DYNO_MANAGER,
    OTHER,
    OUTPUT,
    POSTGRES_SERVER,
    ROUTER,
    Kind,
    LineRule,
    line_rule,
)
from heroku_syslogd.wire import Dialect, Message, parse_message

SEPARATOR: Final = b"\x1e"
_OPTIONS: Final = 4
_HTTPS: Final = 1
_WANTED: Final[tuple[frozenset[Kind], ...]] = (
    frozenset(),
    ALL_KINDS,
    frozenset({Kind.PLATFORM_ERROR}),
    frozenset({Kind.APP_METRICS}),
)
_MOST_MESSAGES: Final = 64
_LONGEST_MESSAGE: Final = 65536
_TOKEN: Final = b"d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
_TIME: Final = b"2024-01-02T03:04:05.678901+00:00"

_PROCIDS_OF_PARSERS: Final = (b"api", b"logplex", b"heroku-postgres", b"heroku-pgbouncer")
_RULES: Final[tuple[LineRule, ...]] = (
    *(DYNO_MANAGER, OTHER, OUTPUT, POSTGRES_SERVER, ROUTER),
    *(line_rule(app, procid) for app in (b"heroku", b"app") for procid in _PROCIDS_OF_PARSERS),
    line_rule(b"app", b"heroku-redis"),
)
"""Every parser there is, some of them twice."""

_OF_OUTPUT: Final = ("heroku_app_", "heroku_log_", "heroku_drain_last_message_")
"""Beginnings of the metrics that an application can change by what it prints."""

# The value of a sample is that of the line that comes last, which within a batch need not be the
# last one of all streams. With several HOSTNAMEs, dynos of one name have several streams, too: no
# drain sends that.
_LAST_COUNTS: Final = "heroku_app_sample"
_OF_DYNOS: Final = "heroku_dyno_"

_COUNTS: Final = ("_total", "_count", "_sum", "_bucket")
"""Ends of the names of what begins at 0, or not at all, depending on which events are wanted."""


def encode(
    messages: Iterable[bytes],
    dialect: Dialect = Dialect.RFC5424,
    *,
    wanted: int = 0,
    first_batch: int = 0,
    pump: tuple[int, int] = (0, 0),
) -> bytes:
    """Return the input for messages without their framing."""
    flags = (dialect is Dialect.LOGPLEX_1) * _HTTPS | wanted << 1
    return bytes([flags, first_batch]) + pump_options(*pump) + SEPARATOR.join(messages)


def check(data: bytes) -> None:
    """Apply messages together and one by one, then print them as an application would."""
    options, payload = split_options(data, _OPTIONS)
    flags, first_batch = options[:2]
    frames = pumped(payload, options[2:]).split(SEPARATOR)[:_MOST_MESSAGES]
    frames = [frame[:_LONGEST_MESSAGE] for frame in frames]
    dialect = Dialect.LOGPLEX_1 if flags & _HTTPS else Dialect.RFC5424
    origin = Origin("", "192.0.2.1", dialect, _TOKEN if flags & _HTTPS else b"")
    parsed = [parse_message(frame, dialect) for frame in frames]
    messages = [found for found in parsed if isinstance(found, Message)]
    for message in messages:
        for rule in _RULES:
            rule.parse(message.msg)

    wanted = _WANTED[flags >> 1 & 3]
    together, alone = Bench(wanted), Bench()
    for batch in (frames[:first_batch], frames[first_batch:]):
        together.apply(batch, origin)
    for frame in frames:
        alone.worker.forget_streams()  # for whom every line is the first of its stream
        alone.apply([frame], origin)
    for bench in (together, alone):
        bench.check_books()
    has_one_hostname = len({message.hostname for message in messages}) <= 1
    _compare(together, alone, with_dynos=has_one_hostname)
    if has_one_hostname and not wanted:
        assert together.registry.budget.used == alone.registry.budget.used
    _check_trust(together, messages, origin)
    for bench in (together, alone):
        bench.check_that_all_is_given_back()


def _compare(together: Bench, alone: Bench, *, with_dynos: bool) -> None:
    """See that the short cuts change nothing but the time that lines take."""
    assert together.lost == alone.lost
    assert together.registry.recognised == alone.registry.recognised
    left, right = (_settled(bench.series(), with_dynos=with_dynos) for bench in (together, alone))
    assert left.keys() == right.keys(), left.keys() ^ right.keys()
    for key, value in left.items():
        # A sum depends on the order of its parts in its last digits.
        assert math.isclose(value, right[key], rel_tol=1e-9), (key, value, right[key])


def _settled(series: Series, *, with_dynos: bool) -> Series:
    """Return the series that do not depend on the order of the streams within a batch."""
    return {
        key: value
        for key, value in series.items()
        if key[0] != _LAST_COUNTS
        and (with_dynos or not key[0].startswith(_OF_DYNOS))
        and (value or not key[0].endswith(_COUNTS))
    }


def _check_trust(bench: Bench, messages: list[Message], origin: Origin) -> None:
    """See that nothing that an application prints changes what only the platform can know."""
    before = bench.series()
    structured_data = b"" if origin.dialect is Dialect.LOGPLEX_1 else b"- "
    for message in messages:
        host = b"-" if message.hostname.endswith(b"]:") else message.hostname
        head = b"<190>1 %s %s app web.1 - %s" % (_TIME, host, structured_data)
        bench.apply([head + message.msg, head + message.msg + b"\n"], origin)
    after = bench.series()
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    forged = {key for key in changed if not key[0].startswith(_OF_OUTPUT)}
    assert not forged, f"an application has changed {forged}"
    bench.check_books()
