"""The floors: an import goes only downwards, and the pure floors stay pure."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "heroku_syslogd"

FLOORS = [
    {"errors", "series_budget", "distinct", "compiled", "terminal"},
    {"wire", "credentials", "certificates"},
    {"heroku"},
    {"catalogue", "config"},
    {"dynos", "drains", "tallies", "addons", "app_metrics", "telemetry"},
    {"registry", "bounded_queue", "systemd", "sockets", "log"},
    {"request_log", "certificate_watch"},
    {"worker", "sinks", "listeners"},
    {"pipeline"},
    {"exposition", "status"},
    {"replay", "explain", "remote_write"},
    {"admin"},
    {"housekeeping", "reload"},
    {"daemon"},
    {"simulate"},
    {"demo", "progress", "check"},
    {"cli"},
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# Rooms of one floor that may use each other, and why.
NEIGHBOURS: set[tuple[str, str]] = set()

FORBIDDEN = {
    # Bytes and meaning know no sockets, clock, log or metrics.
    "wire": {"asyncio", "socket", "time", "logging", "structlog", "prometheus_client", "uvloop"},
    "heroku": {"asyncio", "socket", "time", "logging", "structlog", "prometheus_client", "uvloop"},
    # Time is a parameter of the state.
    "dynos": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "drains": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "tallies": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "telemetry": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "addons": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "app_metrics": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "registry": {"asyncio", "socket", "time", "structlog", "prometheus_client"},
    "worker": {"socket", "time", "structlog", "prometheus_client", "aiohttp"},
}
# Listeners know nothing of Heroku's lines; the simulator nothing of the receiving side.
CLOSED_DOORS = {
    "listeners": {"heroku", "dynos", "drains", "tallies", "registry", "worker", "sinks"},
    "wire": {"config", "errors", "heroku"},
    "simulate": {"dynos", "tallies", "registry", "worker", "listeners", "daemon", "heroku"},
}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> set[tuple[str, str]]:
    """Return (top-level module, room) of every import; the room is empty outside the package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "heroku_syslogd":
                names = [f"heroku_syslogd.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            inside = parts[0] == "heroku_syslogd" and len(parts) > 1
            found.add((parts[0], parts[1] if inside else ""))
    return found


MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if room_of(path) not in {"__init__", "__main__"}
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards(path: Path) -> None:
    room = room_of(path)
    for module, target in imports(path):
        assert module not in FORBIDDEN.get(room, set()), f"{room} imports {module}"
        if not target or target in {room, "__version__"}:
            continue
        assert target not in CLOSED_DOORS.get(room, set()), f"{room} knows {target}"
        downwards = FLOOR_OF[target] < FLOOR_OF[room]
        assert downwards or (room, target) in NEIGHBOURS, f"{room} imports {target}"


def test_every_module_has_its_floor() -> None:
    assert {room_of(path) for path in MODULES} == set(FLOOR_OF)
