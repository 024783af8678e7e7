"""Turns the edges of the two buttons, and the last reports, into orders, by one table of rules. Pure.

A gesture begins when the first button is pressed and ends when all are released. Its order depends on which buttons
took part, for how long they were held, and what the charger was doing at each press and at the end. So a press that is
part of a pair starts nothing, and a press that began in a session starts nothing after it. Stop is the exception: it
takes effect at the press, always, even while another button is held. So a press that was meant to confirm a browser
stops the session that has begun meanwhile, and confirms nothing; and in a pairing window no press starts anything.
"""

from enum import Enum, auto
from math import inf
from typing import Any, NamedTuple

from v2h.bus.states import Mode, State
from v2h.panel.lamps import PanelInputs

ON_OFF, BOOST = "on_off", "boost"
RESUMED = ("v2h", "solar", "cover")
"""Modes to which boost returns. The others have their own amps and ends, which a button cannot restore."""
TAKES_S = 3.0
"""Within this time a command has reached `manager` and its report has come back."""

MEANT_S = 5.0
"""For so long after the end of a pairing window a press was still meant for the window. A second browser can end it at
any moment, and a person who was asked for a press needs less than this to see the logo change."""


class Situation(Enum):
    """What the charger does at a press."""

    UNKNOWN = auto()  # charger or manager has sent no fresh report
    IDLE = auto()
    PAIRING = auto()  # idle, and the pairing window is open or has just ended: a press starts nothing
    CLAIMED = auto()  # the same, and a browser waits for the press
    RUNNING = auto()  # a session runs, or one is wanted
    FAULT = auto()


class When(Enum):
    """The moment to which a rule applies."""

    PRESS = auto()
    RELEASE = auto()
    HELD = auto()


AT_REST = frozenset({Situation.IDLE, Situation.PAIRING, Situation.CLAIMED})
"""A window that opens or ends in the middle of a gesture does not spoil it: after two claims the page asks for another
hold, and a person may begin it before the window counts as over. A rule must name each situation that was found."""


class Rule(NamedTuple):
    """The order for these buttons (all of them; for PRESS, the one that is pressed), in one of these situations, held
    for least_s to below_s."""

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
    _rule("on_off boost", "idle pairing claimed", When.HELD, 5.0, inf, "pair"),
    _rule("on_off", "claimed", When.RELEASE, 0.0, 1.0, "confirm pairing"),
)


class PanelCommand(NamedTuple):
    """A command for the bus, its name and values; "pairing", "pairing-press" and "unlock-word" are separate
    messages."""

    name: str
    values: dict[str, Any]

    @property
    def starts(self) -> bool:
        """Whether it wants something to run."""
        return self.name == "mode" and self.values["mode"] != Mode.IDLE


STOP = PanelCommand("stop", {})


class Buttons:
    """The presses of one panel. They are lost when the program ends."""

    def __init__(self) -> None:
        self._down: dict[str, float] = {}
        self._gesture: set[str] = set()
        self._found: set[Situation] = set()
        self._spent = False
        self._interrupted, self._boosted_t = "idle", -inf

    def event(self, button: str, pressed: bool, look: PanelInputs) -> PanelCommand | None:
        """One edge of "on_off" or "boost" at look.now; the order it gives, if any."""
        self._follow(look)
        return self._press(button, look) if pressed else self._release(button, look)

    def tick(self, look: PanelInputs) -> PanelCommand | None:
        """Call a few times a second, and at every new report; returns the order of buttons held long enough."""
        self._follow(look)
        if not self._gesture or set(self._down) != self._gesture:
            return None
        return self._match(When.HELD, look.now - max(self._down.values()), look)

    @property
    def held(self) -> bool:
        return bool(self._down)

    def forget(self) -> None:
        """The buttons cannot be read any more: those that were held count as released."""
        self._down.clear()
        self._begin_anew()

    def _press(self, button: str, look: PanelInputs) -> PanelCommand | None:
        self._down[button] = look.now
        self._gesture.add(button)
        found = situation(look)
        self._found.add(found)
        for rule in RULES:
            if rule.when is When.PRESS and button in rule.buttons and found in rule.situations:
                self._spent = True
                return self._order(rule.order, look)
        return None

    def _release(self, button: str, look: PanelInputs) -> PanelCommand | None:
        began = self._down.pop(button, None)
        order = None
        if began is not None:
            order = self._match(When.RELEASE, look.now - began, look)
        if not self._down:
            self._begin_anew()
        return order

    def _match(self, when: When, held_s: float, look: PanelInputs) -> PanelCommand | None:
        """The order of the rule that fits this whole gesture, at most once in a gesture."""
        found = self._found | {situation(look)}
        if self._spent or (len(found) > 1 and not found <= AT_REST):
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

    def _order(self, what: str, look: PanelInputs) -> PanelCommand:
        if what == "boost":
            return PanelCommand("mode", {"mode": self._boosted(look)})
        return {
            "stop": STOP,
            "start": PanelCommand("mode", {"mode": "v2h"}),
            "clear": PanelCommand("clear-fault", {}),
            "confirm unlock": PanelCommand("unlock-word", {}),
            "pair": PanelCommand("pairing", {}),
            "confirm pairing": PanelCommand("pairing-press", {"claim": look.claim}),
        }[what]

    def _boosted(self, look: PanelInputs) -> str:
        """Charge; while charging, the mode that boost interrupted."""
        _, manager = look.fresh()
        mode = manager.mode if manager else "idle"
        if mode == Mode.CHARGE:
            return self._interrupted
        self._interrupted, self._boosted_t = mode if mode in RESUMED else "idle", look.now
        return "charge"

    def _follow(self, look: PanelInputs) -> None:
        """Forget the interrupted mode once the charge is no longer the one that boost started: anybody may have started
        a later one, and ending it must not begin to discharge."""
        _, manager = look.fresh()
        if manager is None or manager.t < self._boosted_t + TAKES_S:
            return
        if (manager.mode, manager.chosen_by) != ("charge", "owner"):
            self._interrupted = "idle"


def situation(look: PanelInputs) -> Situation:
    """IDLE, PAIRING or CLAIMED only when fresh reports of `charger` and `manager` both show that nothing runs and
    nothing is wanted."""
    charger, manager = look.fresh()
    if charger is None:
        return Situation.UNKNOWN
    if charger.state == State.FAULT:
        return Situation.FAULT if manager is None or manager.mode == Mode.IDLE else Situation.RUNNING
    if charger.state != State.IDLE or (manager is not None and manager.mode != Mode.IDLE):
        return Situation.RUNNING
    if manager is None:
        return Situation.UNKNOWN
    if look.now >= look.pairing_t + MEANT_S:
        return Situation.IDLE
    return Situation.CLAIMED if look.claim and look.now < look.pairing_t else Situation.PAIRING
