"""The plan by prices as a picture: price, what the car does, and its charge over the coming 36 hours; with the money.

The picture is a drawing of WIDTH by HEIGHT in which a slot is 1 wide; three strips lie below each other: PRICE, CAR and
CHARGE (top and bottom of each). The same is there in words: one line for each span in which the car does the same.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from v2h.bus.messages import ManagerPlan
from v2h.bus.sentences import Sentence, say
from v2h.web.view.figures import number, percent, watts


class Strip(NamedTuple):
    top: float
    bottom: float

    def y(self, share: float) -> float:
        """The height of a share from 0 (bottom) to 1 (top)."""
        return round(self.bottom - share * (self.bottom - self.top), 2)


ACTS = {
    "idle": say("act.idle"),
    "cover": say("act.cover"),
    "solar": say("act.solar"),
    "v2h": say("act.v2h"),
    "charge": say("act.charge"),
    "discharge": say("act.discharge"),
    "away": say("act.away"),
}
"""What the car does in a quarter of an hour (energy/plan/problem.Act)."""
HEIGHT = 100
PRICE, CAR, CHARGE = Strip(3, 34), Strip(40, 64), Strip(70, 97)
LEAST_HEIGHT = 1.6
"""Of the bar of a slot in which next to nothing is expected to flow."""
TICK_H = 6
LEAST_KWH = 0.05


def picture(
    plan: ManagerPlan | None, zone: tzinfo, currency: str, days: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any] | None:
    """What the template draws; None while there is nothing to show. zone: of the owner's wall clock. days: what the
    plan saved on the last days, oldest first (v2h.energy.plan.review)."""
    if plan is None or not (plan.acts or plan.trouble or days):
        return None
    shown = {"on": plan.on, "trouble": plan.trouble, "assumed": plan.assumed, "slots": len(plan.acts)}
    shown["days"] = [_saved(day, currency) for day in reversed(days)]
    if not plan.acts:
        return shown
    start = datetime.fromisoformat(plan.start).astimezone(zone)
    spans = _spans(plan, start)
    return shown | {
        "height": HEIGHT,
        "price": _steps(plan, 0, int(plan.known)),
        "expected": _steps(plan, int(plan.known), len(plan.acts)),
        "zero": _price_y(plan, 0.0) if min(plan.import_price) < 0 else None,
        "charge": "M" + " L".join(f"{n + 1} {CHARGE.y(pct / 100)}" for n, pct in enumerate(plan.soc_pct)),
        "middle": CAR.y(0.5),
        "bars": _bars(plan),
        "spans": spans,
        "ticks": _ticks(start, plan),
        "acts": _key(plan.acts),
        "ranges": _ranges(plan, currency),
        "text": _text(plan, spans),
        "money": _money(plan, currency),
        "missed": say("page.plan_missed", kwh=plan.missed_kwh) if (plan.missed_kwh or 0) >= LEAST_KWH else "",
    }


def _saved(day: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """A day that is over as a row."""
    when = say("page.when", when=f"{date.fromisoformat(day['day']):%a %d %b}")
    money = {name: day[name] for name in ("cost", "cost_without", "saved")}
    return {"day": when, "text": say("page.plan_day", **money, currency=currency)}


def _price_y(plan: ManagerPlan, price: float) -> float:
    low, high = min(0.0, *plan.import_price), max(0.0, *plan.import_price)
    return PRICE.y((price - low) / ((high - low) or 1.0))


def _steps(plan: ManagerPlan, first: int, last: int) -> str:
    """The import price as steps; "" for none."""
    heights = [_price_y(plan, price) for price in plan.import_price[first:last]]
    return "M" + " L".join(f"{first + n} {y} L{first + n + 1} {y}" for n, y in enumerate(heights)) if heights else ""


def _bars(plan: ManagerPlan) -> list[dict[str, str]]:
    """For each act the bars of its slots as one path; upwards when the car charges."""
    most_w, middle = max(1.0, *map(abs, plan.power_w)), CAR.y(0.5)
    paths: dict[str, str] = {}
    for slot, act in enumerate(plan.acts):
        top, bottom = sorted((middle, CAR.y(0.5 + plan.power_w[slot] / most_w / 2)))
        spare = max(0.0, LEAST_HEIGHT - (bottom - top)) / 2
        bar = f"M{slot} {top - spare:.2f}h1V{bottom + spare:.2f}h-1z"
        paths[act] = paths.get(act, "") + bar
    return [{"act": act, "path": path} for act, path in paths.items()]


def _spans(plan: ManagerPlan, start: datetime) -> list[dict[str, Any]]:
    """Each time in which the car does the same: {"first", "last" (slots), "when", "act", "soc", "why", "price"}."""
    begins = [n for n in range(len(plan.acts)) if n == 0 or plan.acts[n] != plan.acts[n - 1]]
    found = []
    for begin, end in zip(begins, [*begins[1:], len(plan.acts)], strict=True):
        mean_w = sum(plan.power_w[begin:end]) / (end - begin)
        words = {
            "when": _when(plan, start, begin, end),
            "act": ACTS.get(plan.acts[begin], plan.acts[begin]),
            "why": plan.why[begin],
        }
        found.append(
            {
                "first": begin,
                "power": watts(mean_w) if abs(mean_w) >= 1 else "",
                "soc": percent(plan.soc_pct[end - 1]),
                "slots": end - begin,
                "words": say("page.plan_span", **words),
                **words,
            }
        )
    return found


def _when(plan: ManagerPlan, start: datetime, begin: int, end: int) -> Sentence:
    said = say("page.when", when=f"{_moment(start, begin, plan):%a %H:%M}")
    return say("page.span", start=said, end=f"{_moment(start, end, plan):%H:%M}")


def _moment(start: datetime, slot: int, plan: ManagerPlan) -> datetime:
    """The beginning of a slot by the wall clock, also across a change of it."""
    return datetime.fromtimestamp(start.timestamp() + slot * plan.step_min * 60, start.tzinfo)


def _ticks(start: datetime, plan: ManagerPlan) -> list[dict[str, Any]]:
    """Each sixth hour of the wall clock: its place in the width, and its text; midnight has the day."""
    found = []
    for slot in range(1, len(plan.acts)):
        at = _moment(start, slot, plan)
        if at.minute == 0 and at.hour % TICK_H == 0:
            label = say("page.when", when=f"{at:%a}") if at.hour == 0 else f"{at.hour}"
            found.append({"slot": slot, "pct": round(100 * slot / len(plan.acts), 2), "label": label})
    return found


def _key(acts: Sequence[str]) -> list[dict[str, Any]]:
    return [{"act": act, "label": ACTS.get(act, act)} for act in dict.fromkeys(acts)]


def _ranges(plan: ManagerPlan, currency: str) -> dict[str, str]:
    low, high = min(plan.import_price), max(plan.import_price)
    return {
        "price": say("page.plan_prices", low=low, high=high, currency=currency),
        "charge": say("page.plan_charge", low=min(plan.soc_pct), high=max(plan.soc_pct)),
    }


def _money(plan: ManagerPlan, currency: str) -> list[dict[str, str]]:
    rows = (
        (say("page.plan_cost"), plan.cost),
        (say("page.plan_without"), plan.cost_without),
        (say("page.plan_saved"), plan.saved),
    )
    return [{"label": label, "text": number(f"{value or 0.0:.2f} {currency}".strip())} for label, value in rows]


def _text(plan: ManagerPlan, spans: Sequence[Mapping[str, Any]]) -> Sentence:
    said = [say("page.plan_said", when=one["when"], act=one["act"], soc=one["soc"]) for one in spans if one["power"]]
    return say("page.plan_text", what=said or [say("page.plan_rests")])
