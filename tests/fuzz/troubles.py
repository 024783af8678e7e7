"""The possible troubles of a session: one row each. begin() starts the trouble and returns the function that ends it,
or None. All randomness comes from the trouble's own seed, so that removing one trouble changes no other."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tests.faults.parts import SAYS
from tests.fuzz.world import World
from v2h.safety.outputs import CONTACTORS, Output

_T = TypeVar("_T")
Undo = Callable[[], None] | None
Begin = Callable[[World, random.Random], Undo]

FROM_CAR = (0x100, 0x101, 0x102, 0x200)
TO_CAR = (0x108, 0x109, 0x208, 0x209)
OBJECTS = (0x2108, 0x2107, 0x2101, 0x2104, 0x2100, 0x210A, 0x2109, 0x2150)
ABORT = b"\x20\x00\x00\x08"


@dataclass(frozen=True, slots=True)
class Kind:
    """weight: how often it is drawn. lasts_s: from, to; 0 is over at once. sick: the converter does not obey.
    needs: "measured" or "assumed" where it makes sense in only one of the modes."""

    begin: Begin
    weight: float = 1.0
    lasts_s: tuple[float, float] = (0.2, 6.0)
    sick: bool = False
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble of one session: it begins delay_s after the anchor and lasts for_s."""

    name: str
    anchor: str
    delay_s: float
    for_s: float
    seed: int

    def __str__(self) -> str:
        lasts = f" for {self.for_s:.2f} s" if self.for_s else ""
        return f"{self.name} {self.delay_s:.2f} s after {self.anchor}{lasts} (seed {self.seed})"


def begin(world: World, trouble: Trouble) -> None:
    """Start it now, and end it after its time."""
    kind = KINDS[trouble.name]
    world.say(f"!! {trouble.name}")
    undo = kind.begin(world, random.Random(trouble.seed))
    if kind.sick:
        world.sick.add(trouble.name)
        world.sick_t = world.now

    def over() -> None:
        world.say(f"!! {trouble.name} is over")
        world.sick.discard(trouble.name)
        if undo is not None:
            undo()

    if undo is not None or kind.sick:
        world.later(trouble.for_s, over)


def _put(filters: list[_T], one: _T) -> Callable[[], None]:
    """Add a filter; the undo removes it."""
    filters.append(one)
    return lambda: filters.remove(one)


# Frames of the car's bus.


def _frames(spoil: Callable[[random.Random, bytes], list[tuple[float, bytes]]], share: tuple[float, float]) -> Begin:
    """Spoil a share of the frames of one or all ids, from the car or to it."""

    def turn(world: World, rng: random.Random) -> Undo:
        ours = rng.random() < 0.25
        ids = TO_CAR if ours else FROM_CAR
        hit = set(ids) if rng.random() < 0.5 else {rng.choice(ids)}
        part = rng.uniform(*share)

        def carry(can_id: int, data: bytes) -> list[tuple[float, bytes]]:
            if can_id in hit and rng.random() < part:
                return spoil(rng, data)
            return [(0.0, data)]

        return _put(world.to_car if ours else world.from_car, carry)

    return turn


def _garbled(rng: random.Random, data: bytes) -> list[tuple[float, bytes]]:
    body = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if body else 0):  # another trouble may have left it empty
        body[rng.randrange(len(body))] = rng.choice((0, 0xFF, rng.randrange(256)))
    return [(0.0, bytes(body))]


def _car_silent(world: World, rng: random.Random) -> Undo:
    return _put(world.from_car, lambda can_id, data: [])


def _car_says(world: World, rng: random.Random) -> Undo:
    what = rng.choice(sorted(SAYS))
    world.say(f"the car says {what}")
    world.car.says |= {what}

    def undo() -> None:
        world.car.says -= {what}

    return undo


def _car_ends(world: World, rng: random.Random) -> Undo:
    world.car_ends()
    return None


def _car_leaves(world: World, rng: random.Random) -> Undo:
    world.car.leave(world.now)
    return None


def _car_dies(world: World, rng: random.Random) -> Undo:
    world.car.die(world.now)
    return None


def _car_opens(world: World, rng: random.Random) -> Undo:
    """A fuse: the contactors open, and the car reports only 102.5.3."""
    world.circuit.set_car_contactors(world.now, False)
    return None


def _car_caps(world: World, rng: random.Random) -> Undo:
    world.car.most_a = (rng.randrange(0, 8), rng.randrange(0, 8))

    def undo() -> None:
        world.car.most_a = None

    return undo


def _k_cut(world: World, rng: random.Random) -> Undo:
    world.plant.k_cut = True

    def undo() -> None:
        world.plant.k_cut = False

    return undo


# The converter.


def _answers(spoil: Callable[[random.Random, bytes], bytes | None], share: tuple[float, float]) -> Begin:
    def turn(world: World, rng: random.Random) -> Undo:
        part = rng.uniform(*share)
        return _put(world.answers, lambda request, answer: spoil(rng, answer) if rng.random() < part else answer)

    return turn


def _requests_lost(world: World, rng: random.Random) -> Undo:
    part = rng.uniform(0.1, 1.0)
    return _put(world.requests, lambda data: None if rng.random() < part else data)


def _corrupt(rng: random.Random, answer: bytes) -> bytes:
    body = bytearray(answer)
    for _ in range(rng.choice((1, 2, 4)) if body else 0):
        body[rng.randrange(len(body))] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
    return bytes(body[: rng.choice((8, 8, 8, 8, 4))])


def _refused_read(world: World, rng: random.Random) -> Undo:
    """Reads of one object, sometimes of several, are answered with an abort."""
    hit = {rng.choice(OBJECTS)} if rng.random() < 0.8 else set(rng.sample(OBJECTS, 3))
    world.say(f"refuses to tell {' '.join(f'{index:04X}' for index in sorted(hit))}")

    def answer(request: bytes, data: bytes) -> bytes:
        if request[0] == 0x40 and request[1] | request[2] << 8 in hit:
            return b"\x80" + request[1:4] + ABORT
        return data

    return _put(world.answers, answer)


def _refused_write(world: World, rng: random.Random) -> Undo:
    """A write to one object is refused: it does not reach the converter, and the answer is an abort."""
    hit = rng.choice((0x2100, 0x2109, 0x210A))

    def turned(data: bytes) -> bytes | None:
        return None if data[0] & 0xE0 == 0x20 and data[1] | data[2] << 8 == hit else data

    def request(data: bytes) -> bytes | None:
        if turned(data) is None:
            world.later(0.001, lambda: world._answered(b"\x80" + data[1:4] + ABORT, by_guard=False))
            return None
        return data

    return _put(world.requests, request)


def _register(world: World, rng: random.Random) -> Undo:
    """One object shows wrong values: a fixed one, an old one, or random ones; in all answers or in some."""
    hit = rng.choice((0x2108, 0x2108, 0x2107, 0x2107, 0x2101, 0x2104, 0x2150, 0x210A, 0x2109, 0x2100))
    how = rng.choice(("fixed", "frozen", "random"))
    fixed = rng.choice((0, 1, 0x7FFF, 0x8000, 0xFFFF, 50, 3700, rng.randrange(0x10000))).to_bytes(2, "little")
    part = rng.choice((1.0, 1.0, 0.3, 0.05))
    world.say(f"{hit:04X} tells nonsense: {how} {fixed.hex()}, {part:.0%}")
    kept: list[bytes] = []

    def answer(request: bytes, data: bytes) -> bytes:
        if data[0] not in (0x43, 0x4B) or data[1] | data[2] << 8 != hit or rng.random() >= part:
            return data
        if how == "frozen":
            kept.append(data)
            return kept[0]
        body = fixed if how == "fixed" else rng.randrange(0x10000).to_bytes(2, "little")
        return data[:4] + body + data[6:]

    return _put(world.answers, answer)


def _pre(**values: object) -> Begin:
    """Set attributes of the converter; the undo restores the old values."""

    def turn(world: World, rng: random.Random) -> Undo:
        before = {name: getattr(world.pre, name) for name in values}
        for name, value in values.items():
            setattr(world.pre, name, value(rng) if callable(value) else value)

        def undo() -> None:
            for name, value in before.items():
                setattr(world.pre, name, value)

        return undo

    return turn


def _pre_frozen(world: World, rng: random.Random) -> Undo:
    world.pre.amps_frozen = True

    def undo() -> None:
        world.pre.amps_frozen, world.pre._frozen = False, None

    return undo


def _pre_stuck(world: World, rng: random.Random) -> Undo:
    world.pre.stuck_a = world.pre.demand_a

    def undo() -> None:
        world.pre.stuck_a = None

    return undo


def _pre_resets(world: World, rng: random.Random) -> Undo:
    """Its mains fail briefly: it loses all its settings and starts again."""
    if world.pre.ac_on_t is not None:
        world.pre.set_ac(world.now, False)
        world.pre.set_ac(world.now, True)
    return None


# The cable's sensor.


def _adc(make: Callable[[World, random.Random], Callable[[float], float | None]]) -> Begin:
    return lambda world, rng: _put(world.adc, make(world, rng))


def _noise(world: World, rng: random.Random) -> Callable[[float], float | None]:
    sigma_v = rng.uniform(0.2, 3.0)
    return lambda volts_v: volts_v + rng.gauss(0.0, sigma_v)


def _spikes(world: World, rng: random.Random) -> Callable[[float], float | None]:
    part = rng.uniform(0.01, 0.3)
    return lambda volts_v: rng.uniform(-30.0, 720.0) if rng.random() < part else volts_v


def _stuck(world: World, rng: random.Random) -> Callable[[float], float | None]:
    kept: list[float] = []

    def show(volts_v: float) -> float:
        kept.append(volts_v)
        return kept[0]

    return show


def _zeros(world: World, rng: random.Random) -> Undo:
    """A few readings of 0 V in a row, mostly one."""
    left = [rng.choice((1, 1, 1, 2, 3))]

    def show(volts_v: float) -> float:
        left[0] -= 1
        return 0.0 if left[0] >= 0 else volts_v

    return _put(world.adc, show)


def _blinks(world: World, rng: random.Random) -> Callable[[float], float | None]:
    part = rng.uniform(0.02, 0.5)
    return lambda volts_v: 0.0 if rng.random() < part else volts_v


def _at(*volts: float) -> Callable[[World, random.Random], Callable[[float], float | None]]:
    def make(world: World, rng: random.Random) -> Callable[[float], float | None]:
        shown_v = rng.choice(volts)
        return lambda volts_v: shown_v

    return make


def _offset(world: World, rng: random.Random) -> Callable[[float], float | None]:
    by_v, part = rng.uniform(-40.0, 40.0), rng.uniform(0.9, 1.1)
    return lambda volts_v: volts_v * part + by_v


def _gap(world: World, rng: random.Random) -> Callable[[float], float | None]:
    return lambda volts_v: None


# Programs, contactors, people.


def _kill(what: str) -> Begin:
    def turn(world: World, rng: random.Random) -> Undo:
        if what == "guard":
            world.kill_guard(second=rng.random() < 0.6)
        else:
            getattr(world, f"kill_{what}")()
        return None

    return turn


def _hold(what: str) -> Begin:
    def turn(world: World, rng: random.Random) -> Undo:
        getattr(world, f"hold_{what}")(rng.choice((0.15, 0.25, 0.4, 1.0, rng.uniform(0.1, 4.0))))
        return None

    return turn


def _weld(*outputs: Output) -> Begin:
    def turn(world: World, rng: random.Random) -> Undo:
        world.circuit.welded |= rng.choice(outputs)
        return None

    return turn


def _dead(world: World, rng: random.Random) -> Undo:
    world.circuit.dead |= rng.choice((Output.C1, Output.C2))

    def undo() -> None:
        world.circuit.dead = Output(0)

    return undo


def _car_weld(world: World, rng: random.Random) -> Undo:
    world.circuit.car_welded = True
    return None


def _stop(world: World, rng: random.Random) -> Undo:
    world.stop()
    return None


def _stop_and_start(world: World, rng: random.Random) -> Undo:
    world.stop()
    world.later(rng.uniform(0.1, 8.0), lambda: world.start(rng.choice((3000.0, -3000.0))))
    return None


def _no_manager(world: World, rng: random.Random) -> Undo:
    world.has_bus = False

    def undo() -> None:
        world.has_bus = True

    return undo


def _person(*, word: bool) -> Begin:
    def turn(world: World, rng: random.Random) -> Undo:
        world.clear(word=word)
        return None

    return turn


def _unplug(world: World, rng: random.Random) -> Undo:
    world.plug(into=False)
    return lambda: world.plug(into=True)


KINDS: dict[str, Kind] = {
    "frames lost": Kind(_frames(lambda rng, data: [], (0.05, 1.0)), 2),
    "frames doubled": Kind(_frames(lambda rng, data: [(0.0, data), (0.0, data)], (0.1, 1.0))),
    "frames late": Kind(_frames(lambda rng, data: [(rng.uniform(0.01, 0.8), data)], (0.1, 1.0))),
    "frames cut": Kind(_frames(lambda rng, data: [(0.0, data[: rng.randrange(8)])], (0.05, 1.0))),
    "frames garbled": Kind(_frames(_garbled, (0.02, 1.0)), 2),
    "car silent": Kind(_car_silent, 1.5, (0.1, 3.0)),
    "car says": Kind(_car_says, 3, (0.05, 4.0)),
    "car ends": Kind(_car_ends, 2, (0.0, 0.0)),
    "car leaves under load": Kind(_car_leaves, 1, (0.0, 0.0)),
    "car dies": Kind(_car_dies, 1, (0.0, 0.0)),
    "car's contactors open": Kind(_car_opens, 1, (0.0, 0.0)),
    "car caps its current": Kind(_car_caps, 1),
    "K wire breaks": Kind(_k_cut, 1.5, (0.02, 3.0)),
    "answers lost": Kind(_answers(lambda rng, data: None, (0.05, 1.0)), 2),
    "answers corrupted": Kind(_answers(_corrupt, (0.01, 0.6)), 2, sick=True),
    "requests lost": Kind(_requests_lost, 1, sick=True),
    "reads refused": Kind(_refused_read, 3),
    "writes refused": Kind(_refused_write, 1, sick=True),
    "register tells nonsense": Kind(_register, 4),
    "converter silent": Kind(_pre(silent=True), 1, (0.1, 5.0), sick=True),
    "converter deaf": Kind(_pre(deaf=True), 1, sick=True),
    "converter lies": Kind(_pre(lying=True), 1, sick=True),
    "converter overshoots": Kind(_pre(overshoot_a=lambda rng: rng.uniform(1.0, 9.0)), 1, sick=True),
    "converter slow": Kind(_pre(slow_a_per_s=lambda rng: rng.uniform(3.0, 30.0)), 1, sick=True),
    "converter stuck": Kind(_pre_stuck, 1, sick=True),
    "converter's current frozen": Kind(_pre_frozen, 1),
    "converter's odd status": Kind(_pre(odd_status=lambda rng: 1 << rng.randrange(1, 16)), 1),
    "converter's odd warning": Kind(_pre(odd_warning=lambda rng: 1 << rng.randrange(32)), 0.5),
    "converter answers late": Kind(_pre(late_s=lambda rng: rng.choice((0.005, 0.05, 0.3))), 1, sick=True),
    "converter's answers shifted": Kind(_pre(shifted=True), 1, sick=True),
    "converter's volts off": Kind(_pre(volts_off_v=lambda rng: rng.uniform(-60, 60)), 1),
    "converter resets": Kind(_pre_resets, 1, (0.0, 0.0)),
    "ADC noise": Kind(_adc(_noise), 2, (0.5, 60.0), needs="measured"),
    "ADC spikes": Kind(_adc(_spikes), 2, needs="measured"),
    "ADC 0 V once": Kind(_zeros, 3, (5.0, 5.0), needs="measured"),
    "ADC blinks to 0 V": Kind(_adc(_blinks), 2, (0.5, 30.0), needs="measured"),
    "ADC gap": Kind(_adc(_gap), 2, (0.1, 3.0), needs="measured"),
    "ADC stuck": Kind(_adc(_stuck), 1, (0.5, 30.0), needs="measured"),
    "ADC fixed": Kind(_adc(_at(0.0, 0.0, 600.0, 370.0)), 1, (0.5, 30.0), needs="measured"),
    "ADC offset": Kind(_adc(_offset), 1, (0.5, 30.0), needs="measured"),
    "charger killed": Kind(_kill("charger"), 1.5, (0.0, 0.0)),
    "guard killed": Kind(_kill("guard"), 1.5, (0.0, 0.0)),
    "both killed": Kind(_kill("tree"), 0.7, (0.0, 0.0)),
    "charger held": Kind(_hold("charger"), 1.5, (0.0, 0.0)),
    "guard held": Kind(_hold("guard"), 1.5, (0.0, 0.0)),
    "c1/c2 welded": Kind(_weld(Output.C1, Output.C2, CONTACTORS, CONTACTORS), 2, (0.0, 0.0)),
    "c1 or c2 dead": Kind(_dead, 0.7),
    "car's contactors welded": Kind(_car_weld, 1.5, (0.0, 0.0)),
    "owner stops": Kind(_stop, 3, (0.0, 0.0)),
    "owner stops and starts": Kind(_stop_and_start, 1.5, (0.0, 0.0)),
    "manager silent": Kind(_no_manager, 1.5, (0.5, 70.0)),
    "person clears": Kind(_person(word=False), 1, (0.0, 0.0)),
    "person's word": Kind(_person(word=True), 1, (0.0, 0.0)),
    "plug pulled": Kind(_unplug, 1.5, (0.5, 5.0)),
}


@dataclass(frozen=True, slots=True)
class Pending:
    """Troubles that wait for their anchors; the world's hook."""

    world: World
    waiting: list[Trouble]
    begun: set[str] = field(default_factory=set)

    def __call__(self, event: str) -> None:
        due = [trouble for trouble in self.waiting if trouble.anchor == event]
        for trouble in due:
            self.waiting.remove(trouble)
            self.world.later(trouble.delay_s, lambda trouble=trouble: self._begin(trouble))  # type: ignore[misc]

    def _begin(self, trouble: Trouble) -> None:
        self.begun.add(trouble.name)
        begin(self.world, trouble)
