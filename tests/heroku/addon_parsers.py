"""Parsers of samples that the tests of add-ons share."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.addons import addon_sample_parser
from heroku_syslogd.heroku.events import Addon

KB: Final = 1024

parse_postgres: Final = addon_sample_parser(Addon.POSTGRES)
parse_redis: Final = addon_sample_parser(Addon.REDIS)
