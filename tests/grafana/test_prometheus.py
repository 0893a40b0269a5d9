"""Real Prometheus: every query is valid, and has data of a running ``--demo``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.daemon_process import LISTEN, running, wait_until
from tests.e2e.test_prometheus import query
from tests.e2e.tls_files import NAMES, Authority
from tests.grafana.panels import Query, choices, deploys, filled, queries
from tests.grafana.scraper import prometheus
from tests.test_docs import promtool, rules

EVERYTHING: Final = dict.fromkeys(("job", "app", "instance", "process_type", "dyno"), ".+")
WINDOWS: Final = {"__rate_interval": "15s", "__range": "30s"}
VARIABLES: Final = {**EVERYTHING, **WINDOWS}
QUERIES: Final = [*queries(), *deploys(), *choices()]

CONFIG: Final = """
{listen}
[[listener]]
type = "http"
address = "127.0.0.1:0"

[[listener]]
type = "tls"
address = "127.0.0.1:0"
{certificate}

[events]
path = "{events}"

[remote_write]
url = "{write_url}"
interval = "1s"
external_labels = {{ job = "{written}" }}
"""

SCRAPED: Final = "heroku"
WRITTEN: Final = "written"
"""Jobs of what the same Prometheus has by scraping, and by remote write."""

OF_JOB: Final = {
    SCRAPED: {**VARIABLES, "job": SCRAPED},
    # Here a sample is there once: a rate needs two of an add-on, which sends one a minute.
    WRITTEN: {**VARIABLES, "job": WRITTEN, "__rate_interval": "2m"},
}
"""Values of the variables by job."""

WITHOUT_DATA: Final = {
    ("heroku-syslogd-app", "Requests by status class", "E"): "the demo answers with 2xx to 5xx",
    ("heroku-syslogd-router", "Requests by status class", "E"): "the demo answers with 2xx to 5xx",
    ("heroku-syslogd-errors", "Failed release phases", "A"): "no release phase of the demo fails",
    ("heroku-syslogd-addons", "Size", "B"): "the databases of the demo do not log their limit",
}
"""Queries that have no data of the demo, and why."""

ALL_WELL: Final = {
    ("heroku-syslogd-drains", panel, "A")
    for panel in (
        "Lost by reason",
        "Lines that no rule knows",
        "Malformed stretches",
        "Bytes of malformed stretches",
        "Headers that could not be parsed",
        "Sample keys that are not known",
        "Refused or closed by the daemon",
        "Events dropped",
        "Attempts that failed",
        "Samples dropped",
    )
}
"""Queries that show what went wrong, which nothing does in the demo: their counters stay at 0."""

OCCURRED: Final = " > 0"

OPTIONAL: Final = {"unit"}
"""Labels that are left out where they have no value."""

SECONDS: Final = 300.0
"""Bound of the wait; the demo tells a story of every kind within a minute or two."""


@pytest.mark.real
def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    texts = dict.fromkeys(filled(one.text, VARIABLES) for one in QUERIES)

    promtool(tmp_path, "check", "rules", rules=rules(*texts))


def test_the_exceptions_are_queries_of_their_kind() -> None:
    texts = {one[:3]: one.text for one in QUERIES}

    assert set(WITHOUT_DATA) <= set(texts)
    assert all(texts[one].endswith(OCCURRED) for one in ALL_WELL)


@pytest.mark.real
def test_every_query_has_data_of_the_demo_scraped_or_written(tmp_path: Path) -> None:
    certificate = Authority(tmp_path).issue(*NAMES).toml
    waiting = [(job, one) for job in OF_JOB for one in QUERIES if one[:3] not in WITHOUT_DATA]

    with ExitStack() as stack:
        scraper = stack.enter_context(prometheus(tmp_path, SCRAPED))
        config = CONFIG.format(
            listen=LISTEN,
            certificate=certificate,
            events=tmp_path / "events.jsonl",
            write_url=scraper.write_url,
            written=WRITTEN,
        )
        daemon = stack.enter_context(running(config, tmp_path, options=["--demo"]))
        scraper.scrape(daemon)

        def has_data(job: str, one: Query) -> bool:
            text = one.text.removesuffix(OCCURRED) if one[:3] in ALL_WELL else one.text
            samples = query(scraper.url, filled(text, OF_JOB[job]))
            for labels in (sample["metric"].keys() for sample in samples):
                assert one.wanted - OPTIONAL <= labels, f"{one}, {job}: no such label"
                assert one.known is None or labels <= one.known, f"{one}, {job}: no such column"
            return any(sample["value"][1] != "NaN" for sample in samples)

        def all_have_data() -> bool:
            waiting[:] = [(job, one) for job, one in waiting if not has_data(job, one)]
            return not waiting

        try:
            wait_until(all_have_data, "data", seconds=SECONDS)
        except AssertionError as error:
            left = "; ".join(f"{one}, {job}" for job, one in waiting)
            pytest.fail(f"{error}; without data: {left}")
