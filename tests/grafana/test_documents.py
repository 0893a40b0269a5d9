"""What the page of the dashboards promises: panels that exist, codes that are explained."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from docs.build import anchor
from grafana import build, sumo
from grafana.error_codes import LINKS, TITLES
from heroku_syslogd.heroku import Kind
from heroku_syslogd.tallies.router import DYNO_CODES, ROUTER_CODES
from tests.grafana.panels import ROOT, panels

PAGE = dict(build.files())["docs/dashboards.md"]
EXISTING = {(dashboard["uid"], panel["title"]) for dashboard, panel in panels()}


@pytest.mark.parametrize("panel", sumo.PANELS, ids=lambda one: f"{one.dashboard}: {one.title}")
def test_what_stands_in_for_a_panel_of_sumo_logic_exists(panel: sumo.Panel) -> None:
    assert panel.ours or panel.note
    for place in panel.ours:
        assert place in EXISTING
    for kind in re.findall(r"kind `(\w+)`", panel.note):
        assert kind in set(Kind)


def test_every_dashboard_of_sumo_logic_is_there() -> None:
    assert Counter(panel.dashboard for panel in sumo.PANELS) == {
        "Overview": 20,
        "Dyno": 12,
        "Application": 13,
        "Memory Metrics": 7,
        "CPU Load Metrics": 3,
        "Infrastructure Errors": 1,
        "Application Errors": 7,
    }


def test_every_mark_of_the_template_was_filled_in() -> None:
    assert "{{" not in PAGE
    assert PAGE.count("\n| ") > len(sumo.PANELS)


def test_links_of_the_page_lead_somewhere() -> None:
    for target, fragment in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", PAGE):
        path = ROOT / "docs" / target if target else ROOT / "docs" / "dashboards.md"
        assert path.exists(), target
        if fragment:
            text = path.read_text() if target else PAGE
            assert fragment in map(anchor, re.findall(r"^##+ (.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("code", TITLES)
def test_the_address_of_a_code_has_its_heading(code: str) -> None:
    title, url = LINKS[code]
    article, _, heading = url.partition("#")

    assert title.startswith(f"{code} ")
    assert article == "https://devcenter.heroku.com/articles/error-codes"
    assert re.fullmatch(rf"{code.lower()}(-[a-z0-9]+)+", heading)


def test_addresses_are_those_of_the_article() -> None:
    assert LINKS["H12"][1].endswith("#h12-request-timeout")
    assert LINKS["R14"][1].endswith("#r14-memory-quota-exceeded")


def test_the_codes_that_alerts_are_made_of_are_explained() -> None:
    assert {*ROUTER_CODES, *DYNO_CODES} <= set(TITLES)
