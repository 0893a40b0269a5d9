"""Lines for the tests of ``explain``, and parts of what is said of them."""

import io

from heroku_syslogd.config import Config
from heroku_syslogd.explain import Explanation, explain, print_explanation, sections
from heroku_syslogd.wire import Dialect

NOW = 1_800_000_000.0
DEFAULTS = Config()
TOKEN = "d.8f7a4b11-c323-c764-a74f-89bf4c1100ab"
OTHER_TOKEN = "d.68bc07b8-b306-4fa6-985f-48f8a45912c3"
HEADER = f"<45>1 2014-11-11T08:24:24.064853+00:00 {TOKEN}"
STATE = f"{HEADER} heroku web.1 - - State changed from starting to up"
L10 = (
    "2022-04-13T19:42:45.121237+00:00 heroku[logplex]: Error L10 (output buffer overflow): drain"
    f" '{OTHER_TOKEN}' dropped 1 messages since 2022-04-13T19:41:45.256379+00:00."
)


def explained(
    text: str | bytes, dialect: Dialect | None = None, config: Config = DEFAULTS
) -> Explanation:
    line = text.encode() if isinstance(text, str) else text
    return explain(line, config, dialect, lambda: NOW)


def printed(explanation: Explanation) -> str:
    out = io.StringIO()
    print_explanation(explanation, out)
    return out.getvalue()


def rows(explanation: Explanation, title: str) -> dict[str, str]:
    return {k: v for one in sections(explanation) if one.title == title for k, v in one.rows}


def block(explanation: Explanation, title: str) -> list[str]:
    return [
        text for one in sections(explanation) if one.title.startswith(title) for text in one.block
    ]
