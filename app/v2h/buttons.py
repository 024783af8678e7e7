"""What the two buttons mean. Pure: presses and what is known in, orders out.

On/off pressed while anything runs, or while it is unknown whether something runs: stop, at the press. Otherwise,
released within a second: V2H. Boost, released within a second: charge, or back to what it interrupted.
"""

from typing import Any, NamedTuple

from v2h.panelview import RESTING, Look

SHORT_S = 1.0


class Order(NamedTuple):
    """A command for the bus: its name and values."""

    name: str
    values: dict[str, Any]


class Buttons:
    """The presses of one panel. Nothing of it outlives the program."""

    def __init__(self) -> None:
        self._pressed_t: dict[str, float] = {}
        self._interrupted = "idle"

    def event(self, button: str, pressed: bool, look: Look) -> Order | None:
        """One edge of "on_off" or "boost" at look.now; the order it gives, if any."""
        if pressed:
            if button == "on_off" and is_running(look):
                self._pressed_t.pop(button, None)  # its release starts nothing
                return Order("stop", {})
            self._pressed_t[button] = look.now
            return None
        began = self._pressed_t.pop(button, None)
        if began is None or look.now - began > SHORT_S:
            return None
        return Order("mode", {"mode": "v2h" if button == "on_off" else self._boosted(look)})

    def _boosted(self, look: Look) -> str:
        _, manager = look.fresh()
        mode = manager.mode if manager else "idle"
        if mode == "charge":
            return self._interrupted
        self._interrupted = mode
        return "charge"


def is_running(look: Look) -> bool:
    """True unless charger and manager both say, freshly, that nothing runs and nothing is wanted."""
    charger, manager = look.fresh()
    if charger is None or manager is None:
        return True
    return charger.state not in RESTING or manager.mode != "idle"
