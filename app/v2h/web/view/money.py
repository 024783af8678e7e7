"""Energy and money of days, months and sessions as the page shows them, with what is estimated marked so."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from v2h.bus.messages import ConverterLosses
from v2h.bus.sentences import Sentence, from_json, say
from v2h.web.view import labels
from v2h.web.view.figures import NONE, kwh, money, percent, span

LEAST_WH = 100.0
"""With less energy than this the rounding of the counters is a part of the efficiency."""
CHARGERS = ("charged_wh", "discharged_wh")
"""The counters of the charger's mains' side."""
Row = Mapping[str, Any]


def marked(text: str, row: Row) -> str:
    """The text with a ≈ where the mains' side was estimated, at least for a part of the time."""
    estimated = row.get("estimated_s") or row.get("estimated")
    return say("page.about", what=text) if estimated and text != NONE else text


def estimate(losses: ConverterLosses | None) -> Sentence:
    """What ≈ means, and what it rests on."""
    if losses is None or not losses.steps:
        return say("page.estimated_usual")
    return say("page.estimated_learned", steps=losses.steps, efficiency_pct=losses.efficiency_pct, own_w=losses.own_w)


def efficiency(row: Row) -> str:
    """'93 % in, 91 % out': of the converter, from the mains to the battery and back; a dash where little flowed."""
    charged, stored = row.get("charged_wh") or 0.0, row.get("battery_in_wh") or 0.0
    taken, given = row.get("battery_out_wh") or 0.0, row.get("discharged_wh") or 0.0
    into = percent(100 * stored / charged) if min(charged, stored) >= LEAST_WH else NONE
    out = percent(100 * given / taken) if min(taken, given) >= LEAST_WH else NONE
    return NONE if into == out == NONE else say("page.efficiency", into=into, out=out)


def periods(rows: Iterable[Row], currency: str = "") -> list[dict[str, Any]]:
    """Days, months or years, newest first, each with its cells: the counters of labels.ENERGY, efficiency, cost,
    saved."""
    shown = []
    for row in rows:
        counted = {key: kwh(row.get(key)) for key in labels.ENERGY}
        cells = [marked(text, row) if key in CHARGERS else text for key, text in counted.items()]
        cells += [
            marked(efficiency(row), row),
            *(marked(money(row.get(key), currency), row) for key in ("cost", "saved")),
        ]
        shown.append({"day": row["day"], "cells": cells})
    return shown[::-1]


def sessions(rows: Iterable[Row], zone: Any, currency: str = "", *, runs: bool) -> list[dict[str, Any]]:
    """Sessions, newest first. runs: one goes on now, so the newest has no end yet."""
    shown = []
    for n, row in enumerate(rows):
        why = ended(row)
        goes_on = runs and n == 0 and not why
        socs = [percent(row.get(key)) for key in ("soc_begin_pct", "soc_end_pct")]
        shown.append(
            {
                "at": _when(row, zone),
                "cells": [
                    span(row.get("lasted_s") or 0.0),
                    marked(kwh(row.get("charged_wh")), row),
                    marked(kwh(row.get("discharged_wh")), row),
                    say("page.from_to", begin=socs[0], end=socs[1]),
                    marked(money(row.get("cost"), currency), row),
                    marked(money(row.get("saved"), currency), row),
                ],
                "why": say("page.goes_on") if goes_on else why or say("page.end_not_seen"),
            }
        )
    return shown


def ended(row: Row) -> Sentence | str:
    """Why it ended, "" when that is not known."""
    why = row.get("why")
    return labels.plain(from_json(why)) if why else ""


def _when(row: Row, zone: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(row.get("at"))).astimezone(zone)
    except ValueError:
        return say("page.time_unknown")
    when = say("page.when", when=moment.strftime("%-d %b %H:%M"))
    return when if row.get("synchronised") else say("page.clock_not_set", when=when)
