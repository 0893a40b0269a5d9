"""Sockets to batches. Listeners know framing and the queue; of Heroku's lines they know nothing."""

from heroku_syslogd.listeners.context import ListenerContext
from heroku_syslogd.listeners.limits import ConnectionLimits
from heroku_syslogd.listeners.listener import Listener, open_listener

__all__ = ["ConnectionLimits", "Listener", "ListenerContext", "open_listener"]
