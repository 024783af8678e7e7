"""Troubles of the programs, the contactors and the people: killed, held, welded, stopped, unplugged."""

import random

from tests.fuzz.kind import Begin, Kind, Undo
from tests.fuzz.world import World
from v2h.safety.outputs import CONTACTORS, Output


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


PROGRAM: dict[str, Kind] = {
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
