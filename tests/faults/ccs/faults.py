"""The faults of the CCS campaign: those of the car, its pilot, its messages, the insulation monitor and the program
`ccs`; and of the CHAdeMO campaign's faults all that do not need a CHAdeMO car."""

import heapq
from typing import Any, cast

from tests.faults.board import Board
from tests.faults.ccs.board import CcsBoard
from tests.faults.faults import FAULTS as CHADEMO
from tests.faults.faults import Fault, Turn
from v2h.ccs.messages import Ask, physical

_SHARED = (
    *("none", "PRE", "ADC", "c1 ", "c2 ", "lock", "output", "converter's", "charger", "guard", "the whole"),
    *("supervisord", "manager", "owner", "setpoint", "wall clock", "a stranger", "a person's word", "K wire"),
    *("K off for", "plug pulled", "battery full", "battery nearly empty"),
)
_NOT_SHARED = ("output D2", "charger asks for c1, c2 and d2", "charger asks for d", "charger asks for everything")


def _set(part: str, **values: object) -> Turn:
    """Set attributes of board.car.<part>, of the car for "car", or of the board for ""."""

    def turn(board: Board) -> None:
        target: Any = {"": board, "car": board.car}.get(part) or getattr(board.car, part)
        for name, value in values.items():
            setattr(target, name, value)

    return turn


def _call(name: str, *args: object) -> Turn:
    return lambda board: getattr(board, name)(*args)


def _says(**values: Any) -> Turn:
    def turn(board: Board) -> None:
        board.car.says = {**board.car.says, **values}

    return turn


def _says_nothing_wrong(board: Board) -> None:
    board.car.says = {}


def _car_ends(board: Board) -> None:
    board.car.end_session(board.now)


def _car_fails(board: Board) -> None:
    if board.car.evcc is not None:
        board.car.evcc.fail("an error of the car")


def _car_leaves(board: Board) -> None:
    cast(CcsBoard, board).car.leave(board.now)


def _keeps(then: Turn) -> Turn:
    """The car shows C whatever happens next."""

    def turn(board: Board) -> None:
        board.car.keeps_c = True
        then(board)

    return turn


def _sleeps(board: Board) -> None:
    """Until a car is connected, the owner does not stop, either."""
    board.car.sleeps = True
    if not board.car.evcc:
        board._later = [entry for entry in board._later if entry[3] != ("wanted", False)]
        heapq.heapify(board._later)


def _deaf_and_welded(board: Board) -> None:
    """Only charger itself can end this."""
    board.car.deaf = board.car.monitor.relay_welded = True
    board.car.monitor.ohm = 50e3


def _pilot(state: str, *, broken: bool) -> Turn:
    return _set("box", reads=state, broken_line=broken)


_E = frozenset
_CAR, _PROGRAM, _MONITOR, _CAN = _E({"car"}), _E({"program"}), _E({"monitor"}), _E({"can"})


def _v(volts_v: float) -> dict[str, Any]:
    return physical(volts_v, "V")


def _a(amps_a: float) -> dict[str, Any]:
    return physical(amps_a, "A")


def _w(watts_w: float) -> dict[str, Any]:
    return physical(watts_w, "W")


AMOUNTS: dict[str, dict[str, Any]] = {
    "0 A": {"EVTargetCurrent": _a(0.0)},
    "2.5 A": {"EVTargetCurrent": _a(2.5)},
    "300 A": {"EVTargetCurrent": _a(300.0)},
    "-20 A": {"EVTargetCurrent": {"Value": -200, "Multiplier": -1, "Unit": "A"}},
    "32 MA": {"EVTargetCurrent": {"Value": 32767, "Multiplier": 3, "Unit": "A"}},
    "a target of 0 V": {"EVTargetVoltage": _v(0.0)},
    "a target of 100 V": {"EVTargetVoltage": _v(100.0)},
    "a target of 600 V": {"EVTargetVoltage": _v(600.0)},
    "a limit of 4 A": {"EVMaximumCurrentLimit": _a(4.0)},
    "a limit of 1.5 kW": {"EVMaximumPowerLimit": _w(1500.0)},
    "a limit of 0 W": {"EVMaximumPowerLimit": _w(0.0)},
    "a limit of 350 V": {"EVMaximumVoltageLimit": _v(350.0)},
    "a limit of 800 V": {"EVMaximumVoltageLimit": _v(800.0)},
}
STATUS = ("FAILED_RESSTemperatureInhibit", "FAILED_ChargingVoltageOutOfRange", "FAILED_ChargingSystemIncompatibility")


def _status(error: str = "NO_ERROR", *, ready: bool = True) -> dict[str, Any]:
    return {"DC_EVStatus": {"EVReady": ready, "EVErrorCode": error, "EVRESSSOC": 50}}


OWN: tuple[Fault, ...] = (
    # The car and its messages.
    Fault("car stops", _car_ends),
    Fault("car fails", _car_fails),
    Fault("car fails and keeps C", _keeps(_car_fails)),
    Fault("car opens its contactors under load", _car_leaves, _CAR),
    Fault("car's contactors welded", lambda board: setattr(board.circuit, "car_welded", True), _CAR),
    *(Fault(f"car says {error}", _says(**_status(error))) for error in STATUS),
    Fault("car says NoData", _says(**_status("NoData")), borne=True),
    Fault("car is not ready", _says(**_status(ready=False))),
    *(Fault(f"car asks for {what}", _says(**fields)) for what, fields in AMOUNTS.items()),
    Fault("car asks for 0 A for 2 s", _says(**AMOUNTS["0 A"]), undo=_says_nothing_wrong, undo_s=2.0, borne=True),
    Fault("car silent", _set("car", mute=True)),
    Fault("car silent for 0.5 s", _set("car", mute=True), undo=_set("car", mute=False), undo_s=0.5, borne=True),
    Fault("car silent for 5 s", _set("car", mute=True), undo=_set("car", mute=False), undo_s=5.0),
    Fault("car does not obey our stop", _set("car", deaf=True)),
    Fault("car never matches", _sleeps),
    Fault("car renegotiates", _call("renegotiate")),
    *(
        Fault(f"car asks for {ask.name} next", _call("ask_wrongly", ask.name))
        for ask in (Ask.PROTOCOL, Ask.PARAMETERS, Ask.CABLE_CHECK, Ask.PRECHARGE, Ask.DEMAND, Ask.WELDING, Ask.END)
    ),
    Fault("car sends bytes that are no message", _call("say_garbage")),
    Fault("connection lost", _call("lose_tcp")),
    Fault("connection lost, car keeps C", _keeps(_call("lose_tcp"))),
    Fault("connection cut, car notices nothing", _keeps(_call("cut_tcp"))),
    Fault("setpoint of -2 kW", _set("", power_w=-2000.0)),
    # Pilot and outside chain.
    *(Fault(f"pilot at {state}", _pilot(state, broken=True)) for state in "AEF"),
    *(Fault(f"box reads {state}", _pilot(state, broken=False)) for state in "ABDEF"),
    *(
        Fault(f"box reads {state} for 0.2 s", _pilot(state, broken=False), undo=_pilot("", broken=False), undo_s=0.2)
        for state in "ABEF"
    ),
    Fault("car shows B", _set("car", shows_b=True)),
    Fault("car keeps C", _set("car", keeps_c=True)),
    Fault("box silent", _set("box", silent=True)),
    Fault("box silent for 0.2 s", _set("box", silent=True), undo=_set("box", silent=False), undo_s=0.2, borne=True),
    Fault("box silent for 1 s", _set("box", silent=True), undo=_set("box", silent=False), undo_s=1.0),
    Fault("box contradicts itself", _set("box", lies=True)),
    Fault("box's relay welded", _set("box", relay_welded=True)),
    # The insulation monitor.
    Fault("isolation at 50 kohm", _set("monitor", ohm=50e3)),
    Fault("isolation at 50 kohm for 3 s", _set("monitor", ohm=50e3), undo=_set("monitor", ohm=2e6), undo_s=3.0),
    Fault("isolation at 50 kohm, relay welded", _set("monitor", ohm=50e3, relay_welded=True)),
    Fault("isolation at 50 kohm, relay welded, car deaf", _deaf_and_welded),
    Fault("isolation at 300 kohm", _set("monitor", ohm=300e3)),
    Fault("monitor silent", _set("monitor", silent=True), _MONITOR),
    Fault("monitor silent for 2 s", _set("monitor", silent=True), undo=_set("monitor", silent=False), undo_s=2.0),
    Fault("monitor garbled", _set("monitor", garbled=True), _MONITOR),
    Fault("monitor silent, isolation at 50 kohm", _set("monitor", silent=True, ohm=50e3), _MONITOR),
    # The program ccs.
    Fault("ccs killed", _call("kill_ccs")),
    Fault("ccs stopped for 0.2 s", _call("stop_ccs", 0.2), _PROGRAM),
    Fault("ccs stopped for 0.5 s", _call("stop_ccs", 0.5), _PROGRAM),
    Fault("ccs stopped", _call("stop_ccs", 10.0), _PROGRAM),
    Fault("ccs 0.15 s slow", _set("", ccs_slow_s=0.15), _PROGRAM),
)
FAULTS: tuple[Fault, ...] = (
    *(fault for fault in CHADEMO if fault.name.startswith(_SHARED) and not fault.name.startswith(_NOT_SHARED)),
    *OWN,
)
BY_NAME = {fault.name: fault for fault in FAULTS}
