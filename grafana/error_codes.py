"""Heroku's error codes, by their headings in Dev Center, "Heroku Error Codes"."""

from __future__ import annotations

import re
from typing import Final

ARTICLE: Final = "https://devcenter.heroku.com/articles/error-codes"

TITLES: Final = {
    "H10": "App crashed",
    "H11": "Backlog too deep",
    "H12": "Request timeout",
    "H13": "Connection closed without response",
    "H14": "No web dynos running",
    "H15": "Idle connection",
    "H17": "Poorly formatted HTTP response",
    "H18": "Server Request Interrupted",
    "H19": "Backend connection timeout",
    "H20": "App boot timeout",
    "H21": "Backend connection refused",
    "H22": "Connection limit reached",
    "H23": "Endpoint misconfigured",
    "H24": "Forced close",
    "H25": "HTTP Restriction",
    "H26": "Request Error",
    "H27": "Client Request Interrupted",
    "H28": "Client Connection Idle",
    "H31": "Misdirected Request",
    "H32": "TLS Certificate Mismatch",
    "H33": "HTTP/2 Stream Broken",
    "H34": "All up dynos are quarantined",
    "H80": "Maintenance mode",
    "H81": "Blank app",
    "H82": "You've used up your dyno hour pool",
    "H83": "Planned Service Degradation",
    "H99": "Platform error",
    "R10": "Boot timeout",
    "R12": "Exit timeout",
    "R13": "Attach error",
    "R14": "Memory quota exceeded",
    "R15": "Memory quota vastly exceeded",
    "R16": "Detached",
    "R17": "Checksum error",
    "R99": "Platform error",
    "L10": "Drain buffer overflow",
    "L11": "Tail buffer overflow",
    "L12": "Local buffer overflow",
    "L13": "Local delivery error",
    "L14": "Certificate validation error",
    "L15": "Tail buffer temporarily unavailable",
}


def address(code: str) -> str:
    """Return where Heroku explains a code."""
    anchor = re.sub(r"[^a-z0-9]+", "-", f"{code} {TITLES[code]}".lower())
    return f"{ARTICLE}#{anchor}"


LINKS: Final = {code: (f"{code} {title}", address(code)) for code, title in TITLES.items()}
"""Title and address of the link behind a code."""
