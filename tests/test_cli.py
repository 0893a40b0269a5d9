"""The command line as a user meets it."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from heroku_syslogd import __version__
from heroku_syslogd.cli import _with_admin_port, main
from heroku_syslogd.compiled import is_compiled
from heroku_syslogd.config import Config, RemoteWriteConfig
from heroku_syslogd.config.schema import RemoteWriteURL
from heroku_syslogd.simulate import DEFAULT_SHARE, Fault, octet_framed

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heroku_syslogd", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_version() -> None:
    build = " (compiled)" if is_compiled() else ""
    assert run("--version").stdout == f"heroku-syslogd {__version__}{build}\n"


@pytest.mark.parametrize("arguments", [(), ("fly",), ("run", "--colour"), ("check",)])
def test_misuse_is_2_with_a_usage_line(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)

    assert result.returncode == 2
    assert "usage: heroku-syslogd" in result.stderr


def test_check_prints_what_would_be_opened() -> None:
    result = run("check", str(ROOT / "config.example.toml"))

    assert result.returncode == 0
    assert "config.example.toml: valid" in result.stdout
    assert "http://127.0.0.1:9842/metrics" in result.stdout
    assert "tcp       127.0.0.1:5140" in result.stdout
    assert "udp       127.0.0.1:5140" in result.stdout


def test_check_says_which_ports_are_shared(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[[listener]]\ntype = "tcp"\naddress = "*:601"\nreuse_port = true\n'
        '[[listener]]\ntype = "udp"\naddress = "*:514"\n'
    )

    lines = run("check", str(config)).stdout.splitlines()
    assert "  tcp       0.0.0.0:601 (listener tcp), shared with other processes" in lines
    assert "  udp       0.0.0.0:514 (listener udp)" in lines


def test_check_says_where_events_go(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[events]\npath = "-"\nkinds = ["api", "build"]\n')

    assert "  events    standard output: api, build\n" in run("check", str(config)).stdout


def test_check_names_what_is_doubtful_and_is_0(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[drains]\nunknown = "reject"\n')

    result = run("check", str(config))
    assert result.returncode == 0
    assert result.stdout.endswith(
        "\n  warning   drains.tokens: names no drain: every message is rejected\n"
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", ">/dev/full"])
@pytest.mark.parametrize(("file", "code"), [("config.example.toml", 0), ("pyproject.toml", 78)])
def test_output_that_goes_nowhere_changes_no_exit_code(closed: str, file: str, code: int) -> None:
    program = f'exec "$0" -m heroku_syslogd check "$1" {closed}'
    result = subprocess.run(
        ["sh", "-c", program, sys.executable, str(ROOT / file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == code
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("port", ["", "first", "-1", "65536", "98.5", "９８５１"])  # noqa: RUF001
def test_an_admin_port_that_is_none_is_2(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("run", f"--admin-port={port}") == 2
    assert f"expected a port, 0 to 65535, got {port!r}" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("check",), ("run", "--config")])
def test_a_bad_configuration_is_78_with_every_error(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[queue]\nworkers = 0\n[log]\nlevel = 'loud'\nlevle = 1\n")

    result = run(*command, str(path))

    assert result.returncode == 78
    assert result.stderr.splitlines() == [
        f"{path}: queue.workers: expected `int` >= 1, got 0",
        f"{path}: log.level: expected one of 'debug', 'info', 'warning', 'error', got 'loud'",
        f"{path}: log.levle: unknown key; did you mean 'level'?",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("gopher://localhost",), "syslog"),
        (("syslog://localhost:1", "--apps", "0"), "at least 1"),
        (("syslog://localhost:1", "--rate", "0"), "rate"),
        (("syslog://localhost:1", "--rate", "fast"), "--rate"),
    ],
)
def test_what_simulate_cannot_do_is_2(arguments: tuple[str, ...], problem: str) -> None:
    result = run("simulate", *arguments)

    assert result.returncode == 2
    assert problem in result.stderr
    assert "Traceback" not in result.stderr


def test_the_help_of_simulate_names_every_fault_and_the_usual_share(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "--help"])

    text = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    assert f"any of {', '.join(Fault)}, each" in text
    assert f"if it is not {DEFAULT_SHARE:g}:" in text


def test_the_daemon_imports_nothing_that_costs_memory_and_is_for_others() -> None:
    program = "import sys; from heroku_syslogd import cli; cli.build_parser(); print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    imported = set(result.stdout.split())
    assert "heroku_syslogd.daemon" in imported
    for module in ("cryptography", "rich", "pygments", "heroku_syslogd.simulate"):
        assert module not in imported


def test_simulate_that_reaches_nobody_is_1_and_says_why() -> None:
    # Port 1 of the loopback interface: nobody listens there.
    result = run("simulate", "syslog://127.0.0.1:1", "--duration", "0.2")

    assert result.returncode == 1
    assert result.stdout.startswith("0 messages sent")
    assert "last error" in result.stderr


# replay ------------------------------------------------------------------------------------------

Capsys = pytest.CaptureFixture[str]
TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
LOAD = (
    f"<45>1 2023-11-14T22:13:20+00:00 {TOKEN} heroku web.1 - -"
    " source=web.1 dyno=heroku.1.r sample#load_avg_1m=0.25\n"
).encode()
OUTPUT = f"<190>1 2023-11-14T22:13:21+00:00 {TOKEN} app web.1 - - hello\n".encode()


def call(*arguments: str) -> int:
    """Run the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as raised:
        main(list(arguments))
    assert isinstance(raised.value.code, int)
    return raised.value.code


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "capture"
    path.write_bytes(octet_framed([LOAD, OUTPUT]))
    return str(path)


@pytest.fixture
def named(tmp_path: Path) -> str:
    path = tmp_path / "named.toml"
    path.write_text(f'[drains.tokens]\n"{TOKEN}" = "shop"\n')
    return str(path)


def test_replay_prints_what_it_understood(capture: str, capsys: Capsys) -> None:
    assert call("replay", capture) == 0

    out, err = capsys.readouterr()
    assert re.search(r"^messages +2  \d+ bytes in 1 capture$", out, re.M)
    assert re.search(r"^  runtime_sample +1$", out, re.M)
    assert re.search(r"^output +1  ", out, re.M)
    assert err == ""


def test_replay_prints_metrics_and_then_the_summary_elsewhere(
    capture: str, named: str, capsys: Capsys
) -> None:
    assert call("replay", capture, "--output", "metrics", "--config", named) == 0

    out, err = capsys.readouterr()
    series = {sample.name for one in text_string_to_metric_families(out) for sample in one.samples}
    assert "heroku_dyno_load_avg_1m" in series
    assert not any(name.startswith(("heroku_syslogd_", "process_", "python_")) for name in series)
    assert 'heroku_dyno_load_avg_1m{app="shop",dyno="web.1",process_type="web"} 0.25\n' in out
    assert "runtime_sample" in err


def test_replay_prints_events_and_then_the_summary_elsewhere(capture: str, capsys: Capsys) -> None:
    assert call("replay", capture, capture, "--output", "events") == 0

    out, err = capsys.readouterr()
    documents = [json.loads(line) for line in out.splitlines()]
    assert len(documents) == 2
    assert documents[0] == documents[1]
    assert documents[0]["context"]["custom"]["drain"]["app"] == "d.9173ea1f"
    assert "2 captures" in err


def test_replay_reads_the_other_dialect(tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "body"
    path.write_bytes(octet_framed([LOAD.replace(b" - - ", b" - - [x] ").replace(b"0.25", b"x")]))

    assert call("replay", str(path), "--dialect", "logplex") == 1
    assert "heroku[web]" in capsys.readouterr().out


def test_replay_of_output_alone_is_1(tmp_path: Path, capsys: Capsys) -> None:
    path = tmp_path / "capture"
    for content in (b"", octet_framed([OUTPUT]), b"GET / HTTP/1.1\r\n"):
        path.write_bytes(content)
        assert call("replay", str(path)) == 1
        assert re.search(r"^understood +0$", capsys.readouterr().out, re.M)


def test_replay_of_a_file_that_cannot_be_read_is_1(capture: str, capsys: Capsys) -> None:
    missing = f"{capture}.not"

    assert call("replay", capture, missing) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"heroku-syslogd replay: cannot read {missing}: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay",),
        ("replay", "-", "--dialect", "morse"),
        ("replay", "-", "--output", "song"),
        ("explain",),
        ("explain", "a", "b"),
    ],
)
def test_misuse_of_replay_and_explain_is_2(arguments: tuple[str, ...], capsys: Capsys) -> None:
    assert call(*arguments) == 2
    assert "usage: heroku-syslogd" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["replay", "explain"])
def test_a_bad_configuration_stops_what_is_offline_too(
    tmp_path: Path, command: str, capsys: Capsys
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[limits]\nmax_apps = 0\n")

    assert call(command, "-", "--config", str(path)) == 78
    assert "limits.max_apps" in capsys.readouterr().err


def test_replay_that_cannot_write_says_so(
    capture: str, monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert call("replay", capture, "--output", "metrics") == 1

    assert capsys.readouterr().err.endswith(
        "heroku-syslogd replay: cannot write to standard output: No space left on device\n"
    )


# explain -----------------------------------------------------------------------------------------


def test_explain_says_what_a_line_is(named: str, capsys: Capsys) -> None:
    frame = octet_framed([LOAD]).decode().rstrip()

    assert call("explain", frame, "--config", named) == 0
    out = capsys.readouterr().out
    assert 'heroku_dyno_load_avg_1m{app="shop",process_type="web",dyno="web.1"} 0.25' in out
    assert out.endswith("\nUnderstood: runtime_sample.\n")


@pytest.mark.parametrize(
    ("line", "code", "end"),
    [
        (OUTPUT, 0, "and nothing else."),
        (OUTPUT.replace(b"app web.1", b"heroku nginx"), 1, "heroku_unrecognised_messages_total."),
        (b"<13>2 x\xff", 1, "expected VERSION 1"),
    ],
)
def test_explain_is_1_unless_the_line_is_understood_or_output(
    line: bytes, code: int, end: str, capsys: Capsys
) -> None:
    assert call("explain", os.fsdecode(line)) == code
    assert capsys.readouterr().out.rstrip().endswith(end)


def test_explain_reads_one_line_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(LOAD + OUTPUT))
    monkeypatch.setattr(sys, "stdin", stdin)

    assert call("explain", "-") == 0
    assert "Understood: runtime_sample." in capsys.readouterr().out


def test_explain_takes_the_dialect_that_it_is_told(capsys: Capsys) -> None:
    assert call("explain", OUTPUT.decode(), "--dialect", "logplex") == 0
    assert "logplex: as asked for" in capsys.readouterr().out


def test_explain_writes_to_a_terminal_of_any_locale(
    monkeypatch: pytest.MonkeyPatch, capsys: Capsys
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))

    assert call("explain", OUTPUT.decode().replace("hello", "olé")) == 0
    assert b"ol\\xe9" in raw.getvalue()


def test_processes_that_share_a_configuration_send_as_different_receivers() -> None:
    remote = RemoteWriteConfig(
        url=RemoteWriteURL.parse("http://engine.example/"), directory="/spool", instance="host"
    )
    config = _with_admin_port(Config(remote_write=remote), 9851)

    assert config.admin.address.port == 9851
    assert config.remote_write.instance == "host:9851"
    assert config.remote_write.directory == "/spool/9851"
    assert _with_admin_port(Config(), 9851).remote_write == RemoteWriteConfig()
