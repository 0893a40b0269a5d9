"""A pipeline for a test."""

import pytest

from tests.pipeline_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
