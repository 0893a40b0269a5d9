"""What fuzzing begins with: bytes that made a receiver stumble, each with the place that tells.

The published lines of Heroku are not here but in ``tests/corpus``; `fuzz.corpus` puts both together
and makes the inputs of the targets from them.
"""

from __future__ import annotations

from typing import NamedTuple


class Seed(NamedTuple):
    """Bytes that a peer may send.

    Attributes:
        name: What they are; unique in its table, and the name of a file.
        data: The bytes.
        reason: What is remarkable about them, in a word or two.
        source: Where that is known from: an issue or file of a public repository, or a document.
    """

    name: str
    data: bytes
    reason: str
    source: str
