"""Lines of the platform that are known."""

import pytest

from heroku_syslogd.explain import KNOWN_LINES, PLATFORM_RULES, Verdict, conclusion
from heroku_syslogd.heroku import Kind, LineRule
from tests.explain.lines import HEADER, block, explained, rows


def test_a_line_that_no_rule_knows_comes_with_those_that_are_known() -> None:
    found = explained(f"{HEADER} heroku router - - what is this")
    nobody = explained(f"{HEADER} heroku nginx - - what is this")

    assert found.verdict is Verdict.UNRECOGNISED
    assert "router_request" in rows(found, "Lines of the router that are known")
    assert "heroku_unrecognised_messages_total" in "\n".join(block(found, "Series"))
    assert rows(nobody, "Lines of an unknown part of Heroku that are known") == {"none": ""}
    assert "no rule for lines of the router" in conclusion(found)


@pytest.mark.parametrize(
    ("rule", "kind", "line"),
    [(rule, kind, line) for rule, lines in KNOWN_LINES.items() for kind, line in lines],
)
def test_the_lines_that_are_said_to_be_known_are(rule: LineRule, kind: Kind, line: str) -> None:
    event = rule.parse(line.encode())

    assert event is not None
    assert event.kind == kind


def test_every_kind_of_event_has_a_line_that_is_known() -> None:
    assert {kind for lines in KNOWN_LINES.values() for kind, _ in lines} == set(Kind)
    assert len(set(PLATFORM_RULES)) == len(PLATFORM_RULES) == len(KNOWN_LINES) - 2
