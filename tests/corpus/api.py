"""Lines of the API about changes, builds and scaling (``app[api]``, until 2017 ``heroku[api]``)."""

from __future__ import annotations

from typing import Final

from heroku_syslogd.heroku.events import (
    ApiAction,
    ApiChange,
    Build,
    BuildResult,
    FormationItem,
    Scale,
)
from tests.corpus.example import (
    APP,
    LOGPLEX_1,
    TIME,
    Example,
    Text,
    texts,
)
from tests.corpus.series import build, change, deploy, formation, release, unrecognised

_USER: Final = "user@example.com"
_HIREFIRE: Final = "heroku.hirefire.api@thermondo.de"
_POSTGRES: Final = "@ref:postgresql-graceful-69657"

# Texts of today ----------------------------------------------------------------------------------


def _changed(msg: bytes, action: ApiAction, subject: str = "", user: str = _USER) -> Text:
    return msg, ApiChange(action, subject, user=user), change(APP, action.value)


def _scaled(msg: bytes, *items: FormationItem, user: str = _USER) -> Text:
    return msg, Scale(items, user), formation(APP, *items)


_TEXTS: Final[list[Text]] = [
    _changed(b"Initial release by user user@example.com", ApiAction.CREATE),
    _changed(b"Enable Logplex by user user@example.com", ApiAction.FEATURE, "Enable Logplex"),
    (
        b"Build started by user user@example.com",
        Build(BuildResult.STARTED, _USER),
        build(APP, "started"),
    ),
    (b"Build succeeded", Build(BuildResult.SUCCEEDED), build(APP, "succeeded")),
    (
        b"Build failed -- check your build output: https://dashboard.heroku.com/apps/"
        b"4f0e0a3c-7d4b-4a0e-9d5c-0c1f3ad0a6f1/activity/builds/"
        b"9b1c2d7e-52a8-4b5f-8a5f-1f1de2a9c001",
        Build(BuildResult.FAILED),
        build(APP, "failed"),
    ),
    (
        b"Deploy 059375fe by user user@example.com",
        ApiChange(ApiAction.DEPLOY, "059375fe", user=_USER),
        deploy(APP, TIME),
    ),
    (
        b"Deploy 0.0.1-SNAPSHOT by user user@example.com",
        ApiChange(ApiAction.DEPLOY, "0.0.1-SNAPSHOT", user=_USER),
        deploy(APP, TIME),
    ),
    (
        b"Release v16 created by user user@example.com",
        ApiChange(ApiAction.RELEASE, version=16, user=_USER),
        release(APP, 16),
    ),
    (
        b"Rollback to v11 by user user@example.com",
        ApiChange(ApiAction.ROLLBACK, version=11, user=_USER),
        change(APP, "rollback"),
    ),
    (
        b"Running release v4 commands by user user@example.com",
        ApiChange(ApiAction.RELEASE_COMMAND, version=4, user=_USER),
        change(APP, "release_command"),
    ),
    _changed(b"Set FOO config vars by user user@example.com", ApiAction.CONFIG_SET, "FOO"),
    _changed(
        b"Set FOO, BAR config vars by user user@example.com", ApiAction.CONFIG_SET, "FOO, BAR"
    ),
    _changed(b"Remove FOO config vars by user user@example.com", ApiAction.CONFIG_REMOVE, "FOO"),
    _changed(
        b"Attach DATABASE (@ref:postgresql-graceful-69657) by user user@example.com",
        ApiAction.ADDON_ATTACH,
        f"DATABASE ({_POSTGRES})",
    ),
    _changed(
        b"Detach LOGDNA (@ref:logdna-deep-31633)",
        ApiAction.ADDON_DETACH,
        "LOGDNA (@ref:logdna-deep-31633)",
        user="",
    ),
    _changed(b"Update LOGDNA by user user@example.com", ApiAction.ADDON_UPDATE, "LOGDNA"),
    _changed(
        b"@ref:postgresql-graceful-69657 completed provisioning, setting DATABASE_URL. by user"
        b" user@example.com",
        ApiAction.ADDON_READY,
        _POSTGRES,
    ),
    _changed(
        b"@ref:searchbox-tapered-14398 completed provisioning",
        ApiAction.ADDON_READY,
        "@ref:searchbox-tapered-14398",
        user="",
    ),
    _changed(
        b"Stack changed from heroku-22 to heroku-20 by user user@example.com",
        ApiAction.STACK,
        "heroku-20",
    ),
    _changed(b"Upgrade stack to heroku-20 by user user@example.com", ApiAction.STACK, "heroku-20"),
    _changed(b"Starting process with command `bash` by user user@example.com", ApiAction.RUN),
    _changed(
        b"Starting process with command `php src/test.php` by user scheduler@addons.heroku.com",
        ApiAction.RUN,
        user="scheduler@addons.heroku.com",
    ),
    _scaled(
        b"Scaled to web@4:Standard-1X by user user@example.com",
        FormationItem("web", 4, "Standard-1X"),
    ),
    _scaled(
        b"Scaled to web@1:Free worker@0:Free by user user@example.com",
        FormationItem("web", 1, "Free"),
        FormationItem("worker", 0, "Free"),
    ),
    _scaled(b"Scaled to web@2:Standard-1X", FormationItem("web", 2, "Standard-1X"), user=""),
    _scaled(
        b"Scaled to web@2:Standard-1X by user@example.com",
        FormationItem("web", 2, "Standard-1X"),
    ),
    _scaled(
        b"Scaled to celerybeat@1:Standard-1X celeryworkerhighmemory@1:Performance-M "
        b"celeryworkerhighprio@3:Standard-2X celeryworkerlowprio@1:Performance-M "
        b"celeryworkeroffergenerator@1:Performance-L release@0:Standard-2X "
        b"web@5:Performance-M by user heroku.hirefire.api@thermondo.de",
        FormationItem("celerybeat", 1, "Standard-1X"),
        FormationItem("celeryworkerhighmemory", 1, "Performance-M"),
        FormationItem("celeryworkerhighprio", 3, "Standard-2X"),
        FormationItem("celeryworkerlowprio", 1, "Performance-M"),
        FormationItem("celeryworkeroffergenerator", 1, "Performance-L"),
        FormationItem("release", 0, "Standard-2X"),
        FormationItem("web", 5, "Performance-M"),
        user=_HIREFIRE,
    ),
]

# A command that holds line breaks comes as several messages; these stand in the middle of one.
_PARTS_OF_A_COMMAND: Final[list[Text]] = [
    (msg, None, unrecognised(APP, "app", "api"))
    for msg in (b"chmod u+x /tmp/log-stream", b"else", b"python manage.py db upgrade", b"fi'")
]

# Frames ------------------------------------------------------------------------------------------

_FRAMES: Final = [
    # heroku-influxdb-drain, test/test_parse_content.js; the address was replaced
    Example(
        "13.21 release",
        LOGPLEX_1,
        b"103 <45>1 2017-08-30T08:48:49.251515+00:00 host app api - Release v48 created "
        b"by user developer@example.com",
        framed=True,
        events=(ApiChange(ApiAction.RELEASE, version=48, user="developer@example.com"),),
        series=release("host", 48),
    ),
    # log-reporter, src/log_parser.rs
    Example(
        "13.22 scale",
        LOGPLEX_1,
        b"124 <133>1 2024-05-29T07:07:25.193493+00:00 host app api - Scaled to "
        b"web@4:Standard-1X by user heroku.hirefire.api@thermondo.de\n",
        framed=True,
        events=(Scale((FormationItem("web", 4, "Standard-1X"),), _HIREFIRE),),
        series=formation("host", FormationItem("web", 4, "Standard-1X")),
    ),
    # heroku-datadog-drain, app.test.js
    Example(
        "13.23 scale, old form",
        LOGPLEX_1,
        b"<134>1 2015-04-07T16:01:43.517062+00:00 host heroku api - Scale to mailer=1, "
        b"web=3 by someuser@gmail.com",
        framed=False,
        events=(
            Scale(
                (FormationItem("mailer", 1, ""), FormationItem("web", 3, "")),
                "someuser@gmail.com",
            ),
        ),
        series=formation("host", FormationItem("mailer", 1, ""), FormationItem("web", 3, "")),
        note="count left out: it was invented",
    ),
    # heroku-datadog-drain-golang, logproc_test.go
    Example(
        "13.24 unterminated quote",
        LOGPLEX_1,
        b'<134>1 2015-04-07T16:01:43.517062+00:00 host heroku api - this_is="broken',
        framed=False,
        events=(None,),
        series=unrecognised("host", "heroku", "api"),
        note="count left out: it was invented",
    ),
    Example(
        "6.2 scale of two process types",
        LOGPLEX_1,
        b"<134>1 2017-05-13T15:35:33.787162+00:00 host app api - Scaled to "
        b"mailer@3:Performance-L web@5:Standard-2X by user someuser@gmail.com",
        framed=False,
        events=(
            Scale(
                (
                    FormationItem("mailer", 3, "Performance-L"),
                    FormationItem("web", 5, "Standard-2X"),
                ),
                "someuser@gmail.com",
            ),
        ),
        series=formation(
            "host",
            FormationItem("mailer", 3, "Performance-L"),
            FormationItem("web", 5, "Standard-2X"),
        ),
        note="count left out: it was invented",
    ),
    # parsers, parse_test.go
    Example(
        "6.2 text that nobody knows",
        LOGPLEX_1,
        b"<45>1 2020-08-28T10:38:06.285004+00:00 host app api - Some random message here",
        framed=False,
        events=(None,),
        series=unrecognised("host", "app", "api"),
    ),
]

API: Final = [
    *_FRAMES,
    *texts("6.2", b"app", b"api", [*_TEXTS, *_PARTS_OF_A_COMMAND]),
    *texts(
        "6.2",
        b"app",
        b"heroku-postgres",
        [_changed(b"Update DATABASE by user@example.com", ApiAction.ADDON_UPDATE, "DATABASE")],
    ),
]
