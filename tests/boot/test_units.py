"""What can be said about the unit files without booting them."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from heroku_syslogd.daemon import STOP_TIMEOUT
from tests.real import require

UNITS: Final = Path(__file__).parents[2] / "systemd"
SERVICE: Final = UNITS / "heroku-syslogd.service"
TEMPLATE: Final = UNITS / "heroku-syslogd@.service"
SERVICES: Final = [SERVICE, TEMPLATE]
SOCKETS: Final = sorted(UNITS.glob("*[!@].socket"))
TEMPLATE_SOCKETS: Final = sorted(UNITS.glob("*@.socket"))
STANDARD: Final = ["heroku-syslogd-tcp.socket", "heroku-syslogd-udp.socket"]
"""Those of the configuration that is installed; the others are enabled by whoever needs them."""
TEMPLATE_STANDARD: Final = ["heroku-syslogd-tcp@%i.socket", "heroku-syslogd-udp@%i.socket"]
SYSUSERS: Final = UNITS / "sysusers.d" / "heroku-syslogd.conf"
SNIPPET: Final = UNITS / "logrotate.d" / "heroku-syslogd"
INSTALLED: Final = "/opt/heroku-syslogd/bin/heroku-syslogd"

EXPOSURE_LIMIT: Final = 1.5

Unit = dict[str, list[str]]


def read_unit(path: Path) -> Unit:
    """Returns the values of each key; sections are left out, no key occurs in two of them."""
    unit: Unit = defaultdict(list)
    for line in path.read_text().splitlines():
        if line and line[0] not in "#[":
            key, value = line.split("=", 1)
            unit[key].append(value)
    return unit


@pytest.fixture
def service() -> Unit:
    return read_unit(SERVICE)


def verify(directory: Path) -> list[str]:
    """Returns what `systemd-analyze verify` has to say about our units in `directory`.

    Its exit status is no answer: an unknown key is reported, but not a failure. Lines about
    other units of this machine, which are read because ours depend on them, are left out.
    """
    units = sorted(str(path) for path in directory.iterdir())
    done = subprocess.run(
        [require("systemd-analyze"), "verify", *units],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return [line for line in done.stderr.splitlines() if "heroku-syslogd" in line]


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """Copies of the units that name a program that exists on this machine.

    `verify` insists on an executable, and the daemon is not installed in /opt where tests run.
    """
    for path in (*SERVICES, *SOCKETS, *TEMPLATE_SOCKETS):
        text = path.read_text().replace(INSTALLED, sys.executable)
        (tmp_path / path.name).write_text(text)
    return tmp_path


def test_systemd_accepts_the_units(copies: Path) -> None:
    assert verify(copies) == []


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "mistake", ["Restrat=always", "WatchdogSec=soon", "SystemCallFilter=@nothing"]
)
def test_verify_would_have_noticed(copies: Path, mistake: str, path: Path) -> None:
    service = copies / path.name
    service.write_text(service.read_text().replace("[Service]", f"[Service]\n{mistake}"))

    assert len(verify(copies)) == 1


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_exposure_is_low(path: Path) -> None:
    done = subprocess.run(
        [require("systemd-analyze"), "security", "--offline=true", "--no-pager", str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)

    assert found is not None, done.stdout
    assert float(found[1]) <= EXPOSURE_LIMIT


def test_each_socket_carries_the_name_that_the_configuration_uses() -> None:
    names = {path.name: read_unit(path)["FileDescriptorName"] for path in SOCKETS}

    assert names == {
        f"heroku-syslogd-{name}.socket": [name] for name in ("https", "tcp", "tls", "udp")
    }


def test_sockets_and_service_name_each_other(service: Unit) -> None:
    assert [read_unit(path)["Service"] for path in SOCKETS] == [[SERVICE.name]] * len(SOCKETS)
    assert " ".join(service["Sockets"]).split() == STANDARD
    assert " ".join(service["Also"]).split() == STANDARD


def test_a_socket_that_is_enabled_later_comes_with_the_service() -> None:
    wanted_by = {path.name: read_unit(path)["WantedBy"] for path in SOCKETS}

    assert wanted_by == {
        path.name: ["sockets.target" if path.name in STANDARD else f"sockets.target {SERVICE.name}"]
        for path in SOCKETS
    }


def test_ports() -> None:
    units = [read_unit(path) for path in SOCKETS]
    streams = {unit["FileDescriptorName"][0]: unit["ListenStream"] for unit in units}
    datagrams = {unit["FileDescriptorName"][0]: unit["ListenDatagram"] for unit in units}

    assert streams == {"https": ["443"], "tcp": ["601"], "tls": ["6514"], "udp": []}
    assert datagrams == {"https": [], "tcp": [], "tls": [], "udp": ["514"]}


def test_connections_wait_and_are_kept_alive_on_every_port() -> None:
    for unit in (read_unit(path) for path in SOCKETS):
        if unit["ListenStream"]:
            assert (unit["Backlog"], unit["KeepAlive"]) == (["4096"], ["yes"])


def test_stopping_leaves_time_to_drain(service: Unit) -> None:
    [stop] = service["TimeoutStopSec"]

    assert int(stop.removesuffix("s")) > STOP_TIMEOUT


def test_no_restart_after_a_mistake_that_stays_one(service: Unit) -> None:
    assert service["Restart"] == ["on-failure"]
    # 69, a listener that could not be opened, may be gone the next time.
    assert service["RestartPreventExitStatus"] == ["2 78"]


def test_a_hung_event_loop_is_noticed(service: Unit) -> None:
    assert service["Type"] == ["notify"]
    assert service["WatchdogSec"] == ["30s"]


def test_every_command_is_the_installed_one(service: Unit) -> None:
    [start] = service["ExecStart"]
    signal, check = service["ExecReload"]

    assert start == f"{INSTALLED} run --config /etc/heroku-syslogd/config.toml"
    assert signal == "/bin/kill -HUP $MAINPID"
    assert check == f"{INSTALLED} check /etc/heroku-syslogd/config.toml"


def test_the_user_of_the_service_is_the_one_that_is_made(service: Unit, tmp_path: Path) -> None:
    [user] = service["User"]
    copy = tmp_path / SYSUSERS.name
    shutil.copy(SYSUSERS, copy)
    done = subprocess.run(
        [require("systemd-sysusers"), "--dry-run", f"--root={tmp_path}", str(copy)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert f"Creating user '{user}'" in done.stdout + done.stderr
    assert service["Group"] == [user]


# The template -------------------------------------------------------------------------------------


def differences(single: Path, template: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Returns the values of the keys in which a template differs from the unit that it is of."""
    one, other = read_unit(single), read_unit(template)
    return {
        key: (one.get(key, []), other.get(key, []))
        for key in {*one, *other}
        if one.get(key) != other.get(key)
    }


def test_the_template_is_the_single_service_but_for_what_an_instance_has_of_its_own() -> None:
    description = "Heroku log drain target for Prometheus"
    command = f"{INSTALLED} run --config /etc/heroku-syslogd/config.toml"

    assert differences(SERVICE, TEMPLATE) == {
        "Description": ([description], [f"{description}, admin port %i"]),
        "Sockets": ([" ".join(STANDARD)], [" ".join(TEMPLATE_STANDARD)]),
        "Also": ([" ".join(STANDARD)], [" ".join(TEMPLATE_STANDARD)]),
        "ExecStart": ([command], [f"{command} --admin-port %i"]),
        "Conflicts": ([], [SERVICE.name]),
        "Before": ([], [SERVICE.name]),
    }


@pytest.mark.parametrize("single", SOCKETS, ids=lambda path: path.name)
def test_every_socket_has_a_template_that_shares_its_port(single: Path) -> None:
    template = single.with_name(single.name.replace(".socket", "@.socket"))
    different = differences(single, template)
    [description], [described] = different.pop("Description")
    assert described.startswith(description.partition(" for heroku-syslogd")[0])
    if single.name not in STANDARD:
        wanted_by = different.pop("WantedBy")
        instances = wanted_by[0][0].replace("heroku-syslogd.", "heroku-syslogd@%i.")
        assert wanted_by[1] == [instances]

    others = [f"{single.name} {SERVICE.name}"]
    assert different == {
        "Service": ([SERVICE.name], ["heroku-syslogd@%i.service"]),
        "ReusePort": ([], ["yes"]),
        "Conflicts": ([], others),
        "Before": ([], others),
    }


def test_there_is_a_socket_for_every_template_of_one() -> None:
    assert [path.name.replace("@", "") for path in TEMPLATE_SOCKETS] == [
        path.name for path in SOCKETS
    ]


def test_logrotate_reloads_the_service_and_all_instances() -> None:
    commands = [line.split() for line in SNIPPET.read_text().splitlines() if "systemctl " in line]

    assert commands == [
        ["systemctl", "try-reload-or-restart", SERVICE.name, "'heroku-syslogd@*.service'"]
    ]
