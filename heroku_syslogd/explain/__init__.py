"""What one line is, which series it touches, or why it is refused."""

from heroku_syslogd.explain.explanation import Explanation, Meaning, Verdict, explain
from heroku_syslogd.explain.framing import Framing, unframe
from heroku_syslogd.explain.tables import KNOWN_LINES, PLATFORM_RULES, event_fields, trust
from heroku_syslogd.explain.text import Section, conclusion, print_explanation, sections

__all__ = [
    "KNOWN_LINES",
    "PLATFORM_RULES",
    "Explanation",
    "Framing",
    "Meaning",
    "Section",
    "Verdict",
    "conclusion",
    "event_fields",
    "explain",
    "print_explanation",
    "sections",
    "trust",
    "unframe",
]
