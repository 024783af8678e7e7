"""Troubles of the car: its frames and ours to it, what it does, and the wire of K."""

import random
from collections.abc import Callable

from tests.faults.parts import SAYS
from tests.fuzz.kind import Begin, Kind, Undo, put
from tests.fuzz.world import World

FROM_CAR = (0x100, 0x101, 0x102, 0x200)
TO_CAR = (0x108, 0x109, 0x208, 0x209)


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

        return put(world.to_car if ours else world.from_car, carry)

    return turn


def garbled(rng: random.Random, data: bytes) -> list[tuple[float, bytes]]:
    body = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8)) if body else 0):  # another trouble may have left it empty
        body[rng.randrange(len(body))] = rng.choice((0, 0xFF, rng.randrange(256)))
    return [(0.0, bytes(body))]


def _car_silent(world: World, rng: random.Random) -> Undo:
    return put(world.from_car, lambda can_id, data: [])


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


CAR: dict[str, Kind] = {
    "frames lost": Kind(_frames(lambda rng, data: [], (0.05, 1.0)), 2),
    "frames doubled": Kind(_frames(lambda rng, data: [(0.0, data), (0.0, data)], (0.1, 1.0))),
    "frames late": Kind(_frames(lambda rng, data: [(rng.uniform(0.01, 0.8), data)], (0.1, 1.0))),
    "frames cut": Kind(_frames(lambda rng, data: [(0.0, data[: rng.randrange(8)])], (0.05, 1.0))),
    "frames garbled": Kind(_frames(garbled, (0.02, 1.0)), 2),
    "car silent": Kind(_car_silent, 1.5, (0.1, 3.0)),
    "car says": Kind(_car_says, 3, (0.05, 4.0)),
    "car ends": Kind(_car_ends, 2, (0.0, 0.0)),
    "car leaves under load": Kind(_car_leaves, 1, (0.0, 0.0)),
    "car dies": Kind(_car_dies, 1, (0.0, 0.0)),
    "car's contactors open": Kind(_car_opens, 1, (0.0, 0.0)),
    "car caps its current": Kind(_car_caps, 1),
    "K wire breaks": Kind(_k_cut, 1.5, (0.02, 3.0)),
}
