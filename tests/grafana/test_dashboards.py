"""The committed dashboards: up to date, whole, and as Grafana's dashboard-linter wants them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from grafana_foundation_sdk.models import units

from grafana import build
from grafana.board import TAG, Uid
from heroku_syslogd.catalogue import MetricType
from tests.grafana.panels import (
    DASHBOARDS,
    DIRECTORY,
    METRICS,
    ROOT,
    Query,
    deploys,
    family,
    panels,
    queries,
    selectors,
)

PANELS: Final = list(panels())
QUERIES: Final = [*queries(), *deploys()]
UNITS: Final = {value for value in vars(units).values() if isinstance(value, str)}
BY_UID: Final = {one["uid"]: one for one in DASHBOARDS}

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one["uid"])
each_panel = pytest.mark.parametrize(
    ("dashboard", "panel"), PANELS, ids=[f"{d['uid']}: {p['title']}" for d, p in PANELS]
)
each_query = pytest.mark.parametrize("query", QUERIES, ids=str)


# Up to date --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "text"), list(build.files()), ids=lambda value: value[:60])
def test_the_committed_file_is_what_the_code_gives(name: str, text: str) -> None:
    assert (ROOT / name).read_text() == text, "run python grafana/build.py"


def test_there_is_no_dashboard_that_nobody_builds() -> None:
    written = {ROOT / name for name, _ in build.files()}

    assert set(DIRECTORY.iterdir()) <= written
    assert {one["uid"] for one in DASHBOARDS} == set(Uid)


def test_the_check_names_the_file_that_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main([], tmp_path) == 0
    assert build.main(["--check"], tmp_path) == 0
    stale = tmp_path / "grafana" / "dashboards" / f"{Uid.FLEET}.json"

    stale.write_text("{}")

    assert build.main(["--check"], tmp_path) == 1
    assert str(stale) in capsys.readouterr().err
    assert stale.read_text() == "{}"


# Dashboards --------------------------------------------------------------------------------------


@each_dashboard
def test_a_dashboard_has_what_every_dashboard_has(dashboard: dict[str, Any]) -> None:
    assert dashboard["title"].startswith("Heroku / ")
    assert dashboard["description"]
    assert TAG in dashboard["tags"]
    assert dashboard["schemaVersion"] >= 36
    assert dashboard["editable"] is False
    assert not dashboard.get("id"), "Grafana gives the number"


@each_dashboard
def test_ids_are_unique_and_the_grid_is_filled(dashboard: dict[str, Any]) -> None:
    everything = dashboard["panels"]
    assert max(Counter(panel["id"] for panel in everything).values()) == 1
    taken: Counter[tuple[int, int]] = Counter()
    for panel in everything:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        lines = range(place["y"], place["y"] + place["h"])
        taken.update((line, column) for line in lines for column in columns)
    height = max(line for line, _ in taken) + 1

    assert set(taken.values()) == {1}
    assert len(taken) == 24 * height


@each_dashboard
def test_titles_are_unique_but_for_a_heat_map_beside_its_quantiles(
    dashboard: dict[str, Any],
) -> None:
    found = Counter(
        (panel["title"], panel["type"]) for panel in dashboard["panels"] if panel["type"] != "row"
    )

    assert max(found.values()) == 1


@each_dashboard
def test_the_variables_are_those_of_the_conventions(dashboard: dict[str, Any]) -> None:
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}

    assert list(variables)[:2] == ["datasource", "job"]
    assert "app" in variables
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    for name in list(variables)[1:]:
        one = variables[name]
        assert one["type"] == "query"
        assert one["datasource"]["uid"] == "${datasource}"
        assert one["includeAll"]
        assert one["allValue"] == ".+"
        assert one["label"]
        assert one["refresh"] == 2, "when the time changes"
        (selector,) = re.findall(r"label_values\((\w+)(?:\{(.*)\})?, (\w+)\)", one["query"])
        metric, matchers, label = selector
        assert metric in METRICS
        assert label in {*METRICS[metric].labels, "job", "instance"}
        assert name == "job" or 'job=~"$job"' in matchers


@each_dashboard
def test_deploys_are_annotations(dashboard: dict[str, Any]) -> None:
    (deploys,) = dashboard["annotations"]["list"]

    assert deploys["enable"]
    assert deploys["useValueForTime"]
    assert deploys["datasource"]["uid"] == "${datasource}"


# Panels ------------------------------------------------------------------------------------------


@each_panel
def test_a_panel_says_what_it_shows_and_in_which_unit(
    dashboard: dict[str, Any], panel: dict[str, Any]
) -> None:
    assert panel["title"]
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["targets"]
    for source in (panel, *panel["targets"]):
        assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    refs = [target["refId"] for target in panel["targets"]]
    assert len(set(refs)) == len(refs)


@each_panel
def test_a_panel_explains_each_metric_in_the_words_of_the_catalogue(
    dashboard: dict[str, Any], panel: dict[str, Any]
) -> None:
    for target in panel["targets"]:
        names = {family(one.metric) for one in selectors(target["expr"])}
        clocks = {name for name in names if name.endswith("_last_sample_timestamp_seconds")}
        others = names - clocks or clocks
        assert others
        for name in others:
            assert METRICS[name].help in panel["description"]


@each_panel
def test_the_columns_of_a_table_have_their_heads(
    dashboard: dict[str, Any], panel: dict[str, Any]
) -> None:
    if panel["type"] != "table":
        return
    _, organize = panel["transformations"]
    named = organize["options"]["renameByName"]
    columns = {f"Value #{target['refId']}" for target in panel["targets"]}

    assert columns <= {*named, *organize["options"]["excludeByName"]}
    heads = [head for field, head in named.items() if field != "Value"]
    assert len(set(heads)) == len(heads)
    overridden = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
    assert overridden <= set(heads)


# Queries -----------------------------------------------------------------------------------------


@each_query
def test_every_metric_of_a_query_is_in_the_catalogue(query: Query) -> None:
    found = selectors(query.text)

    assert found
    for name, _ in found:
        assert family(name) in METRICS, name


@each_query
def test_every_metric_of_a_query_has_the_matchers_that_its_labels_allow(query: Query) -> None:
    for name, matchers in selectors(query.text):
        labels = METRICS[family(name)].labels
        assert 'job=~"$job"' in matchers
        if "app" in labels:
            assert 'app=~"$app"' in matchers
        else:
            assert 'instance=~"$instance"' in matchers
        asked = set(re.findall(r"(\w+)(?==~|!~|=|!=)", matchers))
        assert asked <= {*labels, "job", "instance"}
        variables = {one["name"] for one in BY_UID[query.uid]["templating"]["list"]}
        assert set(re.findall(r"\$(\w+)", matchers)) <= variables


@each_query
def test_rates_are_taken_over_the_rate_interval(query: Query) -> None:
    for function, window in re.findall(r"(\w+)\(\w+\{[^}]*\}\[([^\]]*)\]", query.text):
        allowed = {
            "rate": {"$__rate_interval"},
            "increase": {"$__rate_interval", "$__range"},
            "changes": {"$__range"},
            "last_over_time": {"10m"},
        }
        assert window in allowed[function]


@each_query
def test_a_counter_is_never_shown_as_it_is(query: Query) -> None:
    for name, _ in selectors(query.text):
        if METRICS[family(name)].type is not MetricType.GAUGE:
            assert re.search(rf"\b(rate|increase)\({name}\{{", query.text)


def test_every_metric_of_the_catalogue_is_shown() -> None:
    shown = {family(one.metric) for query in QUERIES for one in selectors(query.text)}

    assert set(METRICS) == shown


# Links -------------------------------------------------------------------------------------------


def links(value: Any) -> list[str]:
    """Return every address within a dashboard."""
    if isinstance(value, dict):
        own = [value["url"]] if isinstance(value.get("url"), str) and value["url"] else []
        return own + [url for one in value.values() for url in links(one)]
    if isinstance(value, list):
        return [url for one in value for url in links(one)]
    return []


@each_dashboard
def test_links_lead_to_dashboards_that_have_the_variables(dashboard: dict[str, Any]) -> None:
    own = {one["name"] for one in dashboard["templating"]["list"]}
    for url in links(dashboard):
        if url.startswith("https://"):
            continue
        target, parameters = re.fullmatch(r"/d/([\w-]+)\?(.*)", url).groups()  # type: ignore[union-attr]
        theirs = {one["name"] for one in BY_UID[target]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", parameters)) <= theirs
        assert set(re.findall(r"\$\{(\w+):queryparam\}", parameters)) <= own & theirs
        assert "${__url_time_range}" in parameters


@each_dashboard
def test_the_menu_finds_the_other_dashboards_and_keeps_what_was_chosen(
    dashboard: dict[str, Any],
) -> None:
    (menu,) = dashboard["links"]

    assert menu["type"] == "dashboards"
    assert menu["tags"] == [TAG]
    assert menu["includeVars"]
    assert menu["keepTime"]
    assert sum(TAG in one["tags"] for one in DASHBOARDS) == len(Uid)
