"""Troubles of the converter: requests and answers that are lost or wrong, and a converter that does not obey."""

import random
from collections.abc import Callable

from tests.faults.parts import FaultyPre
from tests.fuzz.kind import Begin, Kind, Undo, put
from tests.fuzz.world import World

OBJECTS = (0x2108, 0x2107, 0x2101, 0x2104, 0x2100, 0x210A, 0x2109, 0x2150)
ABORT = b"\x20\x00\x00\x08"
HEALTHY = FaultyPre()


def _answers(spoil: Callable[[random.Random, bytes], bytes | None], share: tuple[float, float]) -> Begin:
    def turn(world: World, rng: random.Random) -> Undo:
        part = rng.uniform(*share)
        return put(world.answers, lambda request, answer: spoil(rng, answer) if rng.random() < part else answer)

    return turn


def _requests_lost(world: World, rng: random.Random) -> Undo:
    part = rng.uniform(0.1, 1.0)
    return put(world.requests, lambda data: None if rng.random() < part else data)


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

    return put(world.answers, answer)


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

    return put(world.requests, request)


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

    return put(world.answers, answer)


def _pre(**values: object) -> Begin:
    """Set attributes of the converter; the undo sets those of a healthy one. (Those of before may belong to a second
    trouble of the same kind, which has ended meanwhile.)"""

    def turn(world: World, rng: random.Random) -> Undo:
        for name, value in values.items():
            setattr(world.pre, name, value(rng) if callable(value) else value)

        def undo() -> None:
            for name in values:
                setattr(world.pre, name, getattr(HEALTHY, name))

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


CONVERTER: dict[str, Kind] = {
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
}
