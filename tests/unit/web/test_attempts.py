"""The limit on attempts to log in: of one address, of all together, and what the log says of them."""

import pytest

from v2h.web.attempts import ADDRESSES, REPORT_S, Attempts, for_all, for_one

ONE, ALL = for_one(), for_all()


def test_attempts_run_out_and_come_back() -> None:
    attempts = Attempts()
    assert [attempts.wait_s(0.0) for _ in range(ONE.burst)] == [0.0] * ONE.burst
    assert attempts.wait_s(0.0) == ONE.pause_s
    assert attempts.wait_s(ONE.pause_s / 2) == ONE.pause_s / 2
    assert attempts.wait_s(ONE.pause_s) == 0.0 and attempts.wait_s(ONE.pause_s) > 0
    attempts.give_back(ONE.pause_s)
    assert attempts.wait_s(ONE.pause_s) == 0.0


def test_a_guesser_does_not_lock_the_owner_out() -> None:
    """Three guesses a second for two minutes; the owner tries once every five seconds."""
    attempts, granted = Attempts(), 0
    for third in range(360):
        granted += attempts.wait_s(third / 3, "192.168.1.66") == 0.0
        if third % 15 == 0:
            assert attempts.wait_s(third / 3, "192.168.1.7") == 0.0
            attempts.give_back(third / 3, "192.168.1.7")
    assert granted <= ONE.burst + 120 / ONE.pause_s


def test_many_addresses_have_a_common_ceiling() -> None:
    attempts = Attempts()
    granted = sum(attempts.wait_s(0.0, f"10.0.{n // 250}.{n % 250}") == 0.0 for n in range(1000))
    assert granted == ALL.burst
    assert attempts.wait_s(0.0, "192.168.1.7") == ALL.pause_s
    assert attempts.wait_s(ALL.pause_s, "192.168.1.7") == 0.0


def test_a_known_device_has_a_limit_of_its_own() -> None:
    attempts = Attempts()
    for n in range(ADDRESSES + 100):
        attempts.wait_s(0.0, f"10.0.{n // 250}.{n % 250}")
    assert attempts.wait_s(0.0, "10.0.0.1") > 0.0
    assert [attempts.wait_s(0.0, "10.0.0.1", "d1") for _ in range(ONE.burst)] == [0.0] * ONE.burst
    assert attempts.wait_s(0.0, "10.0.0.1", "d1") == ONE.pause_s and attempts.wait_s(0.0, "10.0.0.1", "d2") == 0.0
    attempts.give_back(0.0, "10.0.0.1", "d1")
    assert attempts.wait_s(0.0, "", "d1") == 0.0


def test_memory_is_bounded_and_idle_addresses_are_forgotten() -> None:
    attempts = Attempts()
    for n in range(3 * ADDRESSES):
        attempts.wait_s(float(n), f"10.1.{n // 250}.{n % 250}")
    assert len(attempts._each) <= ADDRESSES + 1


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.168.1.7", "192.168.1.8", False),
        ("fe80::1", "fe80::2", False),
        ("nonsense", "", True),
    ],
)
def test_who_is_one_caller(first: str, second: str, same: bool) -> None:
    attempts = Attempts()
    for _ in range(ONE.burst):
        assert attempts.wait_s(0.0, first) == 0.0
    assert (attempts.wait_s(0.0, second) > 0.0) is same


def test_the_log_hears_of_the_first_the_tenth_and_the_hundredth() -> None:
    attempts = Attempts()
    told = [attempts.failed(float(n), "192.168.1.66") for n in range(150)]
    assert [count for count in told if count] == [1, 10, 100]
    assert attempts.failed(1.0, "192.168.1.9") == 1
    assert attempts.failed(150.0 + REPORT_S, "192.168.1.66") == 1
