"""What ``check`` prints into a pipe: lines that do not depend on who reads them."""

import io
from pathlib import Path

from heroku_syslogd.check import print_problems, print_report, warnings
from heroku_syslogd.errors import ConfigError, ConfigProblem
from tests.check.configuration import examined, secured, written

NOW = 1_800_000_000.0


def reported(directory: Path, text: str) -> list[str]:
    found, out = examined(directory, text), io.StringIO()
    print_report(found, warnings(found, NOW), out)
    return out.getvalue().splitlines()


def test_each_line_says_what_it_is_about(tmp_path: Path) -> None:
    assert reported(tmp_path, secured(tmp_path)) == [
        f"{tmp_path}/config.toml: valid",
        "  admin     https://0.0.0.0:9842/metrics, for those who have a password",
        "            metrics.example; expires 2031-02-03 04:05 UTC",
        "  tcp       0.0.0.0:601 (listener tcp), shared with other processes,"
        " allows 198.51.100.0/24, PROXY header from 10.0.0.0/8, 2001:db8::/32",
        "  https     [::]:8443 (listener public), path /logplex",
        "            drain.example, 192.0.2.1; expires 2031-02-03 04:05 UTC",
        "  tls       systemd socket 'tls' (listener tls), for those who have a client certificate",
        "            drain.example, 192.0.2.1; expires 2031-02-03 04:05 UTC",
        "  drains    1 configured, others: label",
        "  batches   from [red]logplex[/red]",
        "  events    events.jsonl: api, build",
        "  remote    https://engine.example/api/v1/write?..., as receiver-1, waiting in spool",
        "  limit     limits.idle_timeout = 60s (default: 600s)",
        "  limit     limits.max_apps = 5 (default: 1000)",
    ]


def test_what_is_doubtful_comes_last(tmp_path: Path) -> None:
    lines = reported(tmp_path, '[[listener]]\ntype = "http"\naddress = "*:80"\n')

    assert "  batches   from everybody: there are no [[credentials]]" in lines
    assert [line.split(":")[0] for line in lines[-2:]] == [
        "  warning   listener.0.allow",
        "  warning   credentials",
    ]


def test_control_characters_of_a_configuration_do_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, '[drains]\nunknown = "reject"\n"x\\u001b[31m\\n" = 1\n').parent
    problems = [ConfigProblem("x\x1b[31m\n", "unknown key"), ConfigProblem("", "no\r")]
    out = io.StringIO()
    print_problems(ConfigError(str(path), problems), out)

    assert out.getvalue() == f"{path}: x\\x1b[31m\\n: unknown key\n{path}: no\\r\n"
