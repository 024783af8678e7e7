"""The pages: server-rendered views of LiveState and of the log.

Nothing here changes anything; the endpoints under /api/v1/ do that. When the log cannot be read, only its own rows are
missing, and the page shows the reason.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, render_template, request, send_file, url_for

from v2h.bus.sentences import say
from v2h.web.commands import COMMANDS
from v2h.web.forms import schedule_form, settings_form
from v2h.web.log_source import Archive, kept_captures
from v2h.web.openapi import PERIODS
from v2h.web.state import LiveState
from v2h.web.view import labels, money
from v2h.web.view.logrows import stored
from v2h.web.view.plan import picture
from v2h.web.view.sessions import fold, times, whole
from v2h.web.view.snapshot import zone_of
from v2h.web.view.week import week

CHART_LIBRARY = Path("/usr/share/javascript/dygraphs/dygraph.min.js")
"""The path at which Debian's package libjs-dygraphs installs it, on the board and on the desk."""
CHART_ADDRESS = "chart-library.js"
STATIC = Path(__file__).parent / "static"
TABS = (
    ("now", "/", "Now"),
    ("schedule", "/schedule", "Schedule"),
    ("settings", "/settings", "Settings"),
    ("log", "/log", "Log"),
    ("health", "/health", "Health"),
)
EVENTS_A_PAGE = 200
"""A session is about twenty events, which are one line."""
DAYS_SHOWN, SESSIONS_SHOWN, PLAN_DAYS_SHOWN = 14, 20, 7
DAY_S = 86400
BIGGEST_ID = 2**62
"""SQLite accepts ids up to this size; the page ignores a larger one."""


def _content_ids() -> dict[str, str]:
    """File name -> identifies its content. It stands in the file's address, so that no browser runs the scripts of an
    older version with a new page."""
    files = [*STATIC.iterdir(), *([CHART_LIBRARY] if CHART_LIBRARY.exists() else [])]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in files if path.is_file()}


def pages(
    state: LiveState,
    archive: Archive | None,
    captures: Path | None,
    open_steps: Callable[[], int],
    update: Callable[[], dict[str, Any]],
) -> Blueprint:
    """The blueprint. archive: None when there is no log to read. captures: folder of the frozen CAN logs. open_steps:
    how many steps of the first start are left. update: what update_doors.known() says."""
    blueprint = Blueprint("pages", __name__)
    ids = _content_ids()

    def asset(name: str) -> str:
        if name == CHART_ADDRESS:
            return url_for("pages.chart_library", v=ids.get(CHART_LIBRARY.name, ""))
        return url_for("static", filename=name, v=ids[name])

    fixed = {"tabs": TABS, "asset": asset, "gone": say("page.gone")}

    @blueprint.app_context_processor
    def frame() -> dict[str, Any]:
        """The values that base.html needs, for every template of the application. A stranger who may not read sees
        the log-in and refusals: they say nothing about this house."""
        may_look = getattr(g, "may_still_look", None)
        if may_look is None or not may_look():
            return {**fixed, "view": {"tone": "idle"}, "site": "V2H", "version": ""}
        view = state.document()[0]["view"]
        return {**fixed, "view": view, "site": view["site"], "version": view["version"]}

    def read(what: Callable[[Archive], Sequence[Any]]) -> tuple[Sequence[Any], str]:
        """Rows of the log and ""; or no rows and the reason."""
        if archive is None:
            return (), say("page.no_log")
        try:
            return what(archive), ""
        except OSError as error:
            return (), say("page.log_unreadable", error=str(error))

    def currency() -> str:
        settings = state.settings.settings if state.settings else {}
        return str(settings.get("currency") or "")

    def planned() -> dict[str, Any] | None:
        days, _ = read(lambda a: a.plan_days(PLAN_DAYS_SHOWN))
        return picture(state.money_plan, owners_zone(state), currency(), days)

    @blueprint.get("/")
    def now() -> str:
        known = {"commands": COMMANDS, "now_s": time.time(), "steps_left": open_steps(), "plan": planned()}
        return render_template("now.html", tab="now", **known)

    @blueprint.get("/plan")
    def plan() -> str:
        """The card of the plan alone, for page.js."""
        return render_template("plan.html", plan=planned())

    @blueprint.get("/health")
    def health() -> str:
        return render_template("health.html", tab="health")

    @blueprint.get("/schedule")
    def schedule() -> str:
        plan = state.plan
        days = week(plan.preview) if plan else []
        form = schedule_form(plan.schedule, owners_zone(state)) if plan else None
        return render_template("schedule.html", tab="schedule", plan=plan, days=days, form=form)

    @blueprint.get("/settings")
    def settings() -> str:
        message = state.settings
        error = message.error if message else ""
        return render_template(
            "settings.html", tab="settings", groups=settings_form(message), error=error, update=update()
        )

    @blueprint.get("/log")
    def log() -> str:
        level = request.args.get("level", "info")
        before = request.args.get("before", type=int)
        before = before if before is not None and 0 < before < BIGGEST_ID else None
        level = level if level in labels.LEVELS else "info"
        events, trouble = read(lambda a: a.events(EVENTS_A_PAGE, before, level))
        by = request.args.get("by", "day")
        by = by if by in PERIODS else "day"
        days, _ = read(lambda a: a.days(DAYS_SHOWN, by))
        sessions, _ = read(lambda a: a.sessions(SESSIONS_SHOWN))
        in_session = state.document()[0]["view"]["in_session"]
        more = len(events) == EVENTS_A_PAGE
        groups = whole(fold(events), more=more)
        spans = [span for group in groups if group.session and (span := times(group))]
        energies, _ = read(lambda a: a.energy(spans)) if spans else ((), "")
        return render_template(
            "log.html",
            tab="log",
            rows=stored(
                groups,
                owners_zone(state),
                dict(zip(spans, energies, strict=False)),
                runs=before is None and in_session,
            ),
            trouble=trouble,
            older=groups[-1].rows[-1].get("id") if more else None,
            level=level,
            levels=labels.LEVELS,
            by=by,
            days=money.periods(days, currency()),
            estimated=money.estimate(state.losses) if any(day.get("estimated_s") for day in days) else "",
            sessions=money.sessions(sessions, owners_zone(state), currency(), runs=in_session),
            totals=labels.ENERGY,
            month_from_s=(int(time.time()) // DAY_S - 29) * DAY_S,
            captures=[path.name for path in reversed(kept_captures(captures))] if captures else [],
        )

    @blueprint.get(f"/{CHART_ADDRESS}")
    def chart_library() -> Response:
        if not CHART_LIBRARY.exists():
            abort(404, "the charting library (Debian's libjs-dygraphs) is not installed here")
        return send_file(CHART_LIBRARY, mimetype="text/javascript", max_age=86400)

    return blueprint


def owners_zone(state: LiveState) -> ZoneInfo:
    """The owner's time zone; UTC while it is unknown."""
    return zone_of(state.settings.settings if state.settings else {})
