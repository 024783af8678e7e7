"""Run one plan to its end and return what broke; and remove from a broken plan what it does not need."""

from dataclasses import dataclass, replace
from typing import Any

from tests.faults import quick
from tests.fuzz.car import Habits, times
from tests.fuzz.plan import Plan, draw
from tests.fuzz.troubles import Pending
from tests.fuzz.world import World
from v2h.safety.outputs import Output

REACH_S = 45.0
"""Handshake 8 s, converter 20 s, test and match 15 s: after this time energy flows or the session has ended."""
BEGIN_S = 3.0
"""Before d1 rises, the cable is judged for a second, and a dead program restarts."""
REST_S = 100.0
"""The longest wait: make-safe, a cable that falls by itself (60 s), troubles that last."""
STILL_S = 0.5
PLAIN: tuple[dict[str, Any], ...] = (
    {"powers_w": ()},
    {"afterwards": ""},
    {"ends": "owner"},
    {"site_a": (15.0, 15.0)},
    {"soc_pct": 60.0},
)
"""Simpler values that shrinking tries for the script."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """broken: (time, kind, detail) each. begun: names of the troubles that really began."""

    plan: Plan
    broken: tuple[tuple[float, str, str], ...]
    reached: bool
    begun: tuple[str, ...]
    seconds: float
    ended: str
    trace: tuple[str, ...] = ()

    @property
    def kinds(self) -> set[str]:
        return {kind for _, kind, _ in self.broken}


def build(plan: Plan) -> World:
    return World(
        plan.habits,
        measured=plan.measured,
        by_converter=plan.by_converter,
        soc_pct=plan.soc_pct,
        site_a=plan.site_a,
    )


def run(plan: Plan, *, trace: bool = False, world: World | None = None) -> Outcome:
    """Run one session, with what follows it."""
    with times(plan.habits):
        world = world or build(plan)
        if trace:
            world.trace = plan.lines()
        pending = Pending(world, list(plan.troubles))
        world.hook = pending
        world.anchor("start")
        world.start(plan.first_w)
        _one_session(world, plan)
        _follow(world, plan)
        if not world.at_rest() or world.has_pending():
            # what a late trouble started must end too
            world.run_to(world.now + 10.0)
            world.takes_orders = False  # an owner who starts after this stop would be in energy until the run's end
            world.stop()
            _rest(world)
        judge = world.judge
        judge.at_end(healthy=plan.healthy, may_reach=not plan.refused, must_reach=plan.habits.asks and not plan.refused)
        return Outcome(
            plan,
            tuple(judge.broken),
            judge.reached_energy,
            tuple(pending.begun),
            world.now,
            ", ".join((world.state, *judge.faults[:1])),
            tuple(world.trace or ()),
        )


def _one_session(world: World, plan: Plan) -> None:
    """Run from an order to rest."""
    judge = world.judge
    judge.flowing = False
    world.run_to(world.now + BEGIN_S, lambda: not world.at_rest())
    world.run_to(world.now + REACH_S, lambda: judge.flowing or world.at_rest())
    if judge.flowing:
        for delay_s, power_w in plan.powers_w:
            world.later(delay_s, lambda power_w=power_w: setattr(world, "power_w", power_w))  # type: ignore[misc]
        world.run_to(world.now + plan.energy_s, world.at_rest)
    if plan.ends == "car":
        world.car_ends()
        world.run_to(world.now + 3.0, world.at_rest)
        if plan.afterwards != "order stands":
            world.wanted = False
    elif plan.ends == "order":
        world.wanted = False
    else:
        world.stop()
    _rest(world)


def _rest(world: World) -> None:
    """Wait until nothing moves any more; what still runs after REST_S is stuck, which the judge sees at the end."""
    end = world.now + REST_S
    while world.run_to(end, world.at_rest):
        world.run_to(world.now + STILL_S, lambda: not world.at_rest())
        if world.at_rest():
            break
    world.anchor("rest")


def _follow(world: World, plan: Plan) -> None:
    what = plan.afterwards
    if what == "order stands":
        world.run_to(world.now + 5.0)
    elif what in ("again", "clear and again"):
        if what == "clear and again":
            world.clear(word=False)
            world.run_to(world.now + 0.5)
        world.start(plan.first_w)
        _one_session(world, replace(plan, powers_w=(), energy_s=1.0))
    elif what in ("early word", "word") and Output.PLUG_LOCK in world.plant.outputs:
        if what == "word":
            world.run_to(world.now + 125.0)
        world.clear(word=True)
        world.anchor("rest")
        world.run_to(world.now + (130.0 if what == "early word" else 8.0))


def shrink(plan: Plan, kind: str) -> Plan:
    """The plan without what `kind` does not need: troubles, the car's habits, setpoints, what follows."""

    def still(smaller: Plan) -> bool:
        return kind in run(smaller).kinds

    for trouble in plan.troubles:
        smaller = replace(plan, troubles=tuple(t for t in plan.troubles if t is not trouble))
        if still(smaller):
            plan = smaller
    plain = Habits()
    for name in Habits.__slots__:
        smaller = replace(plan, habits=replace(plan.habits, **{name: getattr(plain, name)}))
        if smaller.habits != plan.habits and still(smaller):
            plan = smaller
    for change in PLAIN:
        smaller = replace(plan, **change)
        if smaller != plan and still(smaller):
            plan = smaller
    return plan


def run_seeds(job: tuple[str, int, int]) -> list[Outcome]:
    """job: (cable, first seed, how many sessions), the work of one process."""
    cable, first, count = job
    quick.remember()
    return [run(draw(seed, cable)) for seed in range(first, first + count)]
