"""heroku-syslogd: the target of Heroku log drains, with Prometheus metrics on the other side."""

__version__ = "0.1.0"
