"""Whether the fast path was compiled when the package was installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

_SOURCE: Final = ".py"


def is_compiled() -> bool:
    """Tell whether messages go through compiled modules, and not through their sources.

    The same sources are both: see the build hook in pyproject.toml.
    """
    spec = find_spec("heroku_syslogd.worker")
    return spec is not None and spec.origin is not None and not spec.origin.endswith(_SOURCE)
