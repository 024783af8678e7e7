"""The two buttons: every gesture of the table, and what no sequence of presses may ever cause."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.messages import charger, manager
from v2h.panel.gestures import BOOST, MEANT_S, ON_OFF, Buttons, PanelCommand, Situation, situation
from v2h.panel.lamps import PanelInputs

STOP, START, CLEAR = PanelCommand("stop", {}), PanelCommand("mode", {"mode": "v2h"}), PanelCommand("clear-fault", {})
CONFIRM, PAIR = PanelCommand("unlock-word", {}), PanelCommand("pairing", {})
CHARGE = PanelCommand("mode", {"mode": "charge"})
PRESS = PanelCommand("pairing-press", {"claim": "c1"})
IN_WINDOW = (Situation.PAIRING, Situation.CLAIMED)


def look(now: float, found: Situation, mode: str = "v2h", by: str = "owner") -> PanelInputs:
    if found is Situation.UNKNOWN:
        return PanelInputs(now, None, None)
    state = {Situation.FAULT: "fault", Situation.RUNNING: "energy"}.get(found, "idle")
    chosen = {"mode": mode, "chosen_by": by} if found is Situation.RUNNING else {"mode": "idle"}
    window = {"pairing_t": now + 60} if found in IN_WINDOW else {}
    claim = {"claim": "c1"} if found is Situation.CLAIMED else {}
    return PanelInputs(now, charger(state=state, t=now), manager(t=now, **chosen), **window, **claim)  # type: ignore[arg-type]


@dataclass
class Hand:
    """Presses buttons in virtual time. orders: what the panel orders."""

    found: Situation = Situation.IDLE
    mode: str = "v2h"
    by: str = "owner"
    now: float = 100.0
    buttons: Buttons = field(default_factory=Buttons)
    orders: list[PanelCommand] = field(default_factory=list)

    def look(self) -> PanelInputs:
        return look(self.now, self.found, self.mode, self.by)

    def see(self, found: Situation, mode: str = "idle", by: str = "owner", for_s: float = 5.0) -> None:
        """Sets the situation that the panel sees from now on, and waits for_s."""
        self.found, self.mode, self.by = found, mode, by
        self.wait(for_s)

    def edge(self, button: str, pressed: bool) -> None:
        self._take(self.buttons.event(button, pressed, self.look()))

    def wait(self, seconds: float) -> None:
        """Waits as the panel does: with a tick every half second."""
        end = self.now + seconds
        while self.now + 0.5 < end:
            self.now += 0.5
            self._take(self.buttons.tick(self.look()))
        self.now = end

    def press(self, button: str, held_s: float) -> list[PanelCommand]:
        self.edge(button, True)
        self.wait(held_s)
        self.edge(button, False)
        return self.orders

    def _take(self, order: PanelCommand | None) -> None:
        if order is not None:
            self.orders.append(order)


@pytest.mark.parametrize("other_down", [False, True])
@pytest.mark.parametrize("found", [Situation.RUNNING, Situation.UNKNOWN])
def test_on_off_stops_at_the_press_whatever_else_is_held(found: Situation, other_down: bool) -> None:
    hand = Hand(found)
    if other_down:
        hand.edge(BOOST, True)
    hand.edge(ON_OFF, True)
    assert hand.orders == [STOP]
    hand.wait(12)
    hand.found = Situation.IDLE  # the session has ended while the button is held
    hand.edge(ON_OFF, False)
    hand.edge(BOOST, False)
    assert hand.orders == [STOP]


@pytest.mark.parametrize(
    ("found", "held_s", "orders"),
    [
        (Situation.IDLE, 0.1, [START]),
        (Situation.IDLE, 0.99, [START]),
        (Situation.IDLE, 1.0, []),
        (Situation.IDLE, 5.0, []),
        (Situation.IDLE, 11.0, []),
        (Situation.PAIRING, 0.5, []),
        (Situation.PAIRING, 11.0, []),
        (Situation.CLAIMED, 0.1, [PRESS]),
        (Situation.CLAIMED, 0.99, [PRESS]),
        (Situation.CLAIMED, 1.0, []),
        (Situation.CLAIMED, 11.0, []),
        (Situation.FAULT, 0.5, []),
        (Situation.FAULT, 2.9, []),
        (Situation.FAULT, 3.1, [CLEAR]),
        (Situation.FAULT, 7.9, [CLEAR]),
        (Situation.FAULT, 8.1, []),
        (Situation.FAULT, 9.4, []),
        (Situation.FAULT, 11.0, [CONFIRM]),
        (Situation.FAULT, 30.0, [CONFIRM]),
    ],
)
def test_on_off_by_how_long_it_is_held(found: Situation, held_s: float, orders: list[PanelCommand]) -> None:
    assert Hand(found).press(ON_OFF, held_s) == orders


def test_the_confirmation_comes_while_the_button_is_still_held() -> None:
    hand = Hand(Situation.FAULT)
    hand.edge(ON_OFF, True)
    hand.wait(10.6)
    assert hand.orders == [CONFIRM]


def test_on_off_in_a_session_that_faults_meanwhile_clears_nothing() -> None:
    hand = Hand(Situation.RUNNING)
    hand.edge(ON_OFF, True)
    hand.found = Situation.FAULT
    hand.wait(5)
    hand.edge(ON_OFF, False)
    assert hand.orders == [STOP]


def test_a_press_in_idle_starts_nothing_if_something_else_has_begun_before_its_release() -> None:
    hand = Hand(Situation.IDLE)
    hand.edge(ON_OFF, True)
    hand.found = Situation.RUNNING
    hand.edge(ON_OFF, False)
    assert hand.orders == []


@pytest.mark.parametrize("after", [Situation.IDLE, Situation.RUNNING, Situation.PAIRING])
def test_a_confirmation_that_is_overtaken_confirms_and_starts_nothing(after: Situation) -> None:
    """A session begins, or the window ends, between press and release."""
    hand = Hand(Situation.CLAIMED)
    hand.edge(ON_OFF, True)
    hand.found = after
    hand.edge(ON_OFF, False)
    assert hand.orders == []
    assert Hand(Situation.RUNNING).press(ON_OFF, 0.2) == [STOP], "a session that runs is stopped, whoever waits"


def test_a_press_that_came_too_late_for_the_window_starts_nothing() -> None:
    now, window = 100.0, look(100.0, Situation.CLAIMED)
    for ended_s, found in ((0.0, Situation.PAIRING), (MEANT_S - 0.1, Situation.PAIRING), (MEANT_S, Situation.IDLE)):
        assert situation(window._replace(pairing_t=now - ended_s)) is found
    assert situation(window._replace(charger=charger(state="energy", t=now))) is Situation.RUNNING
    assert situation(window._replace(manager=None)) is Situation.UNKNOWN


@pytest.mark.parametrize("found", [Situation.PAIRING, Situation.CLAIMED])
def test_boost_starts_nothing_in_the_window(found: Situation) -> None:
    assert Hand(found).press(BOOST, 0.2) == []


@pytest.mark.parametrize("found", [Situation.IDLE, Situation.PAIRING, Situation.CLAIMED])
@pytest.mark.parametrize("first", [ON_OFF, BOOST])
@pytest.mark.parametrize(("held_s", "orders"), [(0.3, []), (4.4, []), (6.0, [PAIR]), (15.0, [PAIR])])
def test_both_in_idle(first: str, held_s: float, orders: list[PanelCommand], found: Situation) -> None:
    second = BOOST if first == ON_OFF else ON_OFF
    hand = Hand(found)
    hand.edge(first, True)
    hand.wait(0.2)
    hand.edge(second, True)
    hand.wait(held_s)
    hand.edge(first, False)
    hand.wait(0.1)
    hand.edge(second, False)
    assert hand.orders == orders


@pytest.mark.parametrize("before", [Situation.PAIRING, Situation.CLAIMED])
def test_both_may_be_held_again_at_once_after_two_browsers_have_asked(before: Situation) -> None:
    hand = Hand(before)
    hand.edge(ON_OFF, True)
    hand.edge(BOOST, True)
    hand.see(Situation.IDLE, for_s=6.0)
    assert hand.orders == [PAIR]


@pytest.mark.parametrize("before", [Situation.PAIRING, Situation.CLAIMED])
@pytest.mark.parametrize("button", [ON_OFF, BOOST])
def test_a_press_over_the_end_of_the_window_starts_and_confirms_nothing(before: Situation, button: str) -> None:
    hand = Hand(before)
    hand.edge(button, True)
    hand.see(Situation.IDLE, for_s=0.5)
    hand.edge(button, False)
    assert hand.orders == []


@pytest.mark.parametrize("found", [Situation.RUNNING, Situation.FAULT, Situation.UNKNOWN])
def test_no_pairing_but_in_idle(found: Situation) -> None:
    hand = Hand(found)
    hand.edge(BOOST, True)
    hand.edge(ON_OFF, True)
    hand.wait(12)
    assert PAIR not in hand.orders


@pytest.mark.parametrize(
    ("before", "after"), [("idle", "idle"), ("v2h", "v2h"), ("solar", "solar"), ("discharge", "idle")]
)
def test_boost_toggles_charge_and_returns_to_what_a_button_can_give_again(before: str, after: str) -> None:
    hand = Hand(Situation.IDLE if before == "idle" else Situation.RUNNING, before)
    assert hand.press(BOOST, 0.2) == [CHARGE]
    hand.found, hand.mode = Situation.RUNNING, "charge"
    assert hand.press(BOOST, 0.2) == [CHARGE, PanelCommand("mode", {"mode": after})]


@pytest.mark.parametrize("ended_by", ["idle", "schedule", "restart"])
def test_a_charge_that_is_not_boosts_own_ends_in_idle(ended_by: str) -> None:
    """V2H, boost, then its charge is over: to end a later charge of somebody else must not start a discharge."""
    hand = Hand(Situation.RUNNING, "v2h")
    assert hand.press(BOOST, 0.2) == [CHARGE]
    hand.see(Situation.RUNNING, "charge")
    if ended_by == "idle":  # the car is full; later the page charges
        hand.see(Situation.IDLE)
        hand.see(Situation.RUNNING, "charge")
    elif ended_by == "schedule":  # the schedule's charge follows at once
        hand.see(Situation.RUNNING, "charge", by="schedule")
    else:  # manager did not report for a while
        hand.see(Situation.UNKNOWN)
        hand.see(Situation.RUNNING, "charge", by="schedule")
    assert hand.press(BOOST, 0.2) == [CHARGE, PanelCommand("mode", {"mode": "idle"})]


def test_a_boost_that_took_no_effect_is_not_remembered() -> None:
    hand = Hand(Situation.RUNNING, "v2h")
    assert hand.press(BOOST, 0.2) == [CHARGE]
    hand.see(Situation.RUNNING, "v2h")  # the order was refused
    hand.see(Situation.RUNNING, "charge")
    assert hand.press(BOOST, 0.2) == [CHARGE, PanelCommand("mode", {"mode": "idle"})]


@pytest.mark.slow
def test_boost_returns_also_after_hours_and_through_a_silent_manager() -> None:
    hand = Hand(Situation.RUNNING, "v2h")
    hand.press(BOOST, 0.2)
    hand.see(Situation.RUNNING, "charge", for_s=7200)
    hand.see(Situation.UNKNOWN)
    hand.see(Situation.RUNNING, "charge")
    assert hand.press(BOOST, 0.2) == [CHARGE, PanelCommand("mode", {"mode": "v2h"})]


@pytest.mark.parametrize("found", [Situation.FAULT, Situation.UNKNOWN])
def test_boost_means_nothing_in_a_fault_or_when_nothing_is_known(found: Situation) -> None:
    assert Hand(found).press(BOOST, 0.2) == []


def test_lost_buttons_are_not_held_any_more() -> None:
    hand = Hand()
    hand.edge(ON_OFF, True)
    assert hand.buttons.held
    hand.buttons.forget()
    hand.edge(ON_OFF, False)
    assert hand.orders == []
    assert not hand.buttons.held
    assert hand.press(ON_OFF, 0.2) == [START]


def test_old_news_is_no_news() -> None:
    assert situation(PanelInputs(10.0, charger(state="idle", t=6.9), manager(mode="idle", t=10.0))) is Situation.UNKNOWN
    assert situation(PanelInputs(10.0, charger(state="idle", t=10.0), manager(mode="idle", t=6.9))) is Situation.UNKNOWN
    assert situation(PanelInputs(10.0, charger(state="idle", t=7.1), manager(mode="idle", t=7.1))) is Situation.IDLE


STEPS = st.lists(
    st.tuples(
        st.sampled_from([ON_OFF, BOOST, "nothing"]),
        st.sampled_from([0.05, 0.4, 1.2, 3.5, 5.5, 9.0, 11.0]),
        st.sampled_from(list(Situation)),
    ),
    max_size=30,
)


@pytest.mark.slow
@settings(max_examples=400)
@given(STEPS)
def test_no_sequence_of_presses_does_what_it_must_not(steps: list[tuple[str, float, Situation]]) -> None:
    hand = Hand()
    down: dict[str, float] = {}
    gesture: list[tuple[str, float, Situation]] = []  # the presses since both buttons were up
    given_before = 0
    for button, wait_s, found in steps:
        hand.found = found
        if button != "nothing":
            pressed = button not in down
            if pressed:
                down[button] = hand.now
                gesture.append((button, hand.now, found))
            hand.edge(button, pressed)
            new = hand.orders[given_before:]
            stops = pressed and button == ON_OFF and found in (Situation.RUNNING, Situation.UNKNOWN)
            assert (STOP in new) is stops, "a stop at the press and only there"
            for order in new:
                if order.name == "mode":
                    assert not pressed
                    assert len(gesture) == 1, "a press of a pair starts nothing"
                    assert hand.now - gesture[0][1] < 1.0
                    assert gesture[0][2] is found
                    assert (order == START) is (button == ON_OFF and found is Situation.IDLE) or button == BOOST
                if order == PRESS:
                    assert not pressed
                    assert [(name, when) for name, _, when in gesture] == [(ON_OFF, Situation.CLAIMED)]
                    assert found is Situation.CLAIMED and hand.now - gesture[0][1] < 1.0
                if order == CLEAR:
                    assert len(gesture) == 1
                    assert 3.0 <= hand.now - gesture[0][1] < 8.0
                    assert gesture[0][2] is found is Situation.FAULT
            if not pressed:
                del down[button]
            given_before = len(hand.orders)
        hand.wait(wait_s)
        for order in hand.orders[given_before:]:
            assert order in (PAIR, CONFIRM), "only these come while held"
            presses = {name for name, _, _ in gesture}
            assert presses == set(down) == ({ON_OFF, BOOST} if order == PAIR else {ON_OFF})
            wanted = {Situation.IDLE, *IN_WINDOW} if order == PAIR else {Situation.FAULT}
            seen = {when for _, _, when in gesture} | {found}
            assert seen <= wanted
            assert hand.now - max(down.values()) >= (5.0 if order == PAIR else 10.0)
        given_before = len(hand.orders)
        if not down:
            gesture.clear()
