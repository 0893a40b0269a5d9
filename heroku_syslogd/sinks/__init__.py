"""Where structured events go to, beside the metrics."""

from heroku_syslogd.sinks.event_sink import EventSink, json_line, wanted_documents
from heroku_syslogd.sinks.timber import DESCRIPTIONS, Line

__all__ = ["DESCRIPTIONS", "EventSink", "Line", "json_line", "wanted_documents"]
