"""Messages to meaning: what Heroku's own lines say. Pure and total; nothing here raises.

Trust: an application writes any text it likes, but not its APP-NAME. Only lines whose APP-NAME the
platform writes become platform events.
"""

from heroku_syslogd.heroku.classify import LineParser, line_parser
from heroku_syslogd.heroku.events import (
    DynoStateChange,
    Event,
    RuntimeSample,
    SampleLine,
)
from heroku_syslogd.heroku.naming import label_text, process_type_of

__all__ = [
    "DynoStateChange",
    "Event",
    "LineParser",
    "RuntimeSample",
    "SampleLine",
    "label_text",
    "line_parser",
    "process_type_of",
]
