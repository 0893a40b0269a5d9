"""Configurations for the tests of ``check``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from heroku_syslogd.check import Examined, examine
from tests.e2e.tls_files import Authority

EXPIRY = datetime(2031, 2, 3, 4, 5, tzinfo=UTC)
HASH = f"$2b$04${'.' * 53}"
TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"


def written(directory: Path, text: str) -> Path:
    """Write a configuration; return where it is."""
    path = directory / "config.toml"
    path.write_text(text)
    return path


def examined(directory: Path, text: str) -> Examined:
    """Write a configuration and examine it."""
    return examine(written(directory, text))


def secured(directory: Path) -> str:
    """Return a configuration that has one of everything."""
    authority = Authority(directory)
    drain = authority.issue("drain.example", "192.0.2.1", not_after=EXPIRY)
    admin = authority.issue("metrics.example", file="admin", not_after=EXPIRY)
    return f"""
[limits]
max_apps = 5
idle_timeout = "1m"
[events]
path = "events.jsonl"
kinds = ["api", "build"]
[remote_write]
url = "https://engine.example/api/v1/write?key=secret"
directory = "spool"
instance = "receiver-1"
[admin]
address = "*:9842"
{admin.toml}
[admin.users]
prometheus = "{HASH}"
[[listener]]
type = "tcp"
address = "*:601"
reuse_port = true
allow = ["198.51.100.0/24"]
proxy_protocol = true
proxies = ["10.0.0.0/8", "2001:db8::/32"]
[[listener]]
type = "https"
address = "[::]:8443"
name = "public"
{drain.toml}
[[listener]]
type = "tls"
systemd = "tls"
client_ca = "{authority.path}"
{drain.toml}
[[credentials]]
user = "[red]logplex[/red]"
password_hash = "{HASH}"
app = "shop"
[drains.tokens]
"{TOKEN}" = "shop"
"""
