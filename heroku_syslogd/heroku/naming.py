"""Names that peers choose, made fit for a label: a closed alphabet and a bounded length."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_MAX_LABEL: Final = 64
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_.:/@+-]")


def label_text(token: bytes) -> str:
    """Return a wire token as a label value: letters, digits and ``_.:/@+-``, at most 64 of them."""
    return _label(token[:_MAX_LABEL])


@lru_cache(maxsize=1000)  # the few names of add-ons and their attachments stand in all their lines
def _label(token: bytes) -> str:
    return _FOREIGN.sub("_", token.decode("ascii", "replace")) or "-"


def process_type_of(procid: bytes) -> str:
    """Return PROCID up to its first dot: ``web`` of ``web.1``, ``router``, ``heroku-postgres``."""
    return label_text(procid.partition(b".")[0])


def free_text(token: bytes, limit: int = 8192) -> str:
    """Return a wire token as text for an event, never for a label: at most ``limit`` bytes."""
    return token[:limit].decode("utf-8", "replace")
