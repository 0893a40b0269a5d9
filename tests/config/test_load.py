"""The configuration: defaults, every error at once, changes."""

from pathlib import Path

import pytest

from heroku_syslogd.config import (
    Address,
    Config,
    CredentialConfig,
    Duration,
    changes,
    load,
    parse,
)
from heroku_syslogd.errors import ConfigError
from heroku_syslogd.heroku import Kind

TOKEN = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return dict(caught.value.problems)


def test_an_empty_file_is_the_default() -> None:
    assert parse("") == Config()


def test_the_defaults_of_the_contract() -> None:
    config = Config()

    assert [(listener.type, str(listener.address)) for listener in config.listener] == [
        ("tcp", "127.0.0.1:5140"),
        ("udp", "127.0.0.1:5140"),
    ]
    assert str(config.admin.address) == "127.0.0.1:9842"
    assert config.limits.max_frame_bytes == 65536
    assert config.dynos.expire_after == 120.0


def test_the_example_states_the_real_defaults() -> None:
    assert load(EXAMPLE) == Config()


def test_the_example_documents_every_key() -> None:
    text = EXAMPLE.read_text()
    for table in Config.__struct_fields__:
        default = getattr(Config(), table)
        if table in ("listener", "credentials"):
            assert f"[[{table}]]" in text
            default = default[0] if default else CredentialConfig(user="any")
        else:
            assert f"[{table}]" in text
        for key in default.__struct_fields__:
            assert f"{key} = " in text or f"[{table}.{key}]" in text, key


def test_every_error_is_reported_at_once() -> None:
    problems = problems_of(
        f"""
        surprise = 1
        [log]
        level = "loud"
        [queue]
        max_mesages = 3
        max_bytes = "many"
        workers = 0
        [dynos]
        expire_after = "2"
        [admin]
        address = "localhost"
        [[listener]]
        type = "tcp"
        [[listener]]
        address = "*:601"
        [[listener]]
        type = "udp"
        address = "*:99999"
        systemd = 7
        [drains.tokens]
        "{TOKEN}" = 3
        """
    )

    assert set(problems) == {
        "surprise",
        "log.level",
        "queue.max_mesages",
        "queue.max_bytes",
        "queue.workers",
        "dynos.expire_after",
        "admin.address",
        "listener.1.type",
        "listener.2.address",
        "listener.2.systemd",
        'drains.tokens."d.9173ea1f…"',
    }
    assert "did you mean 'max_messages'" in problems["queue.max_mesages"]
    assert "'debug', 'info', 'warning', 'error'" in problems["log.level"]
    assert ">= 1" in problems["queue.workers"]
    assert "HOST:PORT" in problems["admin.address"]
    assert "is missing" in problems["listener.1.type"]


def test_what_no_single_field_can_show() -> None:
    problems = problems_of(
        """
        [[listener]]
        type = "tcp"
        [[listener]]
        type = "udp"
        address = "*:1"
        systemd = "udp"
        [[listener]]
        type = "tcp"
        address = "*:2"
        [[listener]]
        type = "tcp"
        name = "a b"
        address = "*:3"
        [drains.tokens]
        "d.too-short" = "shop"
        "with space" = "shop"
        "host" = "no/such\\nname"
        """
    )

    assert set(problems) == {
        "listener.0",
        "listener.1",
        "listener.2.name",
        "listener.3.name",
        'drains.tokens."d.too-shor…"',
        'drains.tokens."with space"',
        'drains.tokens."host"',
    }


def test_no_listener_at_all_is_an_error() -> None:
    assert problems_of("listener = []") == {"listener": "expected at least one [[listener]]"}


def test_tables_of_the_wrong_kind() -> None:
    problems = problems_of("log = 1\nlistener = 2\n[drains]\ntokens = 3\n")

    assert set(problems) == {"log", "listener", "drains.tokens"}


@pytest.mark.parametrize("text", ["a = 1\n[log\n", "a = 1\nb = \n"])
def test_text_that_is_no_toml_names_the_place(text: str) -> None:
    problem = problems_of(text)[""]

    assert "is not TOML" in problem
    assert "line 2" in problem


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing-here\.toml: cannot be read: No such file"):
        load(tmp_path / "nothing-here.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(binary)


def test_errors_name_the_file_and_show_no_whole_token(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[drains.tokens]\n"{TOKEN}x" = "shop"\n')

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert str(caught.value).startswith(f"{path}: drains.tokens.")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f'[drains]\n"{TOKEN}" = "shop"',
        f'[drains]\nunknown = "{TOKEN}"',
        f'["{TOKEN}"]\na = 1',
        f'[drains.tokens]\n{TOKEN} = "shop"',
        f'[drains.tokens]\n"{TOKEN}" = 3',
        f'[drains.tokens]\nshop = "{TOKEN}"',
        f'[drains.tokens]\n"{TOKEN}" = "{TOKEN}"',
        f'[drains.tokens]\n"{TOKEN[2:]}x" = ""',
        f'[drains.tokens]\n"{TOKEN.upper()}" = "shop"',
        f'[drains.tokens]\n"{TOKEN}" = "shop"\n"{TOKEN}" = "shop"',
    ],
)
def test_no_mistake_shows_a_whole_token(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)

    assert TOKEN[2:] not in str(caught.value).lower()
    assert TOKEN[11:] not in str(caught.value).lower()


def test_an_unquoted_token_is_explained() -> None:
    (problem,) = problems_of(f'[drains.tokens]\n{TOKEN} = "shop"').values()

    assert "has to be quoted" in problem


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("90s", 90), ("2m", 120), ("1.5h", 5400), ("1d", 86400)],
)
def test_durations(text: str, seconds: float) -> None:
    assert Duration.parse(text) == seconds


@pytest.mark.parametrize("value", ["", "2", "2 m", "-2m", "0s", "2w", 2, None, "1e3s", "m"])
def test_values_that_are_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        Duration.parse(value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5140", ("127.0.0.1", 5140)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:601", ("::1", 601)),
        ("*:601", ("0.0.0.0", 601)),
        (":601", ("0.0.0.0", 601)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize("value", ["", "601", "host", "host:", "::1:601", "h:70000", "a b:1", 601])
def test_values_that_are_no_address(value: object) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        Address.parse(value)


def test_changes_tell_what_a_running_daemon_takes_over() -> None:
    new = parse(
        f"""
        [log]
        level = "debug"
        [limits]
        max_apps = 5
        [queue]
        workers = 3
        [admin]
        address = "127.0.0.1:1"
        [[listener]]
        type = "tcp"
        address = "*:601"
        [drains.tokens]
        "{TOKEN}" = "shop"
        """
    )

    applied, restart = changes(Config(), new)

    assert applied == ["log.level", "limits.max_apps", "drains.tokens"]
    assert restart == ["queue.workers", "admin.address", "listener"]
    assert changes(new, new) == ([], [])


def test_an_empty_path_of_the_events_is_not_standard_output() -> None:
    assert problems_of('[events]\npath = ""') == {"events.path": 'expected a path, or "-"'}
    assert parse('[events]\npath = "-"\nkinds = ["api"]').events.kinds == (Kind.API,)


@pytest.mark.parametrize("kinds", ['["router"]', '["api", 3]', '"api"', "[[]]"])
def test_kinds_are_those_that_there_are(kinds: str) -> None:
    (problem,) = problems_of(f"[events]\nkinds = {kinds}").items()

    assert problem[0].startswith("events.kinds")
    assert problem[1].startswith("expected")


def test_of_the_events_only_the_kinds_can_be_changed_while_running() -> None:
    old = parse('[events]\npath = "a"\n')
    new = parse('[events]\npath = "b"\nkinds = ["api"]\n[addons]\nexpire_after = "9m"\n')

    found = changes(old, new)

    assert found.applied == ["addons.expire_after", "events.kinds"]
    assert found.restart == ["events.path"]
