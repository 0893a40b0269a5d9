"""The API's lines: every known text with its event, and what a split command leaves between."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.heroku.api import parse_api_line
from heroku_syslogd.heroku.events import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    FormationItem,
    Scale,
)
from tests.heroku.test_lifecycle import near_misses, secrets

LIMIT = 65536
U = "developer@example.com"
HIREFIRE = "heroku.hirefire.api@thermondo.de"
SCHEDULER = "scheduler@addons.heroku.com"
POSTGRES = "@ref:postgresql-graceful-69657"
BUILD_FAILED = (
    "Build failed -- check your build output: https://dashboard.heroku.com/apps/"
    "0b3e4f12-6a2f-4c4a-9df5-16b6c8d40001/activity/builds/0b3e4f12-6a2f-4c4a-9df5-16b6c8d40002"
)

# Action, subject and version of each text; every one is tried with and without its user.
CHANGES = [
    ("Initial release", ApiAction.CREATE, "", None),
    ("Enable Logplex", ApiAction.FEATURE, "Enable Logplex", None),
    ("Disable Logplex", ApiAction.FEATURE, "Disable Logplex", None),
    ("Deploy 059375fe", ApiAction.DEPLOY, "059375fe", None),
    ("Deploy 67b7e54", ApiAction.DEPLOY, "67b7e54", None),
    ("Deploy 0.0.1-SNAPSHOT", ApiAction.DEPLOY, "0.0.1-SNAPSHOT", None),
    ("Release v2 created", ApiAction.RELEASE, "", 2),
    ("Release v16 created", ApiAction.RELEASE, "", 16),
    ("Rollback to v11", ApiAction.ROLLBACK, "", 11),
    ("Running release v4 commands", ApiAction.RELEASE_COMMAND, "", 4),
    ("Set FOO config vars", ApiAction.CONFIG_SET, "FOO", None),
    ("Set FOO, BAR config vars", ApiAction.CONFIG_SET, "FOO, BAR", None),
    ("Config add PYTHONUNBUFFERED", ApiAction.CONFIG_SET, "PYTHONUNBUFFERED", None),
    ("Config add PATH, LANG", ApiAction.CONFIG_SET, "PATH, LANG", None),
    ("Remove FOO config vars", ApiAction.CONFIG_REMOVE, "FOO", None),
    ("Remove FOO, BAR config vars", ApiAction.CONFIG_REMOVE, "FOO, BAR", None),
    (f"Attach DATABASE ({POSTGRES})", ApiAction.ADDON_ATTACH, f"DATABASE ({POSTGRES})", None),
    (
        "Attach HEROKU_POSTGRESQL_JADE resource",
        ApiAction.ADDON_ATTACH,
        "HEROKU_POSTGRESQL_JADE",
        None,
    ),
    (
        "Detach LOGDNA (@ref:logdna-deep-31633)",
        ApiAction.ADDON_DETACH,
        "LOGDNA (@ref:logdna-deep-31633)",
        None,
    ),
    ("Update LOGDNA", ApiAction.ADDON_UPDATE, "LOGDNA", None),
    ("Update DATABASE", ApiAction.ADDON_UPDATE, "DATABASE", None),
    (
        f"{POSTGRES} completed provisioning, setting DATABASE_URL.",
        ApiAction.ADDON_READY,
        POSTGRES,
        None,
    ),
    (
        "@ref:searchbox-tapered-14398 completed provisioning",
        ApiAction.ADDON_READY,
        "@ref:searchbox-tapered-14398",
        None,
    ),
    ("Stack changed from heroku-22 to heroku-20", ApiAction.STACK, "heroku-20", None),
    ("Upgrade stack to heroku-20", ApiAction.STACK, "heroku-20", None),
    ("Starting process with command `bash`", ApiAction.RUN, "", None),
    ("Starting process with command `php src/test.php`", ApiAction.RUN, "", None),
    ('Starting process with command `bin/run "scale_up"`', ApiAction.RUN, "", None),
    ("Starting process with command `echo `date` by user me@x by`", ApiAction.RUN, "", None),
    ("Starting process with command `if a\nthen b by c\nfi`", ApiAction.RUN, "", None),
    ("Starting process with command: `bash`", ApiAction.RUN, "", None),
]
BUILDS = [
    ("Build started", BuildResult.STARTED),
    ("Build succeeded", BuildResult.SUCCEEDED),
    ("Build failed", BuildResult.FAILED),
    (BUILD_FAILED, BuildResult.FAILED),
    ("Slug compilation started", BuildResult.STARTED),
    ("Slug compilation finished", BuildResult.SUCCEEDED),
    ("Slug compilation failed: failed to compile Python app", BuildResult.FAILED),
]
LONG_SCALE = (
    "Scaled to celerybeat@1:Standard-1X celeryworkerhighmemory@1:Performance-M"
    " celeryworkerhighprio@3:Standard-2X celeryworkerlowprio@1:Performance-M"
    " celeryworkeroffergenerator@1:Performance-L release@0:Standard-2X web@5:Performance-M"
)
SCALES = [
    ("Scaled to web@4:Standard-1X", [("web", 4, "Standard-1X")]),
    ("Scaled to web@2:Standard-1X", [("web", 2, "Standard-1X")]),
    ("Scaled to web@1:Free worker@0:Free", [("web", 1, "Free"), ("worker", 0, "Free")]),
    (
        "Scaled to mailer@3:Performance-L web@5:Standard-2X",
        [("mailer", 3, "Performance-L"), ("web", 5, "Standard-2X")],
    ),
    (
        LONG_SCALE,
        [
            ("celerybeat", 1, "Standard-1X"),
            ("celeryworkerhighmemory", 1, "Performance-M"),
            ("celeryworkerhighprio", 3, "Standard-2X"),
            ("celeryworkerlowprio", 1, "Performance-M"),
            ("celeryworkeroffergenerator", 1, "Performance-L"),
            ("release", 0, "Standard-2X"),
            ("web", 5, "Performance-M"),
        ],
    ),
    ("Scaled to a-b_c@999999:Private-S", [("a-b_c", 999999, "Private-S")]),
    ("Scaled to web@1:b\u00fcro", [("web", 1, "b__ro")]),
    ("Scale to web=1", [("web", 1, "")]),
    ("Scale to mailer=1, web=3", [("mailer", 1, ""), ("web", 3, "")]),
]
TEXTS = [
    *((text, ApiChange(action, subject, version)) for text, action, subject, version in CHANGES),
    *((text, Build(result)) for text, result in BUILDS),
    *((text, Scale(tuple(FormationItem(*item) for item in items))) for text, items in SCALES),
]
LINES = [f"{text} by user {U}".encode() for text, _ in TEXTS] + [text.encode() for text, _ in TEXTS]
IDS = [text[:40] for text, _ in TEXTS]


def by(event: ApiChange | Build | Scale, user: str) -> ApiChange | Build | Scale:
    """Return the event as done by somebody."""
    match event:
        case ApiChange(action, subject, version):
            return ApiChange(action, subject, version, user)
        case Build(result):
            return Build(result, user)
        case Scale(items):
            return Scale(items, user)


@pytest.mark.parametrize("user", [U, HIREFIRE, SCHEDULER, "foo@bar", "a+b'c@b\u00fccher.example"])
@pytest.mark.parametrize(("text", "event"), TEXTS, ids=IDS)
def test_every_text_has_its_event(text: str, event: ApiChange | Build | Scale, user: str) -> None:
    assert parse_api_line(f"{text} by user {user}".encode()) == by(event, user)


@pytest.mark.parametrize(("text", "event"), TEXTS, ids=IDS)
def test_the_word_user_may_be_missing(text: str, event: ApiChange | Build | Scale) -> None:
    assert parse_api_line(f"{text} by {U}".encode()) == by(event, U)


@pytest.mark.parametrize(("text", "event"), TEXTS, ids=IDS)
def test_the_user_may_be_missing(text: str, event: ApiChange | Build | Scale) -> None:
    assert parse_api_line(text.encode()) == event


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("Update DATABASE by U", ApiChange(ApiAction.ADDON_UPDATE, "DATABASE", None, "U")),
        ("Release v3 created by user bob", ApiChange(ApiAction.RELEASE, "", 3, "bob")),
        ("Release v3 created by user user", ApiChange(ApiAction.RELEASE, "", 3, "user")),
        (f"Deploy stand by me by {U}", ApiChange(ApiAction.DEPLOY, "stand by me", None, U)),
        ("Build started by bob", Build(BuildResult.STARTED, "bob")),
        ("Scale to web=1 by bob", Scale((FormationItem("web", 1, ""),), "bob")),
    ],
)
def test_a_user_is_any_word_behind_a_known_text(
    line: str, event: ApiChange | Build | Scale
) -> None:
    assert parse_api_line(line.encode()) == event


def test_every_action_but_the_unknown_one_has_a_text() -> None:
    assert {action for _, action, _, _ in CHANGES} == set(ApiAction) - {ApiAction.OTHER}


@pytest.mark.parametrize(
    ("text", "action", "subject"),
    [
        ("Deploy the second try", ApiAction.DEPLOY, "the second try"),
        ("Enable maintenance mode", ApiAction.FEATURE, "Enable maintenance mode"),
        ("Disable runtime-dyno metadata", ApiAction.FEATURE, "Disable runtime-dyno metadata"),
        ("Add-on moved", ApiAction.OTHER, "Add-on moved"),
        (
            "Promote api-staging v12 (059375fe)",
            ApiAction.OTHER,
            "Promote api-staging v12 (059375fe)",
        ),
        ("@ref:redis-flat-1 was moved.", ApiAction.OTHER, "@ref:redis-flat-1 was moved."),
        ("Release v1 renamed", ApiAction.OTHER, "Release v1 renamed"),
        ("Release v1234567890 created", ApiAction.OTHER, "Release v1234567890 created"),
        ("Set FOO=hunter2 config vars", ApiAction.OTHER, "Set FOO"),
        ("Config add FOO=hunter2", ApiAction.OTHER, "Config add FOO"),
        ("Enable FOO=hunter2", ApiAction.OTHER, "Enable FOO"),
        ("Rename " + "x" * 300, ApiAction.OTHER, "Rename " + "x" * 249),
    ],
)
@pytest.mark.parametrize("by_user", [f" by user {U}", f" by {U}"])
def test_free_words_are_believed_where_a_user_is_named(
    text: str, action: ApiAction, subject: str, by_user: str
) -> None:
    assert parse_api_line(f"{text}{by_user}".encode()) == ApiChange(action, subject, None, U)
    assert parse_api_line(text.encode()) is None
    assert parse_api_line(f"{text} by bob".encode()) is None


def test_an_unknown_text_may_name_a_user_without_address() -> None:
    assert parse_api_line(b"Add-on moved by user bob") == ApiChange(
        ApiAction.OTHER, "Add-on moved", None, "bob"
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        " by ",
        " by user ",
        f" by user {U}",
        f"by user {U}",
        "chmod u+x /tmp/log-stream",
        "python manage.py db upgrade",
        "then",
        "else",
        "fi'",
        f"fi'` by user {U}",
        f"PASSWORD=hunter2 deploy` by user {U}",
        f"Deploy hunter2` by user {U}",
        f"Release` by user {U}",
        f"echo hunter2 by user {U}",
        f"PASSWORD=hunter2 deploy by user {U}",
        "echo hunter2 by user root",
        "curl by https://user:key@example.com/",
        "Curl by https://user:key@example.com/",
        "Some random message here",
        "Some message by hand",
        'this_is="broken',
        "Starting process with command",
        "Starting process with command bash",
        f"Starting process with command bash by user {U}",
        f"Running process with command: `bash` by user {U}",
        f"A process with command bash by user {U}",
        "Release v created",
        "Release v16 created by",
        "Release v16 created by user",
        "Release v16 created by user ",
        "Release v16 created by two words",
        "Release v16 created by user " + "x" * 255,
        "release v16 created",
        "Release v16 created\n",
        "Release v16 created.",
        "Deploy",
        "Deploy ",
        "Build",
        "Build cancelled",
        "Build started now",
        "Set  config vars",
        "Set FOO=hunter2 config vars",
        "Set config vars",
        "Config add",
        "Attach database",
        "Attach DATABASE (postgresql-graceful-69657)",
        "Update the database",
        "postgresql-graceful-69657 completed provisioning",
        "Slug compilation",
    ],
)
def test_other_lines_mean_nothing(line: str) -> None:
    assert parse_api_line(line.encode()) is None


@pytest.mark.parametrize(
    "items",
    [
        "Scaled to ",
        "Scaled to web",
        "Scaled to web@",
        "Scaled to web@1",
        "Scaled to web@1:",
        "Scaled to web@:Free",
        "Scaled to @1:Free",
        "Scaled to 1web@1:Free",
        "Scaled to web@-1:Free",
        "Scaled to web@1.5:Free",
        "Scaled to web@1000000:Free",
        "Scaled to web@1:Free ",
        "Scaled to web@1:Free  worker@1:Free",
        "Scaled to web@1:Free, worker@1:Free",
        "Scaled to web@1:Free worker",
        "Scaled to web@1:Free web@2:Free",
        "Scaled to web@1:Free:x",
        "Scaled to web@1:" + "x" * 33,
        "Scaled to " + "w" * 64 + "@1:Free",
        "Scaled to web=1",
        "Scale to ",
        "Scale to web=",
        "Scale to web=x",
        "Scale to web=1 mailer=1",
        "Scale to web=1,mailer=1",
        "Scale to web=1, ",
        "Scale to web@1:Free",
        "Scaled to " + " ".join(f"w{n}@1:Free" for n in range(101)),
        "Scale to " + ", ".join(f"w{n}=1" for n in range(101)),
    ],
)
def test_a_scaling_with_a_malformed_item_is_not_guessed(items: str) -> None:
    for line in (items, f"{items} by {U}", f"{items} by user {U}"):
        assert parse_api_line(line.encode()) is None


def test_a_hundred_process_types_can_be_scaled() -> None:
    line = "Scaled to " + " ".join(f"w{n}@{n}:Free" for n in range(100))

    event = parse_api_line(line.encode())

    assert event == Scale(tuple(FormationItem(f"w{n}", n, "Free") for n in range(100)))


def test_a_split_command_is_one_start_whose_user_is_not_known() -> None:
    command = (
        "bash -c 'if a; then\nchmod u+x /tmp/log-stream\nelse\npython manage.py by user me\nfi'"
    )
    line = f"Starting process with command `{command}` by user {U}"

    events = [parse_api_line(part.encode()) for part in line.split("\n")]

    assert events == [ApiChange(ApiAction.RUN), None, None, None, None]


@pytest.mark.parametrize(
    "end",
    [
        " by user",
        " by user hunter2",
        " by https://user:hunter2@example.com",
        " by a:b@c",
        f" {U}",
    ],
)
@pytest.mark.parametrize("command", ["", "echo `date`", "echo `date` by user x@y"])
def test_the_rest_of_a_command_is_no_user(command: str, end: str) -> None:
    line = f"Starting process with command `{command}{end}"

    assert parse_api_line(line.encode()) == ApiChange(ApiAction.RUN)


def test_a_command_without_closing_back_tick_has_no_user() -> None:
    line = f"Starting process with command `echo by user {U}"

    assert parse_api_line(line.encode()) == ApiChange(ApiAction.RUN)


@pytest.mark.parametrize(
    "line",
    [
        b" by " * (LIMIT // 4),
        b" by user " * (LIMIT // 9),
        b"Set " + b"A config vars " * (LIMIT // 14),
        b"Config add " + b"A, " * (LIMIT // 3),
        b"Attach " + b"A" * LIMIT + b" (@ref:" + b"a" * LIMIT,
        b"@ref:x completed provisioning, setting " + b"A, " * (LIMIT // 3) + b"!",
        b"Stack changed from " + b"a to " * (LIMIT // 5),
        b"Deploy " + b"a" * LIMIT,
        b"Deploy " + b"a " * (LIMIT // 2) + b" by user a@b",
        b"Enable " + b"a-" * (LIMIT // 2),
        b"Build failed -- " + b"-" * LIMIT,
        b"Rename " + b"a =" * (LIMIT // 3) + b" by user a@b",
        b"R" + b"-" * LIMIT + b" by a@b",
        b"Starting process with command " + b"`" * LIMIT,
        b"Starting process with command `" + b"` by user a@" * (LIMIT // 12),
        b"Scaled to " + b"web@1:Free " * (LIMIT // 11),
        b"Scaled to " + b"w" * LIMIT,
        b"Scale to " + b"web=1, " * (LIMIT // 7),
        b"Release v" + b"1" * LIMIT + b" created",
        b"Release v1 created by user " + b"@" * LIMIT,
    ],
    ids=lambda line: line[:40],
)
def test_long_lines_give_short_events(line: bytes) -> None:
    assert_bounded(parse_api_line(line))


def assert_bounded(event: ApiChange | Build | Scale | None) -> None:
    if event is None:
        return
    assert len(event.user) <= 254
    assert not set(event.user) & set("\0\t\n\r ")
    if isinstance(event, ApiChange):
        assert len(event.subject) <= 256
        assert event.version is None or 0 <= event.version < 10**9
    if isinstance(event, Scale):
        assert 1 <= len(event.items) <= 100
        for process_type, quantity, size in event.items:
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,62}", process_type, re.ASCII)
            assert 0 <= quantity < 10**6
            assert re.fullmatch(r"[A-Za-z0-9_./+-]{0,32}", size, re.ASCII)


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_none(text: bytes) -> None:
    for start in (b"", b"Deploy ", b"Scaled to ", b"Starting process with command `", b"Set "):
        for end in (b"", b" by user a@b"):
            assert_bounded(parse_api_line(start + text + end))


@given(near_misses(LINES))
def test_near_misses_give_bounded_events_or_none(line: bytes) -> None:
    assert_bounded(parse_api_line(line))


pieces = st.lists(
    st.sampled_from([b"`", b" by ", b" by user ", b"=", b" ", b"Deploy ", b"x", b"'"])
)


@given(secrets, pieces, pieces, st.sampled_from([b"", b"` by user " + U.encode()]))
def test_nothing_of_a_command_is_kept(
    secret: bytes, before: list[bytes], behind: list[bytes], end: bytes
) -> None:
    command = b"".join([*before, secret, *behind])

    event = parse_api_line(b"Starting process with command `" + command + end)

    assert event == ApiChange(ApiAction.RUN, user=U if end else "")


@given(secrets, pieces, pieces)
def test_nothing_of_the_last_line_of_a_split_command_is_kept(
    secret: bytes, before: list[bytes], behind: list[bytes]
) -> None:
    line = b"".join([*before, secret, *behind]) + b"` by user " + U.encode()

    assert parse_api_line(line) is None


@given(secrets)
def test_no_value_of_a_config_var_is_kept(secret: bytes) -> None:
    for text in (b"Set FOO=%b config vars", b"Config add FOO => %b", b"Change FOO=%b, BAR=%b"):
        line = text.replace(b"%b", secret) + b" by user " + U.encode()
        assert secret.decode() not in repr(parse_api_line(line))
