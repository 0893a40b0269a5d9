"""The daemon: builds the parts, runs them, reloads, stops.

Start: state, queue, admin server, listeners, READY. Stop is the reverse: no longer ready, stop
accepting, read what the peers have sent, empty the queue, admin server last, so that a final scrape
sees what was lost.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from heroku_syslogd import __version__, log
from heroku_syslogd.admin import AdminServer
from heroku_syslogd.bounded_queue import BoundedQueue, Origin
from heroku_syslogd.certificates import CertificateError
from heroku_syslogd.compiled import is_compiled
from heroku_syslogd.config import (
    Config,
    ListenerConfig,
    admin_credentials,
    drain_credentials,
    remote_write_authorization,
)
from heroku_syslogd.credentials import Credentials
from heroku_syslogd.errors import StartupError
from heroku_syslogd.exposition import DaemonCollector, Exposition, build_registry
from heroku_syslogd.housekeeping import Housekeeping
from heroku_syslogd.listeners import (
    ConnectionLimits,
    FrameIds,
    Listener,
    ListenerContext,
    load_certificate,
    open_listener,
)
from heroku_syslogd.log import PeerFaultLog
from heroku_syslogd.pipeline import Pipeline, observer_of
from heroku_syslogd.reload import Reloader
from heroku_syslogd.remote_write import RemoteWriter
from heroku_syslogd.sinks import EventSink
from heroku_syslogd.sockets import PassedSockets, bound_address, raise_descriptor_limit
from heroku_syslogd.status import (
    FEED_KINDS,
    Feed,
    Place,
    Publisher,
    Recorder,
    StatusPages,
    StatusReader,
)
from heroku_syslogd.systemd import Notifier, passed_sockets
from heroku_syslogd.telemetry import LostReason, Telemetry
from heroku_syslogd.wire import HeaderFault
from heroku_syslogd.worker import Observer, together

READ_ON_TIMEOUT: Final = 5.0
"""Most seconds for which a stopping daemon goes on reading what peers send."""

COLLECT_AFTER: Final = 20_000
"""Containers made, less those that are gone, after which the collector looks for cycles among them:
some 10 ms. Only a state that grows has so many."""

_OLDER_AFTER: Final = 50
"""Such looks after which it looks at what they left, too."""

FLUSH_TIMEOUT: Final = 5.0
"""Most seconds for which a stopping daemon waits for its events to be written."""

STOP_TIMEOUT: Final = 20.0
"""Seconds after which a stop no longer waits for the queue; the unit's TimeoutStopSec is longer."""

_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_OTHER_DESCRIPTORS: Final = 64


def _calm_collector() -> None:
    """Have the garbage collector look for cycles less often.

    A batch makes thousands of tuples, all of which die with it and none of which is in a cycle. At
    the usual threshold of 700 the collector looks at them several times a batch, a tenth of all the
    work. What is there from the start stays, so it need not be looked at either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, _OLDER_AFTER)


def _as_it_is(config: Config) -> Config:
    return config


Companion = Callable[["Daemon"], Coroutine[Any, Any, None]]
"""Something that runs beside the daemon for as long as it does, such as the demo's traffic."""


class Daemon:
    """One daemon process.

    Args:
        config: Its configuration.
        config_path: Where that was read from, for reloads; None if it has no file.
        clock: Returns our time in seconds since the epoch.
        override: Puts what the command line says in the place of what the file says, at reloads
            as it did at the start.
    """

    def __init__(
        self,
        config: Config,
        config_path: Path | None = None,
        clock: Callable[[], float] = time.time,
        override: Callable[[Config], Config] = _as_it_is,
    ) -> None:
        self._config = config
        self._clock = clock
        self._log = log.get("daemon")
        self._faults = PeerFaultLog(clock)
        self._notifier = Notifier()
        self.telemetry = Telemetry()
        self.telemetry.reload_success_at = clock()
        self._events = EventSink(config.events) if config.events.path is not None else None
        self._feed = Feed()
        self._pipeline = Pipeline(config, self.telemetry, self._report_header, self._observer())
        self._queue = BoundedQueue(config.queue.max_messages, config.queue.max_bytes)
        self._context = ListenerContext(
            queue=self._queue,
            telemetry=self.telemetry,
            limits=config.limits,
            connections=ConnectionLimits(
                config.limits.max_connections, config.limits.max_connections_per_peer
            ),
            credentials=Credentials(drain_credentials(config, str(config_path))),
            frame_ids=FrameIds(),
            faults=self._faults,
            log=log.get("listener"),
            clock=clock,
        )
        own = self._own = build_registry(
            DaemonCollector(self.telemetry, self._queue, self._pipeline, self._events, clock)
        )
        self._remote_write = self._build_remote_write(str(config_path))
        self._publisher = self._build_publisher()
        self._admin = AdminServer(
            Exposition(self._pipeline.registry, own, self.telemetry, clock),
            StatusPages(self._publisher),
            self.telemetry,
            lambda: self._ready,
            self._faults,
            Credentials(admin_credentials(config)),
            load_certificate(config.admin, "admin"),
        )
        self._ready = False
        self._crashed = False
        self._stop = asyncio.Event()
        self._stop_at_once = asyncio.Event()
        self._listeners: dict[str, Listener] = {}
        self._reloader = Reloader(
            config,
            config_path,
            override,
            self._context,
            self._listeners,
            self._pipeline,
            self._admin,
            self._events,
            self._observer,
            self._remote_write,
        )
        self._housekeeping = Housekeeping(
            self.telemetry,
            self._queue,
            self._pipeline,
            lambda: (*self._listeners.values(), self._admin),
            self._events,
            self._notifier,
            clock,
        )

    def _observer(self) -> Observer:
        """Return who is shown events: the sink, as it is configured now, and the status page."""
        return together(observer_of(self._events), Observer(FEED_KINDS, self._feed.notify))

    def _build_publisher(self) -> Publisher:
        recorder = Recorder(self._pipeline.registry, self.telemetry, self._feed)
        credentials = self._context.credentials
        reader = StatusReader(
            self._pipeline,
            self.telemetry,
            self._queue,
            recorder,
            self._feed,
            places=self._places,
            asks_password=lambda: credentials.required,
            is_ready=lambda: self._ready,
            started_at=self._clock(),
        )
        return Publisher(reader, recorder, self._clock)

    def _build_remote_write(self, file: str) -> RemoteWriter | None:
        config, registry = self._config.remote_write, self._pipeline.registry
        if config.url is None:
            return None
        remote_write_authorization(config, file)  # whether its secret can be used
        try:
            writer = RemoteWriter(config, registry, lambda: self._own, self._clock)
        except CertificateError as error:
            raise StartupError("remote_write", str(error)) from error
        self.telemetry.remote_write = lambda: writer.state
        return writer

    # Run ----------------------------------------------------------------------------------------

    @property
    def admin_address(self) -> str:
        """Where the admin server listens."""
        return self._admin.address

    def listening(self) -> list[tuple[ListenerConfig, str]]:
        """Return the first listener of each type, with the address where it listens."""
        first: dict[str, tuple[ListenerConfig, str]] = {}
        for config, addresses in self._places():
            first.setdefault(config.type, (config, addresses[0]))
        return list(first.values())

    def _places(self) -> list[Place]:
        """Return the listeners that are open."""
        return [
            Place(config, self._listeners[config.label].addresses)
            for config in self._reloader.config.listener
            if config.label in self._listeners
        ]

    async def run(self, companion: Companion | None = None) -> int:
        """Run until a signal or `request_stop`; return the process's exit code.

        Raises:
            StartupError: A listener or the admin server cannot be opened.
        """
        self._handle_signals()
        try:
            await self._open()
            return await self._serve(companion)
        finally:
            loop = asyncio.get_running_loop()
            for number in (*_STOP_SIGNALS, signal.SIGHUP):
                loop.remove_signal_handler(number)

    async def _serve(self, companion: Companion | None) -> int:
        """Run what has been opened until it is to stop."""
        workers = [
            asyncio.create_task(self._pipeline.worker.run(self._queue), name=f"worker {number}")
            for number in range(self._config.queue.workers)
        ]
        others = [
            asyncio.create_task(self._housekeeping.run(), name="housekeeping"),
            asyncio.create_task(self._publisher.run(), name="status"),
        ]
        if self._remote_write is not None:
            sending = self._remote_write.run()
            others.append(asyncio.create_task(sending, name="remote write"))
        if interval := self._notifier.watchdog_interval:
            feeding = self._housekeeping.run_watchdog(interval)
            others.append(asyncio.create_task(feeding, name="watchdog"))
        if companion:
            others.append(asyncio.create_task(companion(self), name="companion"))
        asyncio.get_running_loop().set_exception_handler(self._on_loop_exception)
        _calm_collector()
        self._ready = True
        self._notifier.ready(self._housekeeping.status())
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        try:
            await asyncio.wait({stop, *workers, *others}, return_when=asyncio.FIRST_COMPLETED)
            # None of them ends by itself: one that did has met a bug of ours.
            for task in (*workers, *others):
                if task.done():
                    self._note_crash(task.get_name(), task.exception())
            await self._shut_down(workers)
        finally:
            running: list[asyncio.Task[Any]] = [stop, *workers, *others]
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return 1 if self._crashed else 0

    def request_stop(self) -> None:
        """Stop gracefully; asked a second time, stop at once."""
        if self._stop.is_set():
            self._stop_at_once.set()
        self._stop.set()

    async def _open(self) -> None:
        """Open the admin server and every listener, or nothing."""
        passed = passed_sockets()
        try:
            if self._events is not None:
                self._events.open()
            if self._remote_write is not None:
                await self._remote_write.open()
            await self._admin.open(self._config.admin.address)
            for config in self._config.listener:
                listener = await open_listener(config, self._context, passed)
                self._listeners[config.label] = listener
                self._log.info(
                    "listener.started",
                    listener=config.label,
                    type=config.type,
                    addresses=listener.addresses,
                )
            self._warn_of_unused(passed)
            self._provide_descriptors()
        except BaseException:
            for listener in self._listeners.values():
                await listener.close(0)
            await self._admin.close()
            if self._events is not None:
                await self._events.close(0)
            if self._remote_write is not None:
                await self._remote_write.close()
            raise
        self._log.info(
            "daemon.started",
            version=__version__,
            compiled=is_compiled(),
            admin=self._admin.address,
            metrics=f"{self._admin.url}/metrics",
        )

    def _warn_of_unused(self, passed: PassedSockets) -> None:
        """Say which of systemd's sockets nobody reads: senders would talk to them in vain."""
        used = {listener.systemd for listener in self._config.listener}
        for name in sorted(passed.keys() - used):
            addresses = [bound_address(sock) for sock in passed[name]]
            hint = f'no [[listener]] has systemd = "{name}": what is sent there is not read'
            self._log.warning("systemd.unused_socket", name=name, addresses=addresses, hint=hint)

    def _provide_descriptors(self) -> None:
        """See to it that limits.max_connections, which is counted, is what is reached first."""
        wanted = self._config.limits.max_connections + _OTHER_DESCRIPTORS
        allowed = raise_descriptor_limit(wanted)
        if allowed < wanted:
            hint = "lower limits.max_connections or raise LimitNOFILE="
            self._log.warning("limits.open_files", allowed=allowed, wanted=wanted, hint=hint)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, self.request_stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)

    def _on_loop_exception(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what a callback let escape: an error of the network is a peer's, the rest ours."""
        error = context.get("exception")
        if isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
            self._faults.warning("loop.network_error", peer="", reason=reason)
        else:
            self._note_crash(str(context.get("message")), error)
            self._stop.set()

    def _note_crash(self, where: str, error: BaseException | None) -> None:
        """Log a bug of ours; the daemon stops loudly rather than limping on."""
        self._crashed = True
        self._log.error("daemon.crashed", where=where, exc_info=error)

    # While it runs ------------------------------------------------------------------------------

    def _report_header(self, origin: Origin, fault: HeaderFault) -> None:
        self._faults.warning(
            "message.malformed",
            listener=origin.listener,
            peer=origin.peer,
            reason=fault.reason,
            hint=f"expected {fault.expected} at byte {fault.column}",
        )

    def reload(self) -> None:
        """Read the configuration and the certificates again; invalid ones change nothing."""
        self._notifier.reloading()
        self._reloader.reload()
        self._notifier.ready(self._housekeeping.status())

    # Stop ---------------------------------------------------------------------------------------

    async def _shut_down(self, workers: list[asyncio.Task[None]]) -> None:
        self._ready = False
        self._notifier.stopping(f"Stopping, {self._queue.messages} messages queued")
        self._log.info("daemon.stopping", queued=self._queue.messages)
        working = [worker for worker in workers if not worker.done()]
        drain = asyncio.create_task(self._drain(workers), name="drain")
        at_once = asyncio.create_task(self._stop_at_once.wait())
        await asyncio.wait(
            {drain, at_once}, timeout=STOP_TIMEOUT, return_when=asyncio.FIRST_COMPLETED
        )
        drain.cancel()
        at_once.cancel()
        await asyncio.gather(drain, at_once, return_exceptions=True)
        # A bug that shows only now is none the less one.
        for task in (drain, *working):
            if task.done() and not task.cancelled() and (error := task.exception()):
                self._note_crash(task.get_name(), error)
        # Whatever ended the wait, nobody reads any more when the books are closed.
        await asyncio.gather(*(listener.close(0) for listener in self._listeners.values()))
        abandoned = self._abandon()
        if self._events is not None:
            await self._events.close(0 if self._stop_at_once.is_set() else FLUSH_TIMEOUT)
        if self._remote_write is not None:
            await self._remote_write.finish(0 if self._stop_at_once.is_set() else FLUSH_TIMEOUT)
        await self._admin.close()
        self._context.credentials.close()
        self._admin.users.close()
        self._log.info(
            "daemon.stopped",
            received=self.telemetry.received_messages,
            applied=self.telemetry.applied_messages,
            lost=self.telemetry.lost_messages,
            abandoned=abandoned,
            listeners={
                name: {"received": one.received_messages, "lost": sum(one.lost_messages.values())}
                for name, one in self.telemetry.listeners.items()
            },
        )

    async def _drain(self, workers: list[asyncio.Task[None]]) -> None:
        """Read what has been sent, then empty the queue."""
        closing = [listener.close(READ_ON_TIMEOUT) for listener in self._listeners.values()]
        await asyncio.gather(*closing)
        self._queue.close()
        await asyncio.gather(*workers, return_exceptions=True)

    def _abandon(self) -> int:
        """Count what is left in the queue as lost; return how many messages that is."""
        abandoned = 0
        for batch in self._queue.abandon():
            lost = self.telemetry.listener(batch.origin.listener).lost_messages
            lost[LostReason.ABANDONED] += len(batch.frames)
            abandoned += len(batch.frames)
        return abandoned
