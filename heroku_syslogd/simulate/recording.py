"""The benchmark mix as recordings, the same bytes each time, and how they stand on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from heroku_syslogd.simulate.dyno import SAMPLE_INTERVAL
from heroku_syslogd.simulate.fleet import Fleet
from heroku_syslogd.simulate.http_batches import TARGET_BYTES
from heroku_syslogd.simulate.line import Line
from heroku_syslogd.simulate.logplex import http_message, udp_datagram
from heroku_syslogd.simulate.mix import SHARES, SteadyMix


def record(count: int, *, apps: int = 3, dynos: int = 4, seed: int = 1) -> list[bytes]:
    """Record ``count`` messages of the mix, in RFC 5424 form with their LF and no octet count.

    The recording runs at the pace at which samples of a dyno come 20 s apart.

    Args:
        count: How many messages.
        apps: How many apps they come from.
        dynos: How many dynos each app has.
        seed: Seed; the same gives the same bytes.
    """
    return [udp_datagram(line) for line in _lines(count, apps, dynos, seed)]


def record_http(
    count: int, *, apps: int = 3, dynos: int = 4, seed: int = 1
) -> dict[str, list[bytes]]:
    """Record the same messages as `record`, in the form that HTTP drains send.

    Returns:
        The messages in ``application/logplex-1`` form, without octet counts, by the drain token
        that the requests with them carry: HOSTNAME does not tell whose they are.
    """
    drains: dict[str, list[bytes]] = {}
    for line in _lines(count, apps, dynos, seed):
        drains.setdefault(line.token, []).append(http_message(line))
    return drains


def octet_framed(messages: Iterable[bytes]) -> bytes:
    """Return ``messages`` as one stream of octet-counted frames (RFC 6587, section 3.4.1)."""
    return b"".join([b"%d %b" % (len(message), message) for message in messages])


def blocks(messages: Iterable[bytes], per_block: int) -> Iterator[bytes]:
    """Yield octet-counted frames in blocks of ``per_block`` messages; the last may hold fewer."""
    rest = iter(messages)
    while block := list(islice(rest, per_block)):
        yield octet_framed(block)


class Body(NamedTuple):
    """A request body.

    Attributes:
        data: Octet-counted frames.
        messages: How many, for ``Logplex-Msg-Count``.
    """

    data: bytes
    messages: int


def batches(messages: Iterable[bytes], target_bytes: int = TARGET_BYTES) -> Iterator[Body]:
    """Yield octet-counted frames in request bodies of at most ``target_bytes`` each.

    A frame that is larger than that has a body of its own.
    """
    frames: list[bytes] = []
    size = 0
    for message in messages:
        frame = b"%d %b" % (len(message), message)
        if frames and size + len(frame) > target_bytes:
            yield Body(b"".join(frames), len(frames))
            frames, size = [], 0
        frames.append(frame)
        size += len(frame)
    if frames:
        yield Body(b"".join(frames), len(frames))


def _lines(count: int, apps: int, dynos: int, seed: int) -> Iterator[Line]:
    start = 1_700_000_000.271_828
    fleet = Fleet(apps, dynos, seed, start)
    mix = SteadyMix(fleet, start, recorded=True)
    # Not a round number, or every timestamp would lose most of its digits.
    spacing = SAMPLE_INTERVAL * SHARES["sample"] / (200 * apps * dynos) * 1.000_173
    return mix.lines(count, start, spacing)
