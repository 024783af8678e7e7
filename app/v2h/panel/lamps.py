"""What the panel shows: state -> LS0..LS3 of its PCA9552. Pure.

Wiring as the predecessor drives it: LED0-3 power bar, LED6 boost and LED7 on/off button, LED8-11 SoC bar, LED12-15
logo white, blue, green, red. The bars light on a low pin; logo and button lamps are behind an inverting stage and
light on a high-Z pin. The polarity of the button lamps was never measured on a real unit, so it is configuration.
The chip does all the blinking.
"""

from math import inf
from typing import NamedTuple

from v2h.bus.messages import STATE_OLD_S, ChargerState, ManagerState
from v2h.bus.states import RESTING, Mode, State
from v2h.drivers.pca9552 import BLINK0, BLINK1, HIGH_Z, LOW, pack

FULL_POWER_W = 6000.0
"""The converter's full power."""
SILENT_W = 50.0
"""Below this the power bar is dark: one step of the converter is 38 W."""
DARK_AFTER_S = 300.0
"""After this long in idle without a press or a change the panel becomes dark."""

Four = tuple[int, int, int, int]

_DARK, _LIT = LOW, HIGH_Z
LOGO: dict[str, Four] = {
    "dark": (_DARK, _DARK, _DARK, _DARK),
    "idle": (_LIT, _DARK, _DARK, _DARK),
    "charge": (_DARK, _LIT, _DARK, _DARK),
    "charge waits": (_DARK, BLINK0, _DARK, _DARK),
    "discharge": (_DARK, _DARK, _LIT, _DARK),
    "discharge waits": (_DARK, _DARK, BLINK0, _DARK),
    "fault": (_DARK, _DARK, _DARK, _LIT),
    "no data": (_DARK, _DARK, _DARK, BLINK0),
    "pairing": (BLINK0, _DARK, _DARK, _DARK),
    "pairing claimed": (BLINK1, _DARK, _DARK, _DARK),
    "test": (_LIT, _LIT, _LIT, _LIT),
}
"""White, blue, green, red. A press of on/off starts something only while the logo is white, or dark after being white
for a while. Blinking blue or green: that mode is in force and waits for a car or for something to do. Blinking red:
there is no data from `charger`, or at rest none from `manager`. Blinking white: the pairing window is open; fast: a
browser waits for a press of on/off."""

_OFF, _ON = HIGH_Z, LOW
POWER_BAR: tuple[tuple[float, Four], ...] = (
    (0.90, (_ON, _ON, _ON, _ON)),
    (0.75, (_ON, _ON, _ON, BLINK1)),
    (0.60, (_ON, _ON, BLINK1, _OFF)),
    (0.45, (_ON, _ON, _OFF, _OFF)),
    (0.30, (_ON, BLINK1, _OFF, _OFF)),
    (0.15, (_ON, _OFF, _OFF, _OFF)),
    (0.00, (BLINK1, _OFF, _OFF, _OFF)),
)
"""Above this share of full power: these segments, from the bar's first end; the last one lit may blink fast."""
SOC_BAR: tuple[tuple[float, Four], ...] = (
    (100.0, (_ON, _ON, _ON, _ON)),
    (76.0, (_ON, _ON, _ON, _OFF)),
    (51.0, (_ON, _ON, _OFF, _OFF)),
    (26.0, (_ON, _OFF, _OFF, _OFF)),
    (0.5, (BLINK0, _OFF, _OFF, _OFF)),
)
"""At least this many percent, rounded: these segments, from LED8."""
BAR_OFF: Four = (_OFF, _OFF, _OFF, _OFF)
BAR_ON: Four = (_ON, _ON, _ON, _ON)


class PanelInputs(NamedTuple):
    """Everything the panel shows is a function of these. now and *_t: monotonic s.

    active_t: the last press or change of what the charger does. pairing_t, test_t: until when the pairing window is
    open, and until when all lamps are lit. claim: the id of the browser's claim that waits for a press then, or "".
    """

    now: float
    charger: ChargerState | None
    manager: ManagerState | None
    active_t: float = inf
    pairing_t: float = -inf
    test_t: float = -inf
    claim: str = ""

    def fresh(self) -> tuple[ChargerState | None, ManagerState | None]:
        charger = self.charger if self.charger and self.now - self.charger.t <= STATE_OLD_S else None
        manager = self.manager if self.manager and self.now - self.manager.t <= STATE_OLD_S else None
        return charger, manager


def picture(look: PanelInputs, inverted: bool = True) -> bytes:
    """LS0, LS1, LS2, LS3. inverted: the button lamps are behind an inverting stage."""
    charger, manager = look.fresh()
    if look.now < look.test_t:
        return _registers(BAR_ON, BAR_ON, True, True, "test", inverted)
    colour = logo(charger, manager)
    if look.now < look.pairing_t and colour == "idle":
        pairing = "pairing claimed" if look.claim else "pairing"
        return _registers(BAR_OFF, BAR_OFF, False, True, pairing, inverted)
    if colour == "idle" and look.now - look.active_t > DARK_AFTER_S:
        return dark(inverted)
    power_w = charger.power_w if charger and charger.state not in RESTING else None
    soc_pct = charger.soc_pct if charger else None
    boost = manager is not None and manager.mode == Mode.CHARGE
    return _registers(power_bar(power_w), soc_bar(soc_pct), boost, True, colour, inverted)


def dark(inverted: bool = True) -> bytes:
    """Everything dark: after an orderly stop of the program, and after a long time in idle."""
    return _registers(BAR_OFF, BAR_OFF, False, False, "dark", inverted)


def _registers(power: Four, soc: Four, boost: bool, on_off: bool, colour: str, inverted: bool) -> bytes:
    lamp = (_DARK, _LIT) if inverted else (_LIT, _DARK)
    buttons = (lamp[False], lamp[False], lamp[boost], lamp[on_off])
    return bytes((pack(power), pack(buttons), pack(soc), pack(LOGO[colour])))


def activity(charger: ChargerState | None, manager: ManagerState | None) -> tuple[object, ...]:
    """The values whose change wakes the panel."""
    done = None if charger is None else (charger.state, charger.k_on, *charger.faults)
    return done, None if manager is None else manager.mode


def logo(charger: ChargerState | None, manager: ManagerState | None) -> str:
    """Key of LOGO. In a session the mode gives the colour; without data from `manager` the direction of power does."""
    if charger is None or (manager is None and charger.state == State.IDLE):
        return "no data"
    if charger.state == State.FAULT or charger.faults:
        return "fault"
    mode = "idle" if manager is None else manager.mode
    if charger.state == State.IDLE:
        return "idle" if mode == Mode.IDLE else f"{_colour(mode)} waits"
    if mode != Mode.IDLE:
        return _colour(mode)
    return "charge" if (charger.power_w or 0.0) > 0 else "discharge"


def _colour(mode: str) -> str:
    return "charge" if mode in (Mode.CHARGE, Mode.SOLAR) else "discharge"


def power_bar(power_w: float | None) -> Four:
    """LED0-3; + charging fills from LED0, discharging from LED3."""
    if power_w is None or abs(power_w) < SILENT_W:
        return BAR_OFF
    share = min(abs(power_w) / FULL_POWER_W, 1.0)
    bar = next(segments for above, segments in POWER_BAR if share > above)
    return bar if power_w > 0 else (bar[3], bar[2], bar[1], bar[0])


def soc_bar(soc_pct: float | None) -> Four:
    """LED8-11."""
    if soc_pct is None:
        return BAR_OFF
    return next((segments for least, segments in SOC_BAR if soc_pct >= least), BAR_OFF)
