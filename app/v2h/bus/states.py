"""The states of a session and the modes of the appliance, as enums, because several programs compare them.

They are texts on the bus, in the log and in the API; a message holds the text, and a StrEnum equals its text.
"""

from enum import StrEnum


class State(StrEnum):
    """Session states in the order of a normal session; the values are the texts on the bus and the page."""

    __hash__ = str.__hash__  # enum's own is a (slow) Python function, and each step looks up rows by state

    IDLE = "idle"
    WAKE = "wake"
    HANDSHAKE = "handshake"
    CONVERTER = "converter"
    LOCK = "lock"
    INSULATION = "insulation test"
    CALIBRATE = "calibration"
    BLEED = "bleed"
    TEST_OPEN = "test done"
    CONTACTOR_CHECK = "contactor check"
    CAR_CONTACTORS = "car contactors"
    MATCH = "voltage match"
    READY = "ready"
    ENERGY = "energy"
    STOP_CURRENT = "stop"
    WELDING = "welding check"
    CAR_RELEASES = "car releases"
    CAR_OPENS = "car opens"
    OPEN = "open"
    D2_OFF = "d2 off"
    UNLOCK = "unlock"
    FAREWELL = "farewell"
    SAFE = "make-safe"
    FAULT = "fault"


RESTING = (State.IDLE, State.FAULT)
"""The states without a session."""
ENDED = (*RESTING, State.SAFE)
"""The states without a session, and the one in which guard ends a session."""
ENDING = (
    *(State.STOP_CURRENT, State.WELDING, State.CAR_RELEASES, State.CAR_OPENS, State.OPEN, State.D2_OFF),
    *(State.UNLOCK, State.FAREWELL, State.SAFE),
)
"""The states in which a session ends."""
AGREED = (
    *(State.CONVERTER, State.LOCK, State.INSULATION, State.CALIBRATE, State.BLEED, State.TEST_OPEN),
    *(State.CONTACTOR_CHECK, State.CAR_CONTACTORS, State.MATCH, State.READY),
)
"""The states of a start in which the car has agreed to charge, so that the state of charge that it sends counts."""
STATE_EVENT = "session-state"
"""Code of charger's event at each change of state; its values hold the state, and the fault where there is one."""


class Mode(StrEnum):
    """What the appliance does. V2H: it holds the grid meter at its target, both ways. SOLAR: it charges from surplus
    only. COVER: it covers the house's consumption only, and the surplus goes to the grid. CHARGE and DISCHARGE: with an
    ordered current."""

    IDLE = "idle"
    V2H = "v2h"
    SOLAR = "solar"
    COVER = "cover"
    CHARGE = "charge"
    DISCHARGE = "discharge"


MODES: tuple[str, ...] = tuple(mode.value for mode in Mode)
