"""What aiohttp logs of a request: a bug of ours with its traceback, a peer's junk without."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

from heroku_syslogd import log
from heroku_syslogd.log import PeerFaultLog


class _RequestErrors(logging.Handler):
    def __init__(self, component: str, faults: PeerFaultLog) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults
        self._component = component
        self._log = log.get(component)

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record. The text of a protocol error quotes the request, so it is left out."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            peer = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
            reason = type(error).__name__
            self._faults.warning(f"{self._component}.bad_request", peer=peer, reason=reason)
        else:
            event = f"{self._component}.error"
            self._log.error(event, message=record.getMessage(), exc_info=error)


def request_logger(component: str, faults: PeerFaultLog) -> logging.Logger:
    """Return a logger for one HTTP server.

    Args:
        component: Names the server in the log.
        faults: Where requests that are no HTTP are logged.
    """
    logger = logging.Logger(f"heroku_syslogd.{component}")  # of this server alone
    logger.addHandler(_RequestErrors(component, faults))
    return logger
