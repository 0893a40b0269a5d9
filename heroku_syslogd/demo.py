"""``run --demo``: a simulated Heroku that sends to the daemon over its real sockets."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from heroku_syslogd.config import Config
from heroku_syslogd.daemon import Daemon
from heroku_syslogd.simulate import SimulateOptions, drain_tokens, simulate

_SCHEMES: Final = {"tcp": "syslog", "udp": "udpsyslog"}
_APPS: Final = {"tcp": 3, "udp": 1}
_DYNOS: Final = {"tcp": 4, "udp": 2}
_SEEDS: Final = {"tcp": 1, "udp": 2}


class Demo:
    """Traffic for every type of listener that is configured."""

    def configure(self, config: Config) -> Config:
        """Return the configuration with the simulated drains named."""
        tokens = dict(config.drains.tokens)
        for kind in _SCHEMES:
            for token, name in drain_tokens(_options(kind, "localhost:1")).items():
                tokens[token] = name if kind == "tcp" else f"{name}-{kind}"
        return msgspec.structs.replace(
            config, drains=msgspec.structs.replace(config.drains, tokens=tokens)
        )

    async def run(self, daemon: Daemon) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as senders:
            for kind in _SCHEMES:
                if address := daemon.listener_address(kind):
                    senders.create_task(simulate(_options(kind, address)))


def _options(kind: str, address: str) -> SimulateOptions:
    address = address.replace("0.0.0.0", "127.0.0.1")
    return SimulateOptions(
        f"{_SCHEMES[kind]}://{address}",
        apps=_APPS[kind],
        dynos=_DYNOS[kind],
        seed=_SEEDS[kind],
        duration=None,
    )
