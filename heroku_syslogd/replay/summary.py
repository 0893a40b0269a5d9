"""What a replay understood and what not, by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from heroku_syslogd.catalogue import apps
from heroku_syslogd.heroku import Kind
from heroku_syslogd.replay.replay import Replay
from heroku_syslogd.telemetry import LostReason
from heroku_syslogd.wire import Dialect, FrameFault

_HTTPS_HOST = "host"
"""HOSTNAME of every line of an HTTPS drain (heroku/logplex, ``logplex_http_drain.erl``)."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """Malformed stretches of one reason.

    Attributes:
        count: How many.
        bytes: Their bytes.
    """

    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class UnknownKeys:
    """``sample#`` keys of an add-on that we do not know.

    Attributes:
        count: How often one came.
        names: The keys, the most frequent first.
    """

    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The books of a replay. Whatever did not occur is left out of the mappings.

    Two equations hold: messages = applied + every lost; applied = every understood + output + every
    unrecognised.

    Attributes:
        captures: Captures begun.
        bytes: Bytes read.
        messages: Messages found in them.
        applied: Messages that were counted.
        understood: Those that mean something, by kind, the most frequent first.
        output: Those that an application printed and that mean nothing, which they need not.
        unrecognised: Those of the platform and of add-ons that no rule knows, by
            ``APP-NAME[process type]``.
        lost: Messages that were not counted, by reason; for a header that could not be parsed also
            by what was wrong with it.
        malformed: Stretches that are no message, by reason.
        unknown_keys: Sample keys that were left out, by add-on.
        reported_lost: Messages that Heroku itself says it lost before they got into the captures.
        began: First time that a message names, seconds since the epoch; None where none does.
        ended: The newest one.
        seems_https: Whether most messages name no drain although the dialect is RFC 5424.
    """

    captures: int
    bytes: int
    messages: int
    applied: int
    understood: dict[Kind, int]
    output: int
    unrecognised: dict[str, int]
    lost: dict[str, int]
    malformed: dict[FrameFault, Stretches]
    unknown_keys: dict[str, UnknownKeys]
    reported_lost: int
    began: float | None
    ended: float | None
    seems_https: bool

    @property
    def understood_anything(self) -> bool:
        """Whether any message means something; output alone does not count."""
        return bool(self.understood)


def summarise(replay: Replay) -> Summary:
    """Return the books of a replay as they are now."""
    counters, registry = replay.counters, replay.pipeline.registry
    applied = replay.telemetry.applied_messages
    understood = Counter(registry.recognised)
    unrecognised = _unrecognised(replay)
    dropped = [
        value.value
        for app in registry.tallies.apps()
        for value in app.series.values.get(apps.LOGPLEX_DROPPED, {}).values()
    ]
    return Summary(
        captures=replay.captures,
        bytes=counters.received_bytes,
        messages=counters.received_messages,
        applied=applied,
        understood={kind: count for kind, count in understood.most_common() if count},
        output=applied - understood.total() - unrecognised.total(),
        unrecognised={name: count for name, count in unrecognised.most_common() if count},
        lost=_lost(replay),
        malformed={
            reason: Stretches(count, counters.rejected_bytes[reason])
            for reason, count in counters.frame_errors.items()
            if count
        },
        unknown_keys=_unknown_keys(replay),
        reported_lost=int(sum(dropped)),
        began=replay.clock.began,
        ended=replay.clock.newest,
        seems_https=_seems_https(replay, applied),
    )


def _unrecognised(replay: Replay) -> Counter[str]:
    counts = Counter(replay.forgotten)
    for log in replay.pipeline.registry.tallies.logs():
        counts[log.source, log.process_type] += log.unrecognised
    return Counter({f"{source}[{process}]": n for (source, process), n in counts.items()})


def _lost(replay: Replay) -> dict[str, int]:
    lost = {
        f"{LostReason.HEADER}: {reason}": count
        for reason, count in replay.telemetry.parse_errors.items()
    }
    for reason, count in replay.counters.lost_messages.items():
        if reason is not LostReason.HEADER:
            lost[str(reason)] = count
    return {reason: count for reason, count in lost.items() if count}


def _unknown_keys(replay: Replay) -> dict[str, UnknownKeys]:
    return {
        str(addon): UnknownKeys(
            count, tuple(key for (of, key), _ in replay.unknown_keys.most_common() if of == addon)
        )
        for addon, count in replay.pipeline.registry.addons.unknown_keys.items()
        if count
    }


def _seems_https(replay: Replay, applied: int) -> bool:
    if replay.dialect is Dialect.LOGPLEX_1 or not applied:
        return False
    logs = replay.pipeline.registry.tallies.logs()
    return sum(log.messages for log in logs if log.app == _HTTPS_HOST) * 2 > applied
