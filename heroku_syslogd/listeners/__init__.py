"""Sockets to batches. Listeners know framing and the queue; of Heroku's lines they know nothing."""

from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.frame_ids import FrameIds
from heroku_syslogd.listeners.limits import ConnectionLimits
from heroku_syslogd.listeners.listener import Listener, load_certificate, open_listener

__all__ = [
    "ConnectionLimits",
    "FrameIds",
    "Listener",
    "ListenerContext",
    "load_certificate",
    "open_listener",
]
