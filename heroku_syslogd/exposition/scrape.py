"""A scrape: everything in one text format, without holding up the event loop."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from heroku_syslogd.exposition.blocks import HEROKU_METRICS, heroku_blocks
from heroku_syslogd.exposition.daemon import OpenMetricsView
from heroku_syslogd.exposition.text import LEAST_PART, Encoder, Page, Templates
from heroku_syslogd.registry import Registry
from heroku_syslogd.telemetry import Telemetry

LINES_PER_SLICE: Final = 4000
"""Lines after which the event loop turns: one or two milliseconds. A request waits for two or three
turns, and under load messages have as long a share of each."""

_MOST_FORMATS: Final = 8
"""Formats that are remembered. Clients choose among a handful, and may write a version of their
own invention."""

_COMPRESSED_PER_SLICE: Final = 2**19
"""Bytes that are compressed before the event loop turns: about one millisecond."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_FASTEST: Final = 1
"""Level of compression: the text shrinks to a tenth with it, and not to much less with others."""


class Scrape(NamedTuple):
    """A rendered scrape.

    Attributes:
        parts: The text, in parts of some tens or hundreds of kilobytes.
        content_type: Which format it is in.
    """

    parts: list[bytes]
    content_type: str

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(map(len, self.parts))

    def pieces(self, size: int) -> Iterator[bytes]:
        """Return the text in pieces of at least ``size`` bytes, the last one excepted."""
        pending: list[bytes] = []
        length = 0
        for part in self.parts:
            pending.append(part)
            length += len(part)
            if length >= size:
                yield b"".join(pending)
                pending, length = [], 0
        if pending:
            yield b"".join(pending)

    async def compressed(self) -> Scrape:
        """Return it compressed by gzip; the event loop turns meanwhile.

        A thread would fight with the loop for the processor, and for the interpreter's lock after
        each part: messages waited for 20 ms and more where this takes one at a time.
        """
        compressor = zlib.compressobj(_FASTEST, wbits=_GZIP)
        parts = []
        for piece in self.pieces(_COMPRESSED_PER_SLICE):
            parts.append(compressor.compress(piece))
            await asyncio.sleep(0)
        return Scrape([*parts, compressor.flush()], self.content_type)


class Exposition:
    """Everything that is scraped.

    Args:
        registry: What is known of Heroku.
        own: Collectors of the daemon itself, with a few hundred series at most.
        telemetry: Where the duration of scrapes is noted.
        clock: Returns our time in seconds since the epoch.
    """

    def __init__(
        self,
        registry: Registry,
        own: CollectorRegistry,
        telemetry: Telemetry,
        clock: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._own = own
        self._telemetry = telemetry
        self._clock = clock
        self._templates: dict[str, Templates] = {}

    async def render(self, accept: str) -> Scrape:
        """Render a scrape in the format that ``Accept`` asks for; the event loop turns meanwhile.

        Every series is as it was at one moment, and the daemon's own are all of the last one.
        """
        slices, busy = self._slices(accept), 0.0
        while True:
            begin = time.perf_counter()
            try:
                next(slices)
            except StopIteration as end:
                scrape: Scrape = end.value
                break
            finally:
                busy += time.perf_counter() - begin
            await asyncio.sleep(0)
        self._telemetry.scrape_duration = busy
        return scrape

    def render_at_once(self, accept: str = "") -> bytes:
        """Render a scrape while the event loop, if there is one, stands still."""
        slices = self._slices(accept)
        while True:
            try:
                next(slices)
            except StopIteration as end:
                scrape: Scrape = end.value
                return b"".join(scrape.parts)

    def _slices(self, accept: str) -> Generator[None, None, Scrape]:
        encoder, content_type = choose_encoder(accept)
        page = Page(self._format(content_type, encoder))
        yield
        lines = 0
        for block in heroku_blocks(self._registry, self._clock()):
            lines += page.add(block)
            if lines >= LINES_PER_SLICE:
                lines = 0
                yield
        parts, pending, size = [], [], 0
        for part in page.parts():
            pending.append(part)
            size += len(part)
            if size >= LEAST_PART:
                parts.append(b"".join(pending))  # the same object if it is a single one
                pending, size = [], 0
        is_openmetrics = content_type.startswith("application/openmetrics-text")
        pending.append(encoder(OpenMetricsView(self._own) if is_openmetrics else self._own))
        return Scrape([*parts, b"".join(pending)], content_type)

    def _format(self, content_type: str, encoder: Encoder) -> Templates:
        templates = self._templates.get(content_type)
        if templates is None:
            if len(self._templates) >= _MOST_FORMATS:
                self._templates.clear()
            templates = Templates(HEROKU_METRICS, encoder)
            self._templates[content_type] = templates
        return templates
