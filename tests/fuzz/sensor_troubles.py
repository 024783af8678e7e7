"""Troubles of the cable's sensor: readings that are wrong or missing."""

import random
from collections.abc import Callable

from tests.fuzz.kind import Begin, Kind, Undo, put
from tests.fuzz.world import World


def _adc(make: Callable[[World, random.Random], Callable[[float], float | None]]) -> Begin:
    return lambda world, rng: put(world.adc, make(world, rng))


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

    return put(world.adc, show)


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


SENSOR: dict[str, Kind] = {
    "ADC noise": Kind(_adc(_noise), 2, (0.5, 60.0), needs="measured"),
    "ADC spikes": Kind(_adc(_spikes), 2, needs="measured"),
    "ADC 0 V once": Kind(_zeros, 3, (5.0, 5.0), needs="measured"),
    "ADC blinks to 0 V": Kind(_adc(_blinks), 2, (0.5, 30.0), needs="measured"),
    "ADC gap": Kind(_adc(_gap), 2, (0.1, 3.0), needs="measured"),
    "ADC stuck": Kind(_adc(_stuck), 1, (0.5, 30.0), needs="measured"),
    "ADC fixed": Kind(_adc(_at(0.0, 0.0, 600.0, 370.0)), 1, (0.5, 30.0), needs="measured"),
    "ADC offset": Kind(_adc(_offset), 1, (0.5, 30.0), needs="measured"),
}
