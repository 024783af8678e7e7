"""What the two buttons mean. Pure: edges and what is known in, orders out; the rules are one table.

A gesture begins with the first button down and ends when all are up again. What happened during it decides: which
buttons took part, for how long they were held, and what the charger was doing at each press and at the end. So a
press that is part of a pair starts nothing, and one that began in a session starts nothing after it. Stop is the
exception: it happens at the press, always, whatever else is held.
"""

from enum import Enum, auto
from math import inf
from typing import Any, NamedTuple

from v2h.panelview import Look

ON_OFF, BOOST = "on_off", "boost"
RESUMED = ("v2h", "solar")
"""Modes that boost goes back to. The others have amps and ends of their own, which a button cannot give again."""
TAKES_S = 3.0
"""Within this a command has reached manager and its word has come back."""


class Situation(Enum):
    """What a press finds."""

    UNKNOWN = auto()  # charger or manager has said nothing lately
    IDLE = auto()
    RUNNING = auto()  # a session runs, or one is wanted
    FAULT = auto()


class When(Enum):
    """The moment that a rule looks at."""

    PRESS = auto()
    RELEASE = auto()
    HELD = auto()


class Rule(NamedTuple):
    """These buttons (all of the gesture's), in one of these situations, held for least_s up to below_s."""

    buttons: frozenset[str]
    situations: frozenset[Situation]
    when: When
    least_s: float
    below_s: float
    order: str


def _rule(buttons: str, situations: str, when: When, least_s: float, below_s: float, order: str) -> Rule:
    found = frozenset(Situation[name] for name in situations.upper().split())
    return Rule(frozenset(buttons.split()), found, when, least_s, below_s, order)


RULES = (
    _rule("on_off", "running unknown", When.PRESS, 0.0, inf, "stop"),
    _rule("on_off", "idle", When.RELEASE, 0.0, 1.0, "start"),
    _rule("on_off", "fault", When.RELEASE, 3.0, 8.0, "clear"),
    _rule("on_off", "fault", When.HELD, 10.0, inf, "confirm unlock"),
    _rule("boost", "idle running", When.RELEASE, 0.0, 1.0, "boost"),
    _rule("on_off boost", "idle", When.HELD, 5.0, inf, "pair"),
)


class Order(NamedTuple):
    """A command for the bus, its name and values; "pairing" is a message of its own."""

    name: str
    values: dict[str, Any]

    @property
    def starts(self) -> bool:
        """Whether it wants something to run."""
        return self.name == "mode" and self.values["mode"] != "idle"


STOP = Order("stop", {})


class Buttons:
    """The presses of one panel. Nothing of it outlives the program."""

    def __init__(self) -> None:
        self._down: dict[str, float] = {}
        self._gesture: set[str] = set()
        self._found: set[Situation] = set()
        self._spent = False
        self._interrupted, self._boosted_t = "idle", -inf

    def event(self, button: str, pressed: bool, look: Look) -> Order | None:
        """One edge of "on_off" or "boost" at look.now; the order it gives, if any."""
        self._follow(look)
        return self._press(button, look) if pressed else self._release(button, look)

    def tick(self, look: Look) -> Order | None:
        """To be called a few times a second, and with what is new: what being held long enough orders."""
        self._follow(look)
        if not self._gesture or set(self._down) != self._gesture:
            return None
        return self._match(When.HELD, look.now - max(self._down.values()), look)

    @property
    def held(self) -> bool:
        return bool(self._down)

    def forget(self) -> None:
        """The buttons are lost: what was held is not held any more."""
        self._down.clear()
        self._begin_anew()

    def _press(self, button: str, look: Look) -> Order | None:
        self._down[button] = look.now
        self._gesture.add(button)
        found = situation(look)
        self._found.add(found)
        for rule in RULES:
            if rule.when is When.PRESS and button in rule.buttons and found in rule.situations:
                self._spent = True
                return self._order(rule.order, look)
        return None

    def _release(self, button: str, look: Look) -> Order | None:
        began = self._down.pop(button, None)
        order = None
        if began is not None:
            order = self._match(When.RELEASE, look.now - began, look)
        if not self._down:
            self._begin_anew()
        return order

    def _match(self, when: When, held_s: float, look: Look) -> Order | None:
        """The order of the rule that fits this whole gesture, once a gesture."""
        found = self._found | {situation(look)}
        if self._spent or len(found) > 1:
            return None
        for rule in RULES:
            fits = rule.when is when and rule.buttons == self._gesture and found <= rule.situations
            if fits and rule.least_s <= held_s < rule.below_s:
                self._spent = True
                return self._order(rule.order, look)
        return None

    def _begin_anew(self) -> None:
        self._gesture.clear()
        self._found.clear()
        self._spent = False

    def _order(self, what: str, look: Look) -> Order:
        if what == "boost":
            return Order("mode", {"mode": self._boosted(look)})
        return {
            "stop": STOP,
            "start": Order("mode", {"mode": "v2h"}),
            "clear": Order("clear-fault", {}),
            "confirm unlock": Order("clear-fault", {"unlock_confirmed": True}),
            "pair": Order("pairing", {}),
        }[what]

    def _boosted(self, look: Look) -> str:
        """Charge, or back to what it interrupted."""
        _, manager = look.fresh()
        mode = manager.mode if manager else "idle"
        if mode == "charge":
            return self._interrupted
        self._interrupted, self._boosted_t = mode if mode in RESUMED else "idle", look.now
        return "charge"

    def _follow(self, look: Look) -> None:
        """Once the charge is not boost's own any more nothing is left to go back to: a later one may be anybody's, and
        ending it must not begin to discharge."""
        _, manager = look.fresh()
        if manager is None or manager.t < self._boosted_t + TAKES_S:
            return
        if (manager.mode, manager.chosen_by) != ("charge", "owner"):
            self._interrupted = "idle"


def situation(look: Look) -> Situation:
    """Idle only when charger and manager both say, freshly, that nothing runs and nothing is wanted."""
    charger, manager = look.fresh()
    if charger is None:
        return Situation.UNKNOWN
    if charger.state == "fault":
        return Situation.FAULT if manager is None or manager.mode == "idle" else Situation.RUNNING
    if charger.state != "idle" or (manager is not None and manager.mode != "idle"):
        return Situation.RUNNING
    return Situation.UNKNOWN if manager is None else Situation.IDLE
