"""Writes grafana/dashboards/*.json and docs/dashboards.md from the modules of this package.

Run as ``python grafana/build.py``; with ``--check`` it writes nothing and names the files that
differ. Exit codes: 0, 1 (a file differs), 2 (usage).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, not as a module

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard, RowPanel

from docs.build import table, write
from grafana import addons, app, drain_health, dyno, errors, fleet, router, sumo

ROOT: Final = Path(__file__).resolve().parent.parent
DASHBOARDS: Final = tuple(
    module.DASHBOARD for module in (fleet, app, dyno, router, errors, addons, drain_health)
)
_JSON: Final = "grafana/dashboards/{}.json"
_PAGE: Final = "docs/dashboards.md"
_TEMPLATE: Final = "grafana/templates/dashboards.md"
_NOTICE: Final = f"<!-- Written by grafana/build.py from {_TEMPLATE}: edit that. -->\n\n"
_MARK: Final = re.compile(r"^\{\{(\w+)\}\}$", re.MULTILINE)


def _name(title: str | None) -> str:
    return (title or "").removeprefix("Heroku / ")


def _contents(one: Dashboard) -> str:
    """Return the rows of a dashboard."""
    titles = [panel.title for panel in one.panels or () if isinstance(panel, RowPanel)]
    return ", ".join(filter(None, titles))


def boards() -> str:
    """Return the table of the dashboards."""
    lines = (
        (
            f"[{_name(one.title)}](../{_JSON.format(one.uid)})",
            one.description or "",
            _contents(one),
        )
        for one in DASHBOARDS
    )
    return table(("Dashboard", "What it answers", "Rows"), lines)


def sumo_table() -> str:
    """Return the panels of Sumo Logic's application, and what stands in for each."""
    titles = {one.uid: _name(one.title) for one in DASHBOARDS}

    def ours(panel: sumo.Panel) -> str:
        places = [f"{titles[place.uid]}: {place.title}" for place in panel.ours]
        return "<br>".join(filter(None, (*places, panel.note)))

    lines = ((panel.dashboard, panel.title, ours(panel)) for panel in sumo.PANELS)
    return table(("Sumo Logic", "Its panel", "Here"), lines)


_PARTS: Final[Mapping[str, Callable[[], str]]] = {"boards": boards, "sumo": sumo_table}


def files() -> Iterator[tuple[str, str]]:
    """Return path and text of every file."""
    for one in DASHBOARDS:
        text = json.dumps(one, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False)
        yield _JSON.format(one.uid), text + "\n"
    page = _MARK.sub(lambda mark: _PARTS[mark[1]](), (ROOT / _TEMPLATE).read_text())
    yield _PAGE, _NOTICE + page


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the files, or compare them; return the exit code."""
    return write(files(), root, "grafana/build.py", arguments)


if __name__ == "__main__":
    sys.exit(main())
