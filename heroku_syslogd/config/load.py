"""Reading a configuration file, with every problem reported at once."""

from __future__ import annotations

import difflib
import tomllib
import typing
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar

import msgspec

from heroku_syslogd.config.cross_check import SECRET, cross_check
from heroku_syslogd.config.schema import Config
from heroku_syslogd.errors import ConfigError, ConfigProblem

T = TypeVar("T", bound=msgspec.Struct)


def load(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: It cannot be read or used; names every key that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(str(path), [ConfigProblem("", f"cannot be read: {reason}")]) from error
    return parse(text, str(path))


def parse(text: str, file: str = "<config>") -> Config:
    """Read a configuration from text; ``file`` names it in errors.

    Raises:
        ConfigError: It cannot be used; names every key that is wrong.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(file, [_shown(ConfigProblem("", f"is not TOML: {error}"))]) from error
    problems: list[ConfigProblem] = []
    config = _decode(Config, tables, "", problems)
    if config is not None:
        problems += cross_check(config)
    if config is None or problems:
        raise ConfigError(file, [_shown(problem) for problem in problems])
    return config


def _decode(struct: type[T], table: object, path: str, problems: list[ConfigProblem]) -> T | None:
    """Decode one table field by field, so that one mistake does not hide the next."""
    if not isinstance(table, dict):
        problems.append(ConfigProblem(path, "expected a table"))
        return None
    hints = typing.get_type_hints(struct, include_extras=True)
    values: dict[str, Any] = {}
    before = len(problems)
    for key, value in table.items():
        dotted = f"{path}.{key}" if path else key
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(hints)}"
            problems.append(ConfigProblem(dotted, f"unknown key{hint}"))
        else:
            values[key] = _decode_value(hints[key], value, dotted, problems)
    problems += [
        ConfigProblem(f"{path}.{field.name}", "is missing")
        for field in msgspec.structs.fields(struct)
        if field.required and field.name not in table
    ]
    return struct(**values) if len(problems) == before else None


def _decode_value(expected: Any, value: object, path: str, problems: list[ConfigProblem]) -> object:
    if isinstance(expected, UnionType):  # X | None: TOML has no null, so a value that is there is X
        expected = typing.get_args(expected)[0]
    if typing.get_origin(expected) is tuple:
        return _decode_array(typing.get_args(expected)[0], value, path, problems)
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
        return _decode(expected, value, path, problems)
    if typing.get_origin(expected) is dict:
        return _decode_mapping(expected, value, path, problems)
    choices = _choices(expected)
    if choices and value not in choices:
        known = ", ".join(map(repr, choices))
        problems.append(ConfigProblem(path, f"expected one of {known}, got {value!r}"))
        return None
    try:
        if hasattr(expected, "parse"):
            return expected.parse(value)
        return msgspec.convert(value, expected)
    except msgspec.ValidationError as error:
        problems.append(ConfigProblem(path, f"{_lower_first(str(error))}, got {value!r}"))
    except ValueError as error:
        got = "" if getattr(expected, "is_secret", False) else f", got {value!r}"
        problems.append(ConfigProblem(path, f"{error}{got}"))
    return None


def _choices(expected: Any) -> tuple[object, ...]:
    """Return the values that are allowed, where those are counted out."""
    if typing.get_origin(expected) is typing.Literal:
        return typing.get_args(expected)
    if isinstance(expected, type) and issubclass(expected, StrEnum):
        return tuple(str(one) for one in expected)
    return ()


def _decode_array(
    item: Any, value: object, path: str, problems: list[ConfigProblem]
) -> tuple[object, ...]:
    """Decode an array of tables, such as ``[[listener]]``, or of plain values."""
    if not isinstance(value, list):
        is_table = isinstance(item, type) and issubclass(item, msgspec.Struct)
        expected = f"an array of tables: [[{path}]]" if is_table else "an array"
        problems.append(ConfigProblem(path, f"expected {expected}"))
        return ()
    return tuple(
        _decode_value(item, one, f"{path}.{index}", problems) for index, one in enumerate(value)
    )


def _decode_mapping(
    expected: Any, value: object, path: str, problems: list[ConfigProblem]
) -> dict[str, object]:
    """Decode a table whose keys the operator chooses, such as ``[drains.tokens]``."""
    if not isinstance(value, dict):
        problems.append(ConfigProblem(path, "expected a table"))
        return {}
    item = typing.get_args(expected)[1]
    return {
        key: _decode_item(item, text, f'{path}."{key}"', problems) for key, text in value.items()
    }


def _decode_item(expected: Any, value: object, path: str, problems: list[ConfigProblem]) -> object:
    if isinstance(value, dict):  # TOML reads an unquoted d.9173ea1f as a table d
        problem = "expected a string; a key with a dot in it has to be quoted"
        problems.append(ConfigProblem(path, problem))
        return None
    return _decode_value(expected, value, path, problems)


def _shown(problem: ConfigProblem) -> ConfigProblem:
    """Return a problem without the secrets in it: no more of a token than the labels show."""
    return ConfigProblem(*(SECRET.sub(r"\g<1>…", text) for text in problem))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
