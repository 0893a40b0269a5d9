"""Lines of the API from 2011 to 2015."""

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
from tests.corpus.example import APP, NO_DRAIN, RFC5424, Example, Text, rendered, texts
from tests.corpus.series import build, change, deploy, formation, release

_USER: Final = "user@example.com"

_OLD_TEXTS: Final[list[Text]] = [
    (
        b'Starting process with command `bin/run "scale_up"` by scheduler@addons.heroku.com',
        ApiChange(ApiAction.RUN, user="scheduler@addons.heroku.com"),
        change(APP, "run"),
    ),
    (
        b"Running release v5 commands by user@example.com",
        ApiChange(ApiAction.RELEASE_COMMAND, version=5, user=_USER),
        change(APP, "release_command"),
    ),
]

_HISTORY: Final = [
    Example(
        "6.3 deploy of 2011",
        RFC5424,
        rendered(
            b"2011-08-20T16:34:07+00:00 heroku[api]: Config add PYTHONUNBUFFERED by "
            b"user@example.com",
            b"2011-08-20T16:34:07+00:00 heroku[api]: Deploy 67b7e54 by user@example.com",
            b"2011-08-20T16:34:07+00:00 heroku[api]: Release v2 created by user@example.com",
        ),
        framed=True,
        events=(
            ApiChange(ApiAction.CONFIG_SET, "PYTHONUNBUFFERED", user=_USER),
            ApiChange(ApiAction.DEPLOY, "67b7e54", user=_USER),
            ApiChange(ApiAction.RELEASE, version=2, user=_USER),
        ),
        series=change(NO_DRAIN, "config_set")
        | deploy(NO_DRAIN, 1313858047.0)
        | release(NO_DRAIN, 2),
    ),
    Example(
        "6.3 first deploy of 2014",
        RFC5424,
        rendered(
            b"2014-04-17T17:54:19.695584+00:00 heroku[api]: Set DATABASE_URL config vars by "
            b"developer@example.com",
            b"2014-04-17T17:54:19.797989+00:00 heroku[api]: Attach HEROKU_POSTGRESQL_JADE "
            b"resource by developer@example.com",
            b"2014-04-17T17:54:19.214087+00:00 heroku[api]: Scale to web=1 by "
            b"developer@example.com",
        ),
        framed=True,
        events=(
            ApiChange(ApiAction.CONFIG_SET, "DATABASE_URL", user="developer@example.com"),
            ApiChange(
                ApiAction.ADDON_ATTACH, "HEROKU_POSTGRESQL_JADE", user="developer@example.com"
            ),
            Scale((FormationItem("web", 1, ""),), "developer@example.com"),
        ),
        series=change(NO_DRAIN, "config_set")
        | change(NO_DRAIN, "addon_attach")
        | formation(NO_DRAIN, FormationItem("web", 1, "")),
    ),
    Example(
        "6.3 slug compiler, 2014",
        RFC5424,
        rendered(
            b"2014-04-17T17:52:54+00:00 heroku[slug-compiler]: Slug compilation started",
            b"2014-04-17T17:54:20+00:00 heroku[slug-compiler]: Slug compilation finished",
        ),
        framed=True,
        events=(Build(BuildResult.STARTED), Build(BuildResult.SUCCEEDED)),
        series=build(NO_DRAIN, "started") | build(NO_DRAIN, "succeeded"),
    ),
    Example(
        "6.3 slug compiler, 2011",
        RFC5424,
        rendered(
            b"2011-08-20T16:33:39+00:00 heroku[slugc]: Slug compilation started",
        ),
        framed=True,
        events=(Build(BuildResult.STARTED),),
        series=build(NO_DRAIN, "started"),
    ),
]

API_HISTORY: Final = [*texts("6.3", b"heroku", b"api", _OLD_TEXTS), *_HISTORY]
