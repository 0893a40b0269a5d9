"""Tables of remote write, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.config import (
    parse,
)
from heroku_syslogd.errors import ConfigError

EXAMPLE: Final = Path(__file__).parents[2] / "config.example.toml"
SECRET: Final = "hunter2"
URL: Final = 'url = "https://prometheus.example/api/v1/write"\n'
PLAIN_URL: Final = 'url = "http://prometheus.example/api/v1/write"\n'


def table(text: str) -> str:
    return f"[remote_write]\n{text}\n"


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(table(text))
    return dict(caught.value.problems)
