"""The measure of how evenly frames are sent."""

import pytest

from v2h.capture.jitter import spread
from v2h.commands.jitter import table


def test_even_frames() -> None:
    told = spread([n * 0.1 for n in range(101)])
    assert (told.frames, told.mean_ms, told.inside_pct) == (101, 100.0, 100.0) and told.sd_ms < 0.001


def test_one_late_frame_makes_two_odd_spacings() -> None:
    times = [n * 0.1 for n in range(101)]
    times[50] += 0.005
    told = spread(times)
    assert told.inside_pct == 98.0 and 0.6 < told.sd_ms < 0.8


def test_too_few() -> None:
    with pytest.raises(ValueError, match="2 frames"):
        spread([0.0, 0.1])


def test_table_tells_what_to_do_when_charger_is_silent() -> None:
    even = spread([n * 0.1 for n in range(101)])
    said = table({"plain": even, "fifo": even, "bcm": None, "ours": None})
    assert "a SCHED_FIFO loop                   101 100.00 ms  0.00 ms  100.00 %" in said
    assert said.endswith(
        "charger sent nothing: it speaks in a session alone; start one (v2h mode charge) and measure again"
    )
    assert "goal on a real board: 99 %" in table({"ours": even})
