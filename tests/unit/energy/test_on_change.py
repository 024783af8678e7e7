"""A meter that speaks only when its value changes, on the bench in virtual time: V2H does not pump, and a dead meter
ends in 0 W within its time."""

from itertools import pairwise

import pytest

from tests.support.speaksonchange import WholeWay
from v2h.bus.messages import SILENCE_MOST_S, MeterReading
from v2h.config.meter_kinds import Meter
from v2h.energy.bench.metering import MeterModel
from v2h.energy.bench.plant import Plant, Score, run
from v2h.energy.policy import LIMITED_S, held_share, meter_stale

BEGIN = 1000.0
HOUSE = [(BEGIN + 300 * n, (800.0, 2000.0)[n % 2]) for n in range(4)]
"""A load that rests for five minutes at a time; its own travel is 4 W/s."""
STEADY = [(BEGIN, 800.0), (BEGIN + 120, 800.0)]


def scored(law: WholeWay, change_w: float, trace: list[tuple[float, float]] = HOUSE, *, real: bool = False) -> Score:
    plant = Plant().real() if real else Plant()
    return run(trace, law, MeterModel(1.0, 0.2, change_w=change_w), plant, skip_s=60, keep=True)


@pytest.mark.slow
@pytest.mark.parametrize("real", [False, True], ids=["ideal", "real"])
@pytest.mark.parametrize("change_w", [5.0, 10.0, 20.0])
@pytest.mark.parametrize("told_s", [None, 30.0], ids=["learned", "told"])
def test_after_a_minute_the_house_is_covered_and_the_converter_rests(
    told_s: float | None, change_w: float, real: bool
) -> None:
    law = WholeWay(told_s)
    score = scored(law, change_w, real=real)
    print(f"mean |grid| {score.mean_w:.1f} W, travel {score.travel_w_h / 3600:.1f} W/s")
    assert score.mean_w <= 25
    assert score.travel_w_h / 3600 <= 10
    assert not [why for t, _, why in law.orders if t > BEGIN + 60 and "Holding 0 W" in why]


@pytest.mark.parametrize("lag_known", [False, True])
@pytest.mark.parametrize("moment", ["the car allows nothing", "own power moves", "own power has just moved"])
def test_a_value_that_cannot_be_answered_at_its_moment_is_answered_later(moment: str, lag_known: bool) -> None:
    """The house rests, so the meter has no reason to speak again: V2H waited for the next value for ever. Own power is
    1 A for a moment, as at the start of a session; while the meter's lag is not known, a value may show that moment."""
    law, own_w, sent_w, highest_w = WholeWay(30.0, lag_known=lag_known), 0.0, float("inf"), 0.0
    moves, once = moment != "the car allows nothing", moment == "own power has just moved"
    for step in range(100):
        now = BEGIN + step / 10
        law.discharge_a = 0.0 if step < 25 and not moves else 15.0
        own_w = law.power(now, now, 390.0 if moves and step in (3, 4) else own_w)
        grid_w = (400.0 if step < 20 and not once else 300.0) + own_w
        if step >= (5 if once else 15) and step % 10 == 5 and abs(grid_w - sent_w) > 10:
            law.meter(now, 0.0, sent_w := grid_w)
        highest_w = max(highest_w, abs(own_w))
    assert own_w == pytest.approx(-300, abs=25)
    assert highest_w < 450, "a value does not count again while the answer to it is under way"


def test_without_patience_it_pumps_for_ever() -> None:
    """What happened before: the bench shows it."""
    law = WholeWay()
    law.health._patience._learns = False
    score = scored(law, 10.0)
    assert score.mean_w > 100 and score.travel_w_h / 3600 > 200


@pytest.mark.parametrize(
    ("told_s", "chosen", "within_s"),
    [
        (None, {}, 4.0),
        (30.0, {}, 30.0),
        (10.0, {}, 10.0),
        (30.0, {"fuse_a": 60.0}, LIMITED_S),
        (30.0, {"export_limit_w": 0.0}, LIMITED_S),
    ],
)
def test_a_dead_meter_ends_in_0_w_within_its_time_and_never_in_more(
    told_s: float | None, chosen: dict[str, float], within_s: float
) -> None:
    dead_t = BEGIN + 40
    law = WholeWay(told_s, dead_t=dead_t, **chosen)
    scored(law, 0.0, [(BEGIN, 800.0), (dead_t, 3000.0), (BEGIN + 120, 3000.0)])
    last_t = law.controller._power.follower.reading.t  # type: ignore[union-attr]
    after = [(t - last_t, power_w) for t, power_w, _ in law.orders if t > last_t + 3.0]
    assert all(-810 <= later_w <= 0 for _, later_w in after)
    assert all(abs(b) <= abs(a) for (_, a), (_, b) in pairwise(after)), "it only shrinks"
    over_s = next(age_s for age_s, power_w in after if power_w == 0)
    assert within_s - 1.0 <= over_s <= within_s + 0.3
    assert "Holding 0 W" in law.orders[-1][2]


def test_a_learned_patience_is_for_a_dead_meter_too() -> None:
    law = WholeWay(dead_t=BEGIN + 60)
    scored(law, 10.0, STEADY)
    assert law.health.silence_s == SILENCE_MOST_S
    last_t = law.controller._power.follower.reading.t  # type: ignore[union-attr]
    [over_t, *_] = [t for t, power_w, _ in law.orders if t > last_t + 5 and power_w == 0]
    assert over_t - last_t <= SILENCE_MOST_S + 0.3


def reading(interval_s: float, silence_s: float) -> MeterReading:
    return MeterReading(100.0, -5.0, interval_s, 0.0, "test", silence_s=silence_s)


def test_how_long_a_value_holds() -> None:
    assert [reading(1.0, silence_s).old_after_s() for silence_s in (0, 3, 10, 99)] == [4, 4, 10, 30]
    assert [reading(1.0, 30.0).old_after_s(LIMITED_S), reading(10.0, 30.0).old_after_s(LIMITED_S)] == [5, 31]
    assert [meter_stale(105.5, reading(1.0, 30.0), limited=limited) for limited in (False, True)] == [False, True]
    told = Meter.__dataclass_fields__["silence_s"].metadata
    assert "30" in str(told), "the longest that may be written is the longest that counts"


def test_what_of_an_order_remains() -> None:
    usual, patient = reading(1.0, 0.0), reading(1.0, 20.0)
    assert [held_share(100 + age_s, usual, limited=False) for age_s in (3.0, 3.5, 4.5)] == [None, 1.0, 1.0]
    shares = [held_share(100 + age_s, patient, limited=False) for age_s in (3.5, 10.0, 15.0, 20.0, 25.0)]
    assert shares == [1.0, 1.0, 0.875, 0.0, 0.0]
    assert held_share(105, patient, limited=True) == 0.0
    assert held_share(100.44, reading(0.1, 0.0), limited=False) is None, "of a quick meter not every value is sent"
    assert held_share(100, None, limited=False) is None
