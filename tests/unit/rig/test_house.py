"""The rig's house: the committed trace equals the generated one, and a bad trace file is refused."""

from pathlib import Path

import pytest

from v2h.rig.house import DAY_S, House, day_trace, read_csv, synthetic_day, write_csv
from v2h.rig.server import LedOutputs
from v2h.safety.outputs import Output, line_name


def test_committed_trace_is_the_generated_one() -> None:
    generated = [(round(t, 1), round(w)) for t, w in synthetic_day(1)]
    assert day_trace() == generated
    assert len(generated) > 1000
    assert generated[-1][0] < DAY_S


def test_a_trace_holds_repeats_and_can_be_overridden() -> None:
    house = House([(0, 100.0), (10, 2000.0)], 20.0, start_s=5.0)
    assert [house.load_w(t) for t in (0, 4.9, 5.0, 14.9, 15.0, 25.0)] == [100, 100, 2000, 2000, 100, 2000]
    house.override_w = 7.0
    assert house.load_w(5.0) == 7


def test_sun_shines_by_day_only() -> None:
    house = House([(0, 0.0)], DAY_S, sun_peak_w=3000)
    assert house.net_w(12 * 3600) == pytest.approx(-3000)
    assert house.net_w(2 * 3600) == 0


def test_csv_skips_comments_and_names_the_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(write_csv([(0, 1.0), (5.5, 20.0)], "a comment"))
    assert read_csv(path) == [(0.0, 1.0), (5.5, 20.0)]
    path.write_text("t_s,watts\n0,1\n5;3\n")
    with pytest.raises(ValueError, match=r"load.csv line 3: '5;3'"):
        read_csv(path)


@pytest.mark.parametrize("points", [[], [(1, 1.0)], [(0, 1.0), (0, 2.0)]])
def test_an_unordered_trace_is_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="rising times"):
        House(points)


def test_outputs_are_read_from_led_nodes(tmp_path: Path) -> None:
    for output in Output:
        (tmp_path / line_name(output)).mkdir()
        (tmp_path / line_name(output) / "brightness").write_text("0\n")
    leds = LedOutputs(tmp_path)
    assert leds.changes() == []
    (tmp_path / "c1" / "brightness").write_text("1\n")
    (tmp_path / "plug-lock" / "brightness").write_text("255\n")
    assert leds.changes() == [(Output.C1, True), (Output.PLUG_LOCK, True)]
    (tmp_path / "c1" / "brightness").write_text("0\n")
    assert leds.changes() == [(Output.C1, False)]
