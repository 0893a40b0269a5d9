"""The live status page: what is known now, what happened lately, and whoever watches it.

`Recorder` looks at the state every few seconds and remembers what a page wants that a scrape does
not have: rates, quantiles, curves and a feed of notable events. `StatusReader` makes a document of
the state and of that. `Publisher` sends watchers what has changed of it; `pages` serves all of it.
"""

from heroku_syslogd.status.document import Place, StatusReader
from heroku_syslogd.status.feed import FEED_KINDS, Feed
from heroku_syslogd.status.pages import StatusPages
from heroku_syslogd.status.publisher import Publisher
from heroku_syslogd.status.recorder import Recorder

__all__ = [
    "FEED_KINDS",
    "Feed",
    "Place",
    "Publisher",
    "Recorder",
    "StatusPages",
    "StatusReader",
]
