"""Names and ids as Heroku gives them."""

from __future__ import annotations

from random import Random
from typing import Final

_WORDS: Final = (
    *("graceful", "contoured", "reticulated", "opaque", "curly", "flexible", "slippery", "flat"),
    *("defined", "rugged", "lively", "pointy", "closed", "deep", "tapered", "sharp"),
)


def uuid4(rng: Random) -> str:
    """Return a lower-case random UUID, version 4, from ``rng``."""
    text = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def addon_name(service: str, rng: Random) -> str:
    """Return a name for an add-on: the service, a word, and five digits."""
    return f"{service}-{rng.choice(_WORDS)}-{rng.randrange(100_000):05d}"
