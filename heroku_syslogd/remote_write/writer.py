"""Remote write as a part of the daemon: what has come is encoded, queued and sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from heroku_syslogd import log
from heroku_syslogd.config import RemoteWriteConfig
from heroku_syslogd.exposition.blocks import heroku_blocks
from heroku_syslogd.registry import Registry
from heroku_syslogd.remote_write.client import Client
from heroku_syslogd.remote_write.counters import CounterEncoder
from heroku_syslogd.remote_write.encoding import compress
from heroku_syslogd.remote_write.samples import SampleCollector
from heroku_syslogd.remote_write.sender import Sender
from heroku_syslogd.remote_write.spool import Request, Spool
from heroku_syslogd.telemetry import RemoteWriteState

_INSTANCE: Final = "instance"
_REFUSED: Final = "refused"
_TOO_MANY: Final = "not_encoded"
_CHECK_EVERY: Final = 0.1
"""Seconds between two looks at how many lines wait."""

_SAMPLES_PER_LINE: Final = 5
"""Fewest samples of most lines; batches need not be of the very size that is configured."""


class RemoteWriter:
    """Sends samples of dynos and add-ons as they come, and everything else at intervals.

    Args:
        config: Where to and how; has a URL.
        registry: What is known of Heroku.
        own: Returns the collectors of the daemon itself.
        clock: Returns our time in seconds since the epoch.

    Attributes:
        spool: What waits.
        sender: Sends it.
        client: Posts it.

    Raises:
        CertificateError: A file of TLS cannot be used.
    """

    def __init__(
        self,
        config: RemoteWriteConfig,
        registry: Registry,
        own: Callable[[], CollectorRegistry],
        clock: Callable[[], float],
    ) -> None:
        directory = Path(config.directory) if config.directory else None
        self.spool = Spool(directory, config.max_memory_bytes, config.max_disk_bytes)
        self.client = Client(config, clock)
        self.sender = Sender(self.spool, self.client, config, clock=clock)
        self._config = config
        self._registry = registry
        self._own = own
        self._clock = clock
        self._log = log.get("remote_write")
        labels = config.external_labels
        self._collector = SampleCollector(registry, labels)
        self._counters = CounterEncoder({**labels, _INSTANCE: config.instance_label})
        self._encoding = asyncio.Lock()
        self._batch: list[bytes] = []
        self._batch_samples = 0

    def prepare(self, config: RemoteWriteConfig) -> Callable[[], None]:
        """Load the files of TLS; only calling the result takes over the configuration.

        How much is collected, and where it waits, stays as it is until a restart.

        Raises:
            CertificateError: A file cannot be used; everything stays as it is.
        """
        renew = self.client.prepare(config)

        def take_over() -> None:
            renew()
            self.sender.configure(config)

        return take_over

    async def open(self) -> None:
        """Take over what an earlier process left.

        Raises:
            StartupError: The directory of the spool cannot be used.
        """
        found = await self.spool.open()
        url = self._config.url.shown if self._config.url else ""
        self._log.info("remote_write.started", url=url, requests_found=found)

    @property
    def state(self) -> RemoteWriteState:
        """How it is doing."""
        sender, spool = self.sender, self.spool
        return RemoteWriteState(
            sender.sent_requests,
            sender.sent_samples,
            sender.sent_bytes,
            {str(reason): count for reason, count in sender.failures.items()},
            self._dropped(),
            spool.waiting_samples,
            spool.waiting_bytes,
            sender.last_success_at,
        )

    def _dropped(self) -> dict[str, int]:
        dropped = {str(reason): count for reason, count in self.spool.dropped.items()}
        refused = self.sender.refused_samples.total()
        return {**dropped, _REFUSED: refused, _TOO_MANY: self._collector.dropped_samples}

    async def run(self) -> None:
        """Encode and send until cancelled, or until `finish`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sender.run(), name="remote write: sender")
            tasks.create_task(self._encode(), name="remote write: encoder")

    async def finish(self, flush_timeout: float) -> None:
        """Send what has come, as far as there is time; the rest stays in the spool.

        Args:
            flush_timeout: Seconds.
        """
        await self.send_samples()
        await self.send_counters()
        await self.sender.finish(flush_timeout)
        await self.close()

    async def close(self) -> None:
        """Close the connection and the spool."""
        await self.client.close()
        if lost := await self.spool.close():
            self._log.warning("remote_write.lost", samples=lost)

    async def send_samples(self) -> None:
        """Queue the samples of all lines that have come."""
        async with self._encoding:
            for data, samples in self._collector.drain():
                await self._add(data, samples)
            await self._flush()

    async def send_counters(self) -> None:
        """Queue everything that is sent at intervals, as it is now."""
        async with self._encoding:
            now = self._clock()
            for block in self._counters.blocks(heroku_blocks(self._registry, now), now):
                for data in block:
                    await self._add(data, 1)
                await asyncio.sleep(0)
            for data in self._counters.own(self._own(), now):
                await self._add(data, 1)
            await self._flush()

    async def _encode(self) -> None:
        loop = asyncio.get_running_loop()
        enough = max(1, self._config.batch_samples // _SAMPLES_PER_LINE)
        next_look = loop.time() + self._config.interval
        begun = loop.time()
        while True:
            await asyncio.sleep(min(_CHECK_EVERY, self._config.batch_age))
            is_old = loop.time() >= begun + self._config.batch_age
            if is_old or len(self._collector) >= enough:
                begun = loop.time()
                await self.send_samples()
            if loop.time() >= next_look:
                next_look = max(next_look + self._config.interval, loop.time())
                await self.send_counters()

    async def _add(self, data: bytes, samples: int) -> None:
        self._batch.append(data)
        self._batch_samples += samples
        if self._batch_samples >= self._config.batch_samples:
            await self._flush()

    async def _flush(self) -> None:
        """Queue a request of what has been encoded; the event loop turns meanwhile."""
        if self._batch_samples:
            request = Request(compress(self._batch), self._batch_samples)
            self._batch, self._batch_samples = [], 0
            await self.spool.put(request)
        await asyncio.sleep(0)
