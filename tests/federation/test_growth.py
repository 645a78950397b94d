"""Cost grows with the rows and no faster. CPU time, each case in a process of its own: other load changes it little."""

from __future__ import annotations

import pytest

from bench.growth import cost

pytestmark = pytest.mark.timeout(300)  # seconds of the clock: each case starts two interpreters

MOST_SECONDS = 1.0
MOST_MEGABYTES = 150


def test_a_hundred_thousand_points_are_rolled_up_within_a_second_and_150_megabytes() -> None:
    found = cost("points to hours", 20, 5_000, 1)
    assert found.cpu_seconds < MOST_SECONDS
    assert found.megabytes < MOST_MEGABYTES


def test_ten_times_the_rows_cost_about_ten_times() -> None:
    """Beyond what it costs to ask at all; a square would be a hundred times."""
    few, some, many = (cost("minutes of 20 sites", 20, rows, 2).cpu_seconds for rows in (5, 250, 2_500))
    assert many - few < 40 * max(some - few, 0.003)
