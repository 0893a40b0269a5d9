"""Metrics that applications print (l2met), summed up per application, name and unit.

Applications choose the names, so the series budget bounds how many there are, and those that fall
silent are dropped. The same name in another unit is another series: seconds and bytes do not add.
"""

from heroku_syslogd.app_metrics.registry import AppMetricRegistry
from heroku_syslogd.app_metrics.scanner import AppMetricScanner
from heroku_syslogd.app_metrics.series import MINUTE

__all__ = ["MINUTE", "AppMetricRegistry", "AppMetricScanner"]
