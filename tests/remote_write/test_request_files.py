"""Requests on the disk: whole or not at all, within the bound, and for one process."""

from __future__ import annotations

import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heroku_syslogd.errors import StartupError
from heroku_syslogd.remote_write.request_files import INCOMING, LOCK, RequestFiles, StoredRequest
from tests.remote_write.spooling import open_descriptors

BODY: Final = b"snappy" * 1000
ROOMY: Final = 2**20


def opened(directory: Path, max_bytes: int = ROOMY) -> RequestFiles:
    files = RequestFiles(directory, max_bytes)
    files.open()
    return files


def left_in(directory: Path) -> list[StoredRequest]:
    files = RequestFiles(directory, ROOMY)
    found = files.open()
    files.close()
    return found


def test_what_is_written_is_read_and_found_by_the_next_process(tmp_path: Path) -> None:
    files = opened(tmp_path)
    first = files.write(7, 1500, BODY)
    second = files.write(8, 0, b"")

    assert files.read(first) == BODY
    assert files.read(second) == b""
    files.close()
    assert left_in(tmp_path) == [first, second]


def test_the_name_of_a_file_is_that_of_the_documentation(tmp_path: Path) -> None:
    stored = StoredRequest(42, 1500, 0x3F2A9C11, 0)

    assert stored.name == "00000000000000000042.1500.3f2a9c11.request"


def test_requests_are_found_in_their_order(tmp_path: Path) -> None:
    files = opened(tmp_path)
    for number in (10, 9, 100, 1):
        files.write(number, number, b"%d" % number)
    files.close()

    assert [one.samples for one in left_in(tmp_path)] == [1, 9, 10, 100]


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    files = opened(tmp_path, len(BODY))
    stored = files.write(0, 1, BODY)
    files.remove([stored])
    files.write(1, 1, BODY)  # there is room again
    files.close()

    assert [one.number for one in left_in(tmp_path)] == [1]


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    files = opened(tmp_path / "spool")
    stored = files.write(0, 1, BODY)
    files.close()

    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700
    for name in (LOCK, stored.name):
        assert stat.S_IMODE((tmp_path / "spool" / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(b"", id="empty, as after a power failure"),
        pytest.param(BODY[:-1], id="torn"),
        pytest.param(BODY + b"x", id="too long"),
        pytest.param(b"T" + BODY[1:], id="another byte"),
        pytest.param(bytes(len(BODY)), id="zeros"),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_damaged_file_is_noticed(tmp_path: Path, damaged: bytes, restarted: bool) -> None:
    files = opened(tmp_path)
    stored = files.write(0, 1, BODY)
    (tmp_path / stored.name).write_bytes(damaged)
    if restarted:
        files.close()
        files = RequestFiles(tmp_path, ROOMY)
        [stored] = files.open()

    assert files.read(stored) is None
    files.close()


def test_what_was_being_written_by_a_process_that_was_killed_means_nothing(tmp_path: Path) -> None:
    (tmp_path / INCOMING).write_bytes(BODY)

    assert left_in(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_request_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    files = opened(tmp_path)
    (tmp_path / INCOMING).mkdir()
    with pytest.raises(IsADirectoryError):
        files.write(0, 1, BODY)
    (tmp_path / INCOMING).rmdir()
    files.write(1, 1, BODY)
    files.close()

    assert [one.number for one in left_in(tmp_path)] == [1]


def test_a_file_that_cannot_be_removed_counts_until_it_is(tmp_path: Path) -> None:
    files = opened(tmp_path, 2 * len(BODY))
    stuck, other = files.write(0, 1, BODY), files.write(1, 1, BODY)
    (tmp_path / stuck.name).unlink()
    (tmp_path / stuck.name).mkdir()
    with pytest.raises(IsADirectoryError):
        files.remove([stuck, other])
    files.write(2, 1, BODY)  # the other one could be removed
    with pytest.raises(OSError, match="cannot be removed"):
        files.write(3, 1, BODY)
    (tmp_path / stuck.name).rmdir()
    files.write(4, 1, BODY)
    files.close()

    assert [one.number for one in left_in(tmp_path)] == [2, 4]


def test_a_directory_has_one_process(tmp_path: Path) -> None:
    files = opened(tmp_path)
    before = open_descriptors()
    with pytest.raises(StartupError) as caught:
        opened(tmp_path)

    assert open_descriptors() == before
    problem = f"cannot keep requests in {tmp_path}: another process uses it"
    assert str(caught.value) == f"remote write: {problem}"
    files.close()
    opened(tmp_path).close()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("absent/spool", "No such file or directory"),
        ("file", "Not a directory"),
        ("locked", "Is a directory"),
        ("/proc/self/net", ""),
    ],
)
def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "locked" / LOCK).mkdir(parents=True)
    before = open_descriptors()
    with pytest.raises(StartupError, match=f"cannot keep requests in .*{name}: .*{problem}"):
        opened(tmp_path / name)

    assert open_descriptors() == before


def test_what_else_lies_in_the_directory_is_left_alone(tmp_path: Path) -> None:
    names = [
        "notes",
        "42.1500.3f2a9c11.request",
        "00000000000000000042.01500.3f2a9c11.request",
        "00000000000000000042.1500.3F2A9C11.request",
        "00000000000000000042.1500.3f2a9c11.request.old",
    ]
    for name in names:
        (tmp_path / name).write_bytes(BODY)
    (tmp_path / "00000000000000000001.1.00000000.request").mkdir()
    (tmp_path / "00000000000000000002.1.00000000.request").symlink_to("notes")

    assert left_in(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == len(names) + 3


DIGITS: Final = st.text("0123456789", min_size=19, max_size=21)
NAMES: Final = st.one_of(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1),
    st.builds("{}.{}.{:08x}.request".format, DIGITS, DIGITS, st.integers(0, 2**32)),
    st.builds("{:020d}.{}.{:08x}.request".format, st.integers(0), st.integers(0), st.integers(0)),
).filter(lambda name: name not in (".", "..", LOCK, INCOMING) and len(name.encode()) < 256)


@given(st.dictionaries(NAMES, st.binary(max_size=20)))
def test_any_files_are_a_request_intact_a_damaged_one_or_none(contents: dict[str, bytes]) -> None:
    with TemporaryDirectory() as directory:
        for name, content in contents.items():
            (Path(directory) / name).write_bytes(content)
        files = RequestFiles(Path(directory), ROOMY)
        found = files.open()
        for stored in found:
            assert files.read(stored) in (None, contents[stored.name])
        files.remove(found)
        files.close()
        left = {path.name for path in Path(directory).iterdir()} - {LOCK}

    assert left == set(contents) - {stored.name for stored in found}
