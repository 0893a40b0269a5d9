"""Reloading: a changed configuration and renewed certificates, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from heroku_syslogd import log
from heroku_syslogd.admin import AdminServer
from heroku_syslogd.certificates import CertificateError, ServerCertificate
from heroku_syslogd.config import (
    Config,
    admin_credentials,
    changes,
    drain_credentials,
    load,
    merged,
    remote_write_authorization,
)
from heroku_syslogd.errors import ConfigError
from heroku_syslogd.listeners import Listener, ListenerContext
from heroku_syslogd.pipeline import Pipeline
from heroku_syslogd.remote_write import RemoteWriter
from heroku_syslogd.sinks import EventSink
from heroku_syslogd.worker import Observer


class Reloader:
    """Hands a changed configuration to whoever goes by it.

    Args:
        config: The configuration that the daemon was started with.
        path: Where it was read from; None if it has no file.
        override: Puts what the command line says in the place of what the file says.
        context: What listeners share.
        listeners: The listeners, by label.
        pipeline: What messages go through.
        admin: The admin server.
        events: The sink of structured events, None if there is none.
        observer: Returns who is shown events.
        remote_write: Sends samples, None if there is no such thing.

    Attributes:
        config: The configuration that is in force.
    """

    def __init__(
        self,
        config: Config,
        path: Path | None,
        override: Callable[[Config], Config],
        context: ListenerContext,
        listeners: Mapping[str, Listener],
        pipeline: Pipeline,
        admin: AdminServer,
        events: EventSink | None,
        observer: Callable[[], Observer],
        remote_write: RemoteWriter | None,
    ) -> None:
        self.config = config
        self._path = path
        self._override = override
        self._context = context
        self._listeners = listeners
        self._pipeline = pipeline
        self._admin = admin
        self._events = events
        self._observer = observer
        self._remote_write = remote_write
        self._log = log.get("daemon")

    def reload(self) -> None:
        """Read the configuration and the certificates again; invalid ones change nothing.

        The file of the events is opened anew in any case, so that it can be rotated.
        """
        if self._events is not None:
            self._events.reopen()
        if self._path is None:
            self._log.info("config.nothing_to_reload")
            return
        telemetry = self._context.telemetry
        try:
            new = self._override(load(self._path))
            credentials = drain_credentials(new, str(self._path))
            renewals = [certificate.prepare() for certificate in self._certificates()]
            if self._remote_write is not None:
                in_force = merged(self.config, new).remote_write
                remote_write_authorization(in_force, str(self._path))
                renewals.append(self._remote_write.prepare(in_force))
        except ConfigError as error:
            self._refuse(
                [f"{key}: {problem}" if key else problem for key, problem in error.problems]
            )
            return
        except CertificateError as error:
            self._refuse([str(error)])
            return
        for renew in renewals:
            renew()
        self._context.credentials.configure(credentials)
        self._take_over(new)
        telemetry.reload_successful = True
        telemetry.reload_success_at = self._context.clock()

    def _refuse(self, problems: list[str]) -> None:
        self._context.telemetry.reload_successful = False
        self._log.error("config.reload_failed", file=str(self._path), problems=problems)

    def _certificates(self) -> list[ServerCertificate]:
        servers: list[Listener | AdminServer] = [*self._listeners.values(), self._admin]
        return [server.certificate for server in servers if server.certificate is not None]

    def _take_over(self, new: Config) -> None:
        changed = changes(self.config, new)
        config = self.config = merged(self.config, new)
        log.configure(config.log.level, config.log.format)
        context = self._context
        context.limits = config.limits
        context.connections.max_connections = config.limits.max_connections
        context.connections.max_per_peer = config.limits.max_connections_per_peer
        self._pipeline.configure(config)
        self._admin.users.configure(admin_credentials(config))
        for listener in config.listener:
            self._listeners[listener.label].configure(listener)
        if self._events is not None:
            self._events.kinds = frozenset(config.events.kinds)
            self._pipeline.worker.observe(self._observer())
        self._log.info("config.reloaded", applied=changed.applied)
        if changed.restart:
            self._log.warning("config.needs_restart", keys=changed.restart)
