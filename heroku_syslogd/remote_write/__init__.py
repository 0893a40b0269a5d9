"""Prometheus remote write 1.0: the same metrics as ``/metrics``, sent to an engine.

Samples of dynos and add-ons are sent with the time that Heroku gave them and without a label of
this receiver (`samples`); everything else at intervals, with one (`counters`). What is to be sent
waits in a spool that survives an outage of the engine and a restart (`spool`).
"""

from heroku_syslogd.remote_write.writer import RemoteWriter

__all__ = ["RemoteWriter"]
