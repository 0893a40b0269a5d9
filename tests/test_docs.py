"""The generated documentation: up to date, complete, and its queries are what Prometheus takes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from docs import build
from docs.examples import EXAMPLES, TOKEN, events_of
from heroku_syslogd.catalogue import SECTIONS, Metric
from heroku_syslogd.heroku import Kind, line_rule
from heroku_syslogd.wire import Dialect, Message, parse_message
from tests.real import require

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = dict(build.pages())
METRICS: Final = [metric for section in SECTIONS for metric in section.metrics]
README: Final = (ROOT / "README.md").read_text()


def queries(markdown: str) -> list[str]:
    """Return every query of a document; one that goes on behind a line break is indented there."""
    blocks = re.findall(r"^```promql\n(.*?)\n```$", markdown, re.DOTALL | re.MULTILINE)
    return [query for block in blocks for query in re.split(r"\n(?![\s)])", block)]


USEFUL: Final = queries(PAGES["metrics.md"].partition("## Useful queries")[2])


def promtool(directory: Path, *command: str, **content: Any) -> None:
    """Let Prometheus' own tool judge files, of which the last one is named to it."""
    for name, value in content.items():
        text = value if isinstance(value, str) else json.dumps(value)  # JSON is YAML
        (directory / f"{name}.yml").write_text(text)
    result = subprocess.run(
        [require("promtool"), *command, f"{name}.yml"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def rules(*expressions: str) -> dict[str, Any]:
    recorded = [{"record": f"q:{n}", "expr": text} for n, text in enumerate(expressions)]
    return {"groups": [{"name": "documents", "rules": recorded}]}


# Up to date --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_what_the_code_gives(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == PAGES[name], "run python docs/build.py"


def test_every_page_of_the_directory_is_generated_but_those_that_no_table_holds() -> None:
    written = {"dashboards.md", "operating.md", "runbook.md", "scaling.md", "security.md"}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == {*PAGES, *written}


def test_the_check_names_the_page_that_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build.main([], tmp_path) == 0
    assert build.main(["--check"], tmp_path) == 0

    (tmp_path / "events.md").write_text("stale")

    assert build.main(["--check"], tmp_path) == 1
    assert str(tmp_path / "events.md") in capsys.readouterr().err
    assert (tmp_path / "events.md").read_text() == "stale"


def test_every_mark_of_the_templates_was_filled_in() -> None:
    assert not [name for name, text in PAGES.items() if "{{" in text]


# Metrics -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_has_a_row(metric: Metric) -> None:
    (row,) = [
        line for line in PAGES["metrics.md"].splitlines() if line.startswith(f"| `{metric.name}` |")
    ]
    _, _, kind, labels, text, _ = re.split(r"(?<!\\)\|", row)

    assert kind.strip().split(", ") == [str(metric.type), *filter(None, [metric.unit])]
    assert tuple(filter(None, labels.strip().split(", "))) == metric.labels
    assert metric.help in text
    assert metric.line in text.replace("\\|", "|")
    assert metric.query in queries(PAGES["metrics.md"])


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_query_of_a_metric_is_about_it(metric: Metric) -> None:
    assert re.search(rf"\b{metric.name}(_bucket|_sum|_count)?\b", metric.query)


def test_explanations_are_complete_sentences_without_names_of_our_code() -> None:
    for page in PAGES.values():
        for value, text in re.findall(r"^\| `([a-z_]+)` \| ([^|]*) \|$", page, re.MULTILINE):
            assert text.endswith("."), value
            assert not re.search(r"`[A-Z]+_[A-Z_]+`", text), value


@pytest.mark.real
def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    written = [query for text in (*PAGES.values(), README) for query in queries(text)]
    ours = {metric.query for metric in METRICS}
    assert ours <= set(written)

    promtool(tmp_path, "check", "rules", rules=rules(*written))


# Series by who has them, sampled every minute for two hours; a useful query answers with everybody
# whose name begins with yes.
STEADY: Final = "+0x120"
ANSWERS: Final[list[dict[str, dict[str, str]]]] = [
    {
        "yes": {
            'heroku_dyno_state_changes_total{from="up",to="crashed"}': "0+0x100 1+0x19",
            'heroku_dyno_state_changes_total{from="starting",to="crashed"}': "0+0x110 1+0x9",
        },
        "no, one": {'heroku_dyno_state_changes_total{from="up",to="crashed"}': "0+0x100 1+0x19"},
        "no, others": {'heroku_dyno_state_changes_total{from="starting",to="up"}': "0+1x120"},
    },
    {
        "yes, one": {
            'heroku_formation_dynos{process_type="web"}': f"2{STEADY}",
            'heroku_dyno_state{process_type="web",dyno="web.1",state="up"}': f"1{STEADY}",
            'heroku_dyno_state{process_type="web",dyno="web.2",state="starting"}': f"1{STEADY}",
        },
        "yes, all": {'heroku_formation_dynos{process_type="web"}': f"2{STEADY}"},
        "no": {
            'heroku_formation_dynos{process_type="web"}': f"1{STEADY}",
            'heroku_formation_dynos{process_type="worker"}': f"0{STEADY}",
            'heroku_dyno_state{process_type="web",dyno="web.1",state="up"}': f"1{STEADY}",
        },
    },
    {
        "yes": {
            'heroku_errors_total{code="H12"}': "0+2x120",
            'heroku_router_requests_total{status="200"}': "0+98x120",
            'heroku_router_requests_total{status="503"}': "0+2x120",
        },
        "no": {
            'heroku_errors_total{code="H13"}': "0+2x120",
            'heroku_router_requests_total{status="503"}': "0+100x120",
        },
    },
    {
        "yes": {
            'heroku_router_requests_total{status="200"}': "0+98x120",
            'heroku_router_requests_total{status="503"}': "0+2x120",
        },
        "no": {
            'heroku_router_requests_total{status="200"}': "0+98x120",
            'heroku_router_requests_total{status="404"}': "0+2x120",
        },
    },
    {
        "yes": {
            'heroku_router_service_seconds_bucket{le="10"}': "0+98x120",
            'heroku_router_service_seconds_bucket{le="30"}': "0+100x120",
            'heroku_router_service_seconds_bucket{le="+Inf"}': "0+100x120",
        },
        "no": {
            'heroku_router_service_seconds_bucket{le="10"}': "0+100x120",
            'heroku_router_service_seconds_bucket{le="30"}': "0+100x120",
            'heroku_router_service_seconds_bucket{le="+Inf"}': "0+100x120",
        },
    },
    {
        "yes": {
            'heroku_dyno_memory_total_bytes{dyno="web.1"}': f"600{STEADY}",
            'heroku_dyno_memory_quota_bytes{dyno="web.1"}': f"512{STEADY}",
        },
        "no": {
            'heroku_dyno_memory_total_bytes{dyno="web.1"}': f"512{STEADY}",
            'heroku_dyno_memory_quota_bytes{dyno="web.1"}': f"512{STEADY}",
        },
    },
    {
        "yes, the first": {'heroku_errors_total{code="R14"}': "_x115 1+0x5"},
        "yes, another": {'heroku_errors_total{code="R15"}': "1+0x114 2+0x5"},
        "no, long ago": {'heroku_errors_total{code="R14"}': f"1{STEADY}"},
        "no, others": {'heroku_errors_total{code="R12"}': "0+1x120"},
    },
    {
        "yes": {'heroku_dyno_memory_swap_bytes{dyno="web.1"}': f"60000000{STEADY}"},
        "no": {'heroku_dyno_memory_swap_bytes{dyno="web.1"}': "0+0x115 60000000+0x4"},
    },
    {"yes": {"heroku_last_deploy_timestamp_seconds": f"5000{STEADY}"}},
    {
        "yes": {"heroku_drain_last_message_timestamp_seconds": f"6599{STEADY}"},
        "no": {"heroku_drain_last_message_timestamp_seconds": f"6600{STEADY}"},
    },
    {
        "yes": {'heroku_unrecognised_messages_total{source="heroku"}': "0+0x100 1+0x19"},
        "no": {'heroku_unrecognised_messages_total{source="heroku"}': f"1{STEADY}"},
    },
    {
        "yes": {'heroku_syslogd_lost_messages_total{reason="kernel"}': "0+0x115 9+0x4"},
        "no": {'heroku_syslogd_lost_messages_total{reason="kernel"}': f"9{STEADY}"},
    },
    {
        "yes": {"heroku_logplex_dropped_messages_total": "0+0x115 9+0x4"},
        "no": {"heroku_logplex_dropped_messages_total": f"9{STEADY}"},
    },
]


def labelled(series: str, who: str) -> str:
    """Return a series with its application and listener, of which a query keeps one."""
    name, _, labels = series.rstrip("}").partition("{")
    mine = f'app="{who}",listener="{who}"'
    return f"{name}{{{','.join(filter(None, [labels, mine]))}}}"


@pytest.mark.real
@pytest.mark.parametrize(
    ("query", "series"),
    list(zip(USEFUL, ANSWERS, strict=True)),
    ids=[re.findall(r"heroku_\w+", query)[0] for query in USEFUL],
)
def test_useful_queries_find_what_they_are_for(
    tmp_path: Path, query: str, series: dict[str, dict[str, str]]
) -> None:
    who = f'label_replace({query}, "who", "$1", "app", "(.+)")'
    test = {
        "interval": "1m",
        "input_series": [
            {"series": labelled(name, one), "values": values}
            for one, of_one in series.items()
            for name, values in of_one.items()
        ],
        "promql_expr_test": [
            {
                "expr": f'group by (who) (label_replace({who}, "who", "$1", "listener", "(.+)"))',
                "eval_time": "2h",
                "exp_samples": [
                    {"labels": f'{{who="{one}"}}', "value": 1}
                    for one in series
                    if one.startswith("yes")
                ],
            }
        ],
    }

    promtool(tmp_path, "test", "rules", test={"tests": [test]})


# Events ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_example_and_its_documents(kind: Kind) -> None:
    (_, section) = PAGES["events.md"].split(f"\n### `{kind}`\n")
    section = section.partition("\n### ")[0]
    for line in EXAMPLES[kind]:
        message = parse_message(line.encode(), Dialect.RFC5424)
        assert isinstance(message, Message)
        event = line_rule(message.app_name, message.procid).parse(message.msg)
        assert event is not None
        assert event.kind is kind
        assert line in section
    shown = re.findall(r"^```json\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    written = [one for line in EXAMPLES[kind] for one in events_of(line)]

    assert list(map(json.loads, shown)) == list(map(json.loads, written))
    assert len(written) >= len(EXAMPLES[kind])


def test_a_request_with_an_error_code_shows_both_of_its_documents() -> None:
    *_, failed = EXAMPLES[Kind.ROUTER_REQUEST]

    request, error = (json.loads(one)["event"] for one in events_of(failed))
    assert request.keys() == {"http_response"}
    assert error["custom"]["platform_error"]["code"] == "H12"


@pytest.mark.parametrize(
    "secret", [TOKEN, "bundle exec", "duplicate key", "idx_index", "258324", "NotificationJob"]
)
def test_what_the_page_says_is_taken_out_is_taken_out(secret: str) -> None:
    lines = [line for lines in EXAMPLES.values() for line in lines]

    assert any(secret in line for line in lines)
    assert not [line for line in lines for event in events_of(line) if secret in event.decode()]
