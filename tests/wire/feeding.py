"""One way to feed a decoder in every test: whole, byte by byte, and at every split point."""

from collections.abc import Iterable, Iterator

from heroku_syslogd.wire import FrameDecoder, Malformed

Outcome = tuple[list[bytes], list[tuple[str, int]]]
"""Frames, and each malformed stretch with all of the bytes that it cost."""


def decode(
    chunks: Iterable[bytes], limit: int = 65536, budget: int | None = None, *, finish: bool = True
) -> Outcome:
    decoder = FrameDecoder(limit, budget)
    frames: list[bytes] = []
    faults: list[Malformed] = []
    for chunk in chunks:
        found = decoder.feed(chunk)
        frames += found.frames
        faults += found.faults
        assert decoder.retained <= limit + 16
    if finish:
        rest = decoder.finish()
        frames += rest.frames
        faults += rest.faults
        assert decoder.retained == 0
    return frames, merged(faults)


def merged(faults: Iterable[Malformed]) -> list[tuple[str, int]]:
    """Add up the parts of a stretch that several calls reported."""
    result: list[tuple[str, int]] = []
    for reason, dropped, continued in faults:
        if continued:
            assert result[-1][0] == reason
            result[-1] = (reason, result[-1][1] + dropped)
        else:
            assert not continued
            result.append((str(reason), dropped))
    return result


def every_way(stream: bytes) -> Iterator[list[bytes]]:
    yield [stream]
    yield [stream[i : i + 1] for i in range(len(stream))]
    for cut in range(1, len(stream)):
        yield [stream[:cut], stream[cut:]]


def decode_every_way(stream: bytes, limit: int = 65536, budget: int | None = None) -> Outcome:
    """Decode in every way, check that all agree, and return what they agree on."""
    expected = decode([stream], limit, budget)
    for chunks in every_way(stream):
        assert decode(chunks, limit, budget) == expected, chunks
    return expected
