"""The sum of several topics: what belongs together, and what is too old."""

import pytest

from v2h.meters import Measurement, NoMeasurementError
from v2h.meters.topicsum import GATHER_S, OLDEST_S, TopicSum


def test_the_sum_waits_for_both_and_not_for_ever() -> None:
    both = TopicSum([(1, "taken"), (-1, "given")])
    both.take("taken", Measurement(10.0, 500.0))
    assert both.due == pytest.approx(10.0 + GATHER_S)
    assert both.total(10.1) is None, "the other has never arrived"
    both.take("given", Measurement(10.5, 0.0))
    both.take("taken", Measurement(10.52, 600.0))
    assert both.due == 10.52, "both are new: at once"
    assert both.total(10.52) == Measurement(10.52, 600.0)
    assert both.due == float("inf")
    both.take("taken", Measurement(11.0, 0.0))
    both.take("given", Measurement(11.01, 700.0))
    assert both.total(11.01) == Measurement(11.01, -700.0), "no value of the old given and the new taken between them"


def test_a_half_whose_publisher_is_dead_makes_no_sum() -> None:
    both = TopicSum([(1, "taken"), (-1, "given")])
    both.take("given", Measurement(0.0, 3000.0))
    both.take("taken", Measurement(OLDEST_S + 1, 100.0))
    with pytest.raises(NoMeasurementError, match="has sent nothing on given for 31 s"):
        both.total(OLDEST_S + 1)
