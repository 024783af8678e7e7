"""The table of states of a CCS session at the charger: outputs, converter, deadline, and where a stop leads.

The rows are those of chademo/states.py; the states are the same, because bus, page and log know them, and each stands
for the CCS phase that takes its place. Three differences to CHAdeMO decide about the rest:
- d2 is never on. d1 only says that a sequence runs, as guard's rules demand for the contactors.
- The cable check, the precharge and the energy happen with c1 and c2 closed all the time: they close once, onto an
  empty cable and an empty converter. The car closes its own contactors onto our voltage.
- At the end c1 and c2 open first. Then the car opens its own and watches the cable's voltage.
"""

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.ccs import limits
from v2h.chademo import limits as charger_limits
from v2h.chademo.states import Converter, Row
from v2h.safety.outputs import CONTACTORS, NONE, Output

_ON = Output.MASTER | Output.PRE_AC
_READY = _ON | Output.D1
_JOINED = _READY | CONTACTORS
_S, _C = State, Converter

TABLE: dict[State, Row] = {
    _S.IDLE: Row(NONE, _C.OFF, None, "", "", None, speaks=False),
    _S.WAKE: Row(Output.MASTER, _C.OFF, limits.LINK, "", say("late.ccs_link"), _S.FAREWELL, refuses=True),
    _S.HANDSHAKE: Row(Output.MASTER, _C.OFF, limits.HELLO, "", say("late.ccs_hello"), _S.FAREWELL, refuses=True),
    _S.CONVERTER: Row(
        _READY, _C.ZERO, charger_limits.CONVERTER_READY, "late_converter", say("late.converter"), _S.UNLOCK
    ),
    _S.LOCK: Row(_READY, _C.ZERO, limits.CAR_NEXT, "", say("late.ccs_cable_check"), _S.UNLOCK, refuses=True),
    _S.INSULATION: Row(
        _JOINED,
        _C.TEST,
        limits.INSULATION,
        "late_insulation_test",
        say("late.insulation_test"),
        _S.BLEED,
        k=True,
    ),
    _S.BLEED: Row(
        _JOINED,
        _C.BLEED,
        limits.BLEED_STUCK,
        "late_bleed",
        say("late.bleed"),
        _S.BLEED,
        _S.WELDING,
        k=True,
    ),
    _S.TEST_OPEN: Row(
        _JOINED, _C.ZERO, limits.CAR_NEXT, "", say("late.ccs_precharge"), _S.WELDING, refuses=True, k=True
    ),
    _S.MATCH: Row(
        _JOINED,
        _C.MATCH,
        limits.PRECHARGE_POWER,
        "late_voltage_match",
        say("late.ccs_power"),
        _S.STOP_CURRENT,
        k=True,
    ),
    _S.READY: Row(_JOINED, _C.HOLD, limits.FIRST_DEMAND, "", say("late.ready"), _S.STOP_CURRENT, refuses=True, k=True),
    _S.ENERGY: Row(_JOINED, _C.FLOW, None, "", "", _S.STOP_CURRENT, k=True),
    _S.STOP_CURRENT: Row(_JOINED, _C.HOLD, limits.CAR_STOPS, "late_stop", say("late.stop"), None, _S.SAFE),
    _S.WELDING: Row(_READY, _C.ZERO, limits.WELDING, "late_open", say("late.contactors_open"), None, _S.SAFE),
    _S.UNLOCK: Row(
        _ON,
        _C.OFF,
        charger_limits.UNLOCKING,
        "late_unlock",
        say("late.unlock"),
        None,
        _S.FAULT,
        falling=charger_limits.UNLOCKING_FALLING,
    ),
    _S.FAREWELL: Row(
        Output.MASTER, _C.OFF, limits.FAREWELL_MOST, "late_farewell", say("late.farewell"), None, _S.FAULT
    ),
    _S.SAFE: Row(NONE, _C.OFF, charger_limits.CABLE_SAFE, "late_make_safe", say("late.make_safe"), None, _S.FAULT),
    _S.FAULT: Row(NONE, _C.OFF, None, "", "", None, speaks=False),
}
"""The states of State that are not here have no place in CCS. WAKE is the search for the car (pilot, SLAC, SDP),
HANDSHAKE its messages up to the authorisation, TEST_OPEN the wait for the precharge, MATCH the precharge."""

TALKING = (
    *(State.WAKE, State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN),
    *(State.MATCH, State.READY, State.ENERGY),
)
"""States in which the car is expected to speak and nothing is ending, in their order."""
JOINED = tuple(state for state, row in TABLE.items() if CONTACTORS in row.outputs)
