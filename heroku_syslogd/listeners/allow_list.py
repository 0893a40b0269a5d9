"""Which addresses may send to a listener."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from heroku_syslogd.config import Network

_REMEMBERED: Final = 4096


class AllowList:
    """Blocks of addresses; none means everybody.

    Args:
        networks: The blocks.
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._blocks = [network.block for network in networks]
        self._known: dict[str, bool] = {}

    @property
    def permits_all(self) -> bool:
        """Whether everybody may send."""
        return not self._blocks

    def permits(self, peer: str) -> bool:
        """Tell whether a peer may send. A datagram's sender is looked up often, so it is cached."""
        if not self._blocks:
            return True
        permitted = self._known.get(peer)
        if permitted is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            permitted = self._known[peer] = self._look_up(peer)
        return permitted

    def _look_up(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])  # without the scope of fe80::
        except ValueError:
            return False
        return any(address in block for block in self._blocks)
