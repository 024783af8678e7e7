"""Traces as CSV: both formats, refusals that name the line, and cutting out a part."""

import pytest

from v2h.energy.bench.trace import TraceError, cut, read_trace


def test_both_shapes_comments_and_names() -> None:
    assert read_trace(["# a house", "t_s,watts", "0,100", "", "2.5, 300 # kettle"]) == [(0, 100), (2.5, 300)]
    assert read_trace(["t_s,load_w,pv_w", "0,100,0", "1,100,900"]) == [(0, 100), (1, -800)]
    assert read_trace(["5,1", "6,2"]) == [(5, 1), (6, 2)]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["0,1", "1,kettle"], "line 2: '1,kettle' is not t_s,watts or t_s,load_w,pv_w"),
        (["0,1", "1,nan"], "line 2: '1,nan'"),
        (["0,1", "1"], "line 2: '1'"),
        (["0,1", "1,2,3"], "line 2: '1,2,3'"),
        (["0,1,2,3"], "line 1: '0,1,2,3'"),
        (["time,power", "0,1"], "line 1: 'time,power'"),
        (["t_s,load_w,pv_w", "0,1"], "line 2: '0,1'"),
        (["0,1", "# x", "0,2"], "line 3: time 0 s does not come after 0 s"),
        (["t_s,watts", "0,1"], "1 rows"),
        ([], "0 rows"),
    ],
)
def test_what_cannot_be_used_is_named(lines: list[str], named: str) -> None:
    with pytest.raises(TraceError) as raised:
        read_trace(lines)
    assert str(raised.value).startswith(named)


def test_a_part_keeps_the_value_that_held_at_its_begin() -> None:
    trace = [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0), (30.0, 40.0)]
    assert cut(trace, 0, None) == [*trace[:3], (30.0, 30.0)]
    assert cut(trace, 12, 10) == [(12.0, 20.0), (20.0, 30.0), (22.0, 30.0)]
    assert cut(trace, 12, 3) == [(12.0, 20.0), (15.0, 20.0)]
    with pytest.raises(TraceError, match="lasts 30 s; nothing is left after 30 s"):
        cut(trace, 30, None)
