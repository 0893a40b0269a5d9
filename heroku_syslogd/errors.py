"""The exceptions of heroku-syslogd.

.. code-block:: text

    HerokuSyslogdError
    ├─ ConfigError     the configuration; the command line exits with 78
    └─ StartupError    a listener or a file could not be opened; the command line exits with 69

A peer's faults are no exceptions: the pure floors return them as values with a reason
(`wire.Malformed`, `wire.HeaderFault`). Any other exception that escapes is a bug of ours.
"""

from __future__ import annotations

from typing import NamedTuple


class HerokuSyslogdError(Exception):
    """Base of the errors that a caller may want to handle."""


class ConfigProblem(NamedTuple):
    """One thing that is wrong with a configuration.

    Attributes:
        key: Dotted key, such as ``listener.0.address``; empty for the file as a whole.
        problem: What is wrong and what was expected.
    """

    key: str
    problem: str


class ConfigError(HerokuSyslogdError):
    """Raised when a configuration file cannot be used; carries every problem at once."""

    def __init__(self, file: str, problems: list[ConfigProblem]) -> None:
        self.file = file
        self.problems = problems
        super().__init__(file, problems)

    def __str__(self) -> str:
        return "\n".join(
            f"{self.file}: {key}: {problem}" if key else f"{self.file}: {problem}"
            for key, problem in self.problems
        )


class StartupError(HerokuSyslogdError):
    """Raised when something that the configuration asks for cannot be opened.

    Args:
        component: What was to be opened, such as ``listener tcp``.
        problem: Why it could not, the address included.
    """

    def __init__(self, component: str, problem: str) -> None:
        self.component = component
        self.problem = problem
        super().__init__(component, problem)

    def __str__(self) -> str:
        return f"{self.component}: {self.problem}"
