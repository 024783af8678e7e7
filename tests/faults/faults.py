"""The faults of the campaign: a table. Each changes a few knobs at one moment of one state; some restore them later."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.board import Board
from tests.faults.numbers import DEAD_AFTER_S
from tests.faults.parts import SAYS
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, Output

Turn = Callable[[Board], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """excuses: the judge's rules that the fault makes impossible (see Judge). undo: restores the knobs after undo_s.
    borne: it must not end a session in a fault. lasts_s: how long the fault's later actions go on."""

    name: str
    begin: Turn
    excuses: frozenset[str] = frozenset()
    undo: Turn | None = None
    undo_s: float = 0.0
    borne: bool = False
    lasts_s: float = 0.0


def _set(part: str, **values: object) -> Turn:
    """Set attributes of board.<part>, or of the board itself for ""."""

    def turn(board: Board) -> None:
        for name, value in values.items():
            setattr(getattr(board, part) if part else board, name, value)

    return turn


def _frame(can_id: int, wrong: str) -> Turn:
    def turn(board: Board) -> None:
        board.frames = {**board.frames, can_id: wrong}

    return turn


def _frames_well(board: Board) -> None:
    board.frames = {}
    board._stale = {}


def _says(what: str) -> Turn:
    def turn(board: Board) -> None:
        board.car.says |= {what}

    return turn


def _call(name: str, *args: object) -> Turn:
    """Call a method of the board."""
    return lambda board: getattr(board, name)(*args)


def _stick(board: Board) -> None:
    board.pre.stuck_a = board.pre.demand_a


def _weld(outputs: Output) -> Turn:
    return _set("circuit", welded=outputs)


def _car_ends(board: Board) -> None:
    board.car.end_session(board.now)


def _car_leaves(board: Board) -> None:
    board.car.leave(board.now)


def _car_dies(board: Board) -> None:
    board.car.die(board.now)


def _k_line_off(board: Board) -> None:
    board.car.k_on = board.car.enabled = False


def _k_apart(later_s: float) -> Turn:
    return lambda board: board.car.part_k(later_s)


def _word_and_a_gap(board: Board) -> None:
    """The car's contactors stay closed; a person's word comes too soon, and much later the sensor is lost for 1 s."""
    board.circuit.car_welded = True
    board.later(45.0, "press_clear", True)
    board.later(OLD_WORD_S, "break_adc", "lost")
    board.later(OLD_WORD_S + 1.0, "break_adc", "")


def _converter_off(board: Board) -> None:
    board.pre.enabled = False
    board.pre._output_off()


def _converter_restarts(board: Board) -> None:
    if board.pre.ac_on_t is not None:
        board.pre.ac_on_t = board.now
        board.pre.enabled = False
        board.pre.set_a = board.pre.set_v = 0.0
        board.pre._output_off()


def _battery_at(soc_pct: float) -> Turn:
    def turn(board: Board) -> None:
        board.plant.battery.soc_pct = soc_pct

    return turn


def _e(*names: str) -> frozenset[str]:
    return frozenset(names)


OLD_WORD_S = 150.0
CAR_FRAMES = (0x100, 0x101, 0x102, 0x200)
EVSE_FRAMES = (0x108, 0x109, 0x208, 0x209)
WRONGS = ("lost", "late", "short", "stale")
_REST = Output.MASTER | Output.PRE_AC
ASKS: dict[str, tuple[Output, Output]] = {
    "nothing on": (~Output(0), Output(0)),
    "c1 off": (Output.C1, Output(0)),
    "c1 and c2 off": (CONTACTORS, Output(0)),
    "c1, c2 and d2 off": (CONTACTORS | Output.D2, Output(0)),
    "d2 off": (Output.D2, Output(0)),
    "d1 and d2 off": (Output.D1 | Output.D2, Output(0)),
    "PRE AC off": (Output.PRE_AC, Output(0)),
    "the lock off": (Output.PLUG_LOCK, Output(0)),
    "d2 on": (Output(0), _REST | Output.D1 | Output.D2 | Output.PLUG_LOCK),
    "c1 and c2 on": (Output(0), _REST | CONTACTORS | Output.D1 | Output.PLUG_LOCK),
    "everything on": (Output(0), ~Output(0)),
}
"""A broken `charger`: the outputs removed from, and added to, its request to guard."""


def _stranger(board: Board) -> None:
    board.stranger = True
    board.stop_charger(1.0)


_PRE, _ADC, _CAR, _CAN, _PROGRAM, _TOLD = _e("pre"), _e("adc"), _e("car"), _e("can"), _e("program"), _e("told")
TOLD_BY_PRE = (pre.AMPS, pre.VOLTS, pre.STATUS, pre.TEMPERATURE, pre.ENABLE, pre.SET_AMPS)

FAULTS: tuple[Fault, ...] = (
    Fault("none", lambda board: None, borne=True),
    *(
        Fault(f"0x{can_id:03X} {wrong}", _frame(can_id, wrong), _CAN)
        for can_id in CAR_FRAMES + EVSE_FRAMES
        for wrong in WRONGS
    ),
    Fault("0x102 lost for 0.5 s", _frame(0x102, "lost"), _CAN, _frames_well, 0.5, borne=True),
    Fault("0x109 lost for 0.5 s", _frame(0x109, "lost"), _CAN, _frames_well, 0.5),
    *(Fault(f"car says {what}", _says(what)) for what in SAYS),
    Fault("car asks for nothing", _set("car", most_a=(0, 0))),
    Fault("car hesitates", _set("car", hesitates=True)),
    Fault("car ends the session", _car_ends),
    Fault("car opens its contactors under load", _car_leaves, _CAR),
    Fault("car dies", _car_dies, _CAR),
    Fault("car never permits", _set("car", permits=False)),
    Fault("car's contactors welded", _set("circuit", car_welded=True), _CAR),
    Fault("battery nearly empty", _battery_at(5.0)),
    Fault("battery below the car's floor", _battery_at(20.0)),
    Fault("car's lowest voltage rises to 400 V", _set("car", least_v=400)),
    Fault("battery full", _battery_at(100.0)),
    Fault("K off", _k_line_off),
    Fault("K wire broken", _set("plant", k_cut=True)),
    *(
        Fault(f"K {abs(apart_s):g} s {'after' if apart_s > 0 else 'before'} 102.5.0", _k_apart(apart_s), borne=True)
        for apart_s in (0.1, 0.5, 1.0, 3.0, -0.1, -0.5, -1.0, -3.0)
    ),
    Fault("K off for 0.1 s", _set("plant", k_cut=True), undo=_set("plant", k_cut=False), undo_s=0.1),
    Fault("PRE silent", _set("pre", silent=True), _PRE),
    Fault("PRE silent for 0.5 s", _set("pre", silent=True), undo=_set("pre", silent=False), undo_s=0.5),
    Fault("PRE drops writes for 0.4 s", _set("pre", deaf=True), _PRE, _set("pre", deaf=False), 0.4, borne=True),
    Fault("PRE silent for 0.25 s", _set("pre", silent=True), undo=_set("pre", silent=False), undo_s=0.25, borne=True),
    Fault("PRE remembers 14 A", _set("pre", remembers_a=14.0), borne=True),
    Fault("PRE silent for 2 s", _set("pre", silent=True), _PRE, _set("pre", silent=False), 2.0),
    Fault("PRE aborts reads", _set("pre", refuses="reads"), _PRE),
    Fault("PRE aborts writes", _set("pre", refuses="writes"), _PRE),
    *(Fault(f"PRE refuses {entry.index:04X} alone", _set("pre", hides=_e(entry.name)), _TOLD) for entry in TOLD_BY_PRE),
    *(Fault(f"PRE shows garbage in {entry.index:04X}", _set("pre", garbage=entry.name), _PRE) for entry in TOLD_BY_PRE),
    Fault("PRE answers 3276.7 A once", _set("pre", odd_amps=0x7FFF), borne=True),
    Fault("PRE answers -3276.8 A once", _set("pre", odd_amps=-0x8000), borne=True),
    Fault("one frame to the car lost", _set("", lost_to_car=1), borne=True),
    Fault("a cycle of frames to the car lost", _set("", lost_to_car=4), borne=True),
    Fault("one request to the converter lost", _set("", lost_to_pre=1), borne=True),
    Fault("three requests to the converter lost", _set("", lost_to_pre=3), borne=True),
    Fault("PRE status bit 2", _set("pre", odd_status=0x0004)),
    Fault("PRE status 0x0900", _set("pre", odd_status=0x0900)),
    Fault("PRE warning word", _set("pre", odd_warning=0x10)),
    Fault("PRE ignores setpoints", _set("pre", deaf=True), _PRE),
    Fault("PRE ignores setpoints and reads them back", _set("pre", lying=True), _PRE),
    Fault("PRE overshoots 3 A", _set("pre", overshoot_a=3.0), _PRE),
    Fault("PRE overshoots 8 A", _set("pre", overshoot_a=8.0), _PRE),
    Fault("PRE stops slowly", _set("pre", slow_a_per_s=4.0), _PRE),
    Fault("PRE does not stop", _stick, _PRE),
    Fault("PRE answers late", _set("pre", late_s=0.13), _PRE),
    Fault("PRE answers 20 ms late", _set("pre", late_s=0.02)),
    Fault("PRE answers the request before", _set("pre", shifted=True), _PRE),
    Fault("PRE volts 60 V off", _set("pre", volts_off_v=60.0), _PRE),
    Fault("PRE amps frozen", _set("pre", amps_frozen=True), _PRE),
    Fault("PRE switches itself off", _converter_off, _PRE),
    Fault("PRE starts anew", _converter_restarts, _PRE),
    Fault("PRE hot", _set("pre", temperature_c=95.0)),
    Fault("PRE AC relay welded", _set("pre", ac_welded=True)),
    *(
        Fault(f"ADC {how}", _call("break_adc", how), _ADC)
        for how in ("stuck", *DEAD_AFTER_S, "high", "drift", "drift down", "noise", "lost")
    ),
    *(
        Fault(f"ADC {what}", _set("sensor", odd_samples=samples), borne=True)
        for what, samples in (
            ("says 0 V once", (0.0,)),
            ("says 600 V once", (600.0,)),
            ("says nothing once", (None,)),
            ("says nothing three times", (None, None, None)),
        )
    ),
    Fault("c1 welded", _weld(Output.C1), _e("weld")),
    Fault("c1 and c2 welded", _weld(CONTACTORS), _e("weld")),
    Fault("c2 does not close", _set("circuit", dead=Output.C2), _e("weld")),
    Fault("lock open", _set("circuit", lock_open=True), _e("lock")),
    *(
        Fault(f"output {output.name} does not switch", _set("", stuck_lines=output), _e("car"))
        for output in (Output.D1, Output.D2, Output.C1, Output.PLUG_LOCK, Output.PRE_AC)
    ),
    Fault("car's bus off", _set("", car_bus_off=True), _CAN),
    Fault("car's bus off for 0.6 s", _set("", car_bus_off=True), _CAN, _set("", car_bus_off=False), 0.6),
    Fault("converter's bus off", _set("", pre_bus_off=True), _PRE),
    Fault("converter's bus off for 0.6 s", _set("", pre_bus_off=True), _PRE, _set("", pre_bus_off=False), 0.6),
    Fault("charger killed", _call("kill_charger"), _PROGRAM),
    Fault("charger stopped for 0.15 s", _call("stop_charger", 0.15), _PROGRAM),
    Fault("charger stopped for 0.5 s", _call("stop_charger", 0.5), _PROGRAM),
    Fault("charger stopped for 4 s", _call("stop_charger", 4.0), _PROGRAM),
    Fault("charger 0.15 s slow", _set("", charger_slow_s=0.15), _PROGRAM),
    Fault("charger 0.28 s slow", _set("", charger_slow_s=0.28), _PROGRAM),
    Fault("guard killed", _call("kill_guard"), _PROGRAM),
    Fault("guard stopped for 0.2 s", _call("stop_guard", 0.2), _PROGRAM),
    Fault("guard stopped for 1 s", _call("stop_guard", 1.0), _PROGRAM),
    Fault("guard stopped", _call("stop_guard", 10.0), _PROGRAM),
    Fault("guard 0.15 s slow", _set("guard", slow_s=0.15), _PROGRAM),
    Fault("guard 0.5 s slow", _set("guard", slow_s=0.5), _PROGRAM),
    Fault("the whole tree killed", _call("kill_tree"), _PROGRAM),
    Fault("supervisord stopped for 0.5 s", _call("stop_tree", 0.5), _PROGRAM),
    Fault("supervisord stopped", _call("stop_tree", 60.0), _PROGRAM),
    Fault("manager silent", _set("", has_bus=False)),
    Fault("plug pulled", _call("pull_plug"), _CAR | _CAN),
    Fault("a person's word", _call("press_clear", True)),
    Fault("an old word of a person, and a gap of the ADC", _word_and_a_gap, _CAR, lasts_s=OLD_WORD_S),
    Fault("owner stops", _call("owner_stop")),
    Fault("setpoint of 1 MW", _set("", power_w=1e6)),
    Fault("setpoint of -1 MW", _set("", power_w=-1e6)),
    Fault("setpoint reversed", lambda board: setattr(board, "power_w", -board.power_w or -4000.0)),
    Fault("wall clock jumps ten years", _set("", clock_jumps=True), borne=True),
    *(
        Fault(f"charger asks for {name}", _set("", asks=asks), _e("program", "mad"), _set("", asks=None), 3.0)
        for name, asks in ASKS.items()
    ),
    Fault("a stranger writes 10 A to the converter after a trip", _stranger, _PRE | _PROGRAM),
)
BY_NAME = {fault.name: fault for fault in FAULTS}
