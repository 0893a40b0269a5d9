"""The short way for samples of dynos: six of a hundred messages."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.dynos.dyno import Dyno, DynoIdentity
from heroku_syslogd.dynos.registry import MAX_CLOCK_AHEAD, DynoRegistry
from heroku_syslogd.heroku import RUNTIME_FIELDS, sample_run, scan_sample
from heroku_syslogd.wire import parse_timestamp

_ALL_FIELDS: Final = len(RUNTIME_FIELDS)


class SampleScanner:
    """Takes over the samples of one dyno straight from its lines.

    All samples of a run begin with the same bytes, ``source=`` and ``dyno=``. While they do, and
    the run is the one that is shown, nothing has to be decided: only the values are read.

    Args:
        registry: Has the dynos.
        identity: Which dyno it is.
    """

    def __init__(self, registry: DynoRegistry, identity: DynoIdentity) -> None:
        self._registry = registry
        self._identity = identity
        self._dyno: Dyno | None = None
        self._run = ""
        self._beginning = b""

    def count_lines(self, lines: list[tuple[bytes, bytes]], position: int, now: float) -> int:
        """Take over samples from the raw bytes behind a MSGID.

        Args:
            lines: TIME of each line, and what follows its nil MSGID.
            position: The first line to look at.
            now: Our time, seconds since the epoch.

        Returns:
            Position of the first line that is anything else, or about which something has to be
            decided.
        """
        begin, latest = position, now + MAX_CLOCK_AHEAD
        dyno, beginning, on_sample = self._dyno, self._beginning, self._registry.on_sample
        if dyno is not None and dyno.run != self._run:
            dyno = None
        size = len(beginning)
        for position in range(begin, len(lines)):
            timestamp, rest = lines[position]
            if dyno is None or rest[:size] != beginning:
                dyno = self._learn(rest)
                if dyno is None:
                    break
                beginning = self._beginning
                size = len(beginning)
            sample = scan_sample(rest, size)
            if sample is None:
                break
            line, values = sample
            if len(dyno.values) < _ALL_FIELDS and not values.keys() <= dyno.values.keys():
                break  # new series are the registry's to admit
            at = parse_timestamp(timestamp)
            if at is None or at > latest:
                at = now
            dyno.take(line, values, at, now)
            if on_sample is not None:
                on_sample(dyno, line, values, at)
        else:
            position = len(lines)
        self._registry.scanned += position - begin
        return position

    def _learn(self, rest: bytes) -> Dyno | None:
        """Remember how the samples of the run that is shown begin.

        Returns:
            The dyno, None if this is not one of them.
        """
        if not rest.startswith((b"- source=", b"source=")):
            return None
        found = sample_run(rest)
        dyno = self._registry.find(self._identity)
        if found is None or dyno is None or found.run != dyno.run:
            return None
        self._dyno, self._run, self._beginning = dyno, found.run, found.beginning
        return dyno
