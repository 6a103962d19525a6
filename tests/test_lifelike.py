"""Weeks of whatever may happen, in any order: the promises hold after each step. `bench/lifelike.py` draws more of it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.lifelike import Life

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=4,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,  # the same lives each time; a failure is the change's and not chance's
    phases=[Phase.generate],  # to shrink what was found takes minutes
    suppress_health_check=list(HealthCheck),
)
TestLife = pytest.mark.slow(TestLife)
