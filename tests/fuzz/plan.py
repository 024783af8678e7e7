"""The plan of one session: drawn from its seed, a value that can be shown, changed and run again."""

import random
from dataclasses import dataclass, field

from tests.fuzz.car import Habits
from tests.fuzz.troubles import KINDS, Trouble

MEASURED, ASSUMED, BY_CONVERTER = "measured", "assumed", "by-converter"
CABLES = (MEASURED, ASSUMED, BY_CONVERTER)
"""How the voltage of the cable is known: by a calibrated ADC, by the converter alone, by an ADC that was calibrated
against the converter."""

ANCHORS: dict[str, tuple[float, float]] = {
    "start": (1.0, 3.0),
    "d1": (1.5, 5.0),
    "lock": (1.5, 1.0),
    "closed for the test": (2.5, 2.5),
    "open": (1.5, 2.0),
    "d2": (1.5, 2.0),
    "car closed": (1.5, 2.0),
    "closed again": (1.0, 2.0),
    "energy": (9.0, 4.0),
    "stop": (4.0, 3.0),
    "car open": (1.5, 2.0),
    "d2 off": (1.0, 1.5),
    "unlock": (0.3, 2.0),
    "rest": (1.5, 4.0),
}
"""Anchors of troubles: how often each is drawn, and up to how long after it a trouble begins."""

HOW_MANY = ((0, 20), (1, 45), (2, 25), (3, 10))
AFTERWARDS = (("", 60), ("again", 15), ("clear and again", 10), ("order stands", 8), ("early word", 4), ("word", 3))


@dataclass(frozen=True, slots=True)
class Plan:
    """powers_w: (seconds after energy began, setpoint). ends: who ends it. afterwards: what follows at rest."""

    seed: int
    cable: str
    habits: Habits = field(default_factory=Habits)
    soc_pct: float = 60.0
    site_a: tuple[float, float] = (15.0, 15.0)
    first_w: float = 3000.0
    powers_w: tuple[tuple[float, float], ...] = ()
    energy_s: float = 3.0
    ends: str = "owner"
    afterwards: str = ""
    troubles: tuple[Trouble, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether there is an ADC."""
        return self.cable != ASSUMED

    @property
    def by_converter(self) -> bool:
        return self.cable == BY_CONVERTER

    @property
    def refused(self) -> bool:
        """Without a measurement that does not depend on the converter, it cannot be known whether a car of protocol 0
        or 1 has closed its contactors."""
        return self.cable != MEASURED and self.habits.protocol < 2

    @property
    def healthy(self) -> bool:
        """Nothing is wrong: the session must run and end well. Where the car ends the session and its K and bit do not
        change together, that is a contradiction that may be called a fault (CHAdeMO, facts 3.2)."""
        # SAFETY.md, assumed-voltages: a car that opens before the converter can show that c1 and c2 conduct, in a
        # session without current, leaves the plug locked for a person. It can show that after 0.3 s in which the car
        # sees our stop, 1.2 s of -0.2 A, and up to 0.2 s for a step and a poll.
        unproven = self.cable != MEASURED and self.habits.opens_s < 1.7
        # CHAdeMO gives the car 4 s from d2 to its flag; the flag comes with a frame, and is seen at a step.
        late = self.habits.closes_s + self.habits.period_s > 3.9
        return not self.troubles and not unproven and not late and not (self.habits.k_apart_s and self.ends == "car")

    def lines(self) -> list[str]:
        """Lines that describe the plan for people."""
        script = f"{self.first_w:.0f} W, then {list(self.powers_w)}, {self.energy_s:.1f} s, ended by {self.ends}"
        return [
            f"seed {self.seed}, cable {self.cable}, SoC {self.soc_pct:.0f} %, site {self.site_a}",
            f"  {self.habits}",
            f"  {script}; afterwards: {self.afterwards or 'nothing'}",
            *(f"  {trouble}" for trouble in self.troubles),
        ]


def _pick(rng: random.Random, rows: tuple[tuple[object, float], ...]) -> object:
    return rng.choices([value for value, _ in rows], [weight for _, weight in rows])[0]


def _habits(rng: random.Random) -> Habits:
    plain = rng.random() < 0.4
    permits_s = rng.uniform(0.3, 2.0) if rng.random() < 0.9 else rng.uniform(2.0, 7.0)
    times = {
        "permits_s": permits_s,
        "pre_boots_s": rng.uniform(0.2, 2.0) if rng.random() < 0.9 else 6.7,
        "requests_s": max(0.6, rng.uniform(0.3, 3.0)),
        "opens_s": rng.uniform(0.3, 1.9),
        "welds_s": rng.uniform(0.1, 1.5),
    }
    if plain:
        return Habits(**times)
    protocol = rng.choice((2, 2, 2, 2, 1, 0))
    times["permits_s"] = min(permits_s, 4.0)  # K and the bit both come within the 8 s
    apart_s = rng.choice((0.0, 0.0, 0.0, 0.1, 0.4, 1.0, 3.0)) * rng.choice((1, -1))
    return Habits(
        protocol=protocol,
        period_s=rng.choice((0.1001, 0.1001, 0.041, 0.1, 0.225, 0.300)),
        v2h=rng.random() < (0.8 if protocol == 2 else 0.2),
        asks=rng.random() < 0.95,
        closes_s=rng.choice((1.3, rng.uniform(0.1, 3.8))),
        hangs_on_d2=protocol < 2 and rng.random() < 0.5,
        k_apart_s=apart_s,
        **times,
    )


def _trouble(rng: random.Random, cable: str) -> Trouble:
    names = [name for name, kind in KINDS.items() if kind.needs in ("", MEASURED if cable == BY_CONVERTER else cable)]
    name = rng.choices(names, [KINDS[name].weight for name in names])[0]
    kind = KINDS[name]
    anchor = rng.choices(list(ANCHORS), [weight for weight, _ in ANCHORS.values()])[0]
    delay_s = rng.uniform(0.0, ANCHORS[anchor][1])
    if anchor == "rest" and rng.random() < 0.2:
        delay_s = rng.uniform(0.0, 130.0)
    low_s, high_s = kind.lasts_s
    for_s = low_s * (high_s / low_s) ** rng.random() if low_s else 0.0
    return Trouble(name, anchor, round(delay_s, 3), round(for_s, 3), rng.randrange(1 << 30))


def draw(seed: int, cable: str) -> Plan:
    """The plan of the session with this seed."""
    rng = random.Random(f"{cable} {seed}")
    energy_s = rng.uniform(0.3, 5.0)
    habits = _habits(rng)
    powers_w = tuple(
        (round(rng.uniform(0.0, energy_s), 2), rng.choice((0.0, 6000.0, -6000.0, rng.uniform(-6000, 6000))))
        for _ in range(rng.choice((0, 0, 1, 2)))
    )
    troubles = tuple(_trouble(rng, cable) for _ in range(int(str(_pick(rng, HOW_MANY)))))
    return Plan(
        seed,
        cable,
        habits,
        soc_pct=rng.uniform(12.0, 97.0),
        site_a=rng.choice(((15.0, 15.0), (15.0, 15.0), (16.0, 16.0), (6.0, 10.0), (10.0, 0.0))),
        first_w=rng.choice((3000.0, 5000.0, -3000.0, 0.0, rng.uniform(-6000, 6000))),
        powers_w=powers_w,
        energy_s=energy_s,
        ends=str(_pick(rng, (("owner", 6), ("order", 2), ("car", 3)))),
        afterwards=str(_pick(rng, AFTERWARDS)),
        troubles=troubles,
    )
