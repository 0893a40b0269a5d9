"""Lines as Logplex sends them over TCP and UDP."""

from typing import Final

TOKEN: Final = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcbbc"
UNMAPPED: Final = "d.9173ea1f"
"""The label of a drain without a name: a token is never shown whole."""


def message(text: str) -> bytes:
    """Returns a line that an application printed, in the form of a datagram."""
    header = f"<190>1 2026-03-01T12:00:00.123456+00:00 {TOKEN} app web.1 - -"
    return f"{header} {text}\n".encode()


def frame(text: str) -> bytes:
    """Returns the same with its octet count, as in a stream."""
    line = message(text)
    return b"%d %s" % (len(line), line)
