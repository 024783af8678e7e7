"""Without CCS a session says on both buses, byte for byte and at the same times, what it said before there was CCS."""

from itertools import zip_longest

from tests.support.cansession import recorded, session


def test_a_session_sends_the_bytes_that_were_recorded_before_ccs() -> None:
    before = recorded()
    assert {line.split()[2] for line in before} >= {"108", "109", "208", "209", "102"}
    different = [pair for pair in zip_longest(before, session()) if pair[0] != pair[1]]
    assert different[:5] == [], "if it is meant to differ: python -m tests.support.cansession"
