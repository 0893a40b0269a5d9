"""Sockets to batches. Listeners know framing and the queue; of Heroku's lines they know nothing."""

from heroku_syslogd.listeners.limits import ConnectionLimits
from heroku_syslogd.listeners.listener import Listener, ListenerContext, open_listener

__all__ = ["ConnectionLimits", "Listener", "ListenerContext", "open_listener"]
