"""State to Prometheus: text, OpenMetrics, and the families of prometheus-client.

`blocks` reads the state, once for all forms. `text` turns blocks into lines; what those look like
it learns from prometheus-client. `Exposition` does so slice by slice, so that the event loop turns
in between. The few hundred series of the daemon itself are left to prometheus-client.
Exported samples carry no timestamps: those would switch off Prometheus' staleness handling.
"""

from heroku_syslogd.exposition.daemon import DaemonCollector, build_registry
from heroku_syslogd.exposition.families import HerokuCollector
from heroku_syslogd.exposition.scrape import Exposition, Scrape

__all__ = [
    "DaemonCollector",
    "Exposition",
    "HerokuCollector",
    "Scrape",
    "build_registry",
]
