"""The REST endpoints under /api/v1. They use the same names as the bus and the page.

Every refusal is {"ok": false, "error": sentence}. A value that is not known yet is refused with 503 and the name of the
program that should have reported it; an empty log is an empty list. GET /stream sends the same document as GET /state,
as server-sent events. Sentences are English, or in the language that ?lang= asks for. openapi.py describes the request
and response of each endpoint, and a test compares the two.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, g, jsonify, request, send_file
from werkzeug.wsgi import FileWrapper

from v2h import version
from v2h.bus.messages import LEVELS, ManagerPrices, ManagerSchedule, Reply
from v2h.bus.sentences import Language, in_language, say
from v2h.checks import Count, Range, check_texts, one_of, shown
from v2h.config.bounds import SOC
from v2h.energy import price_shapes
from v2h.energy.calendar_file import CalendarError, read_trips
from v2h.energy.orders import LONGEST_NAME
from v2h.energy.schedule_json import revision
from v2h.web.auth import refusal
from v2h.web.commands import COMMANDS, BadCommandError, Commands, check
from v2h.web.download import DAY_COLUMNS, EVENT_COLUMNS, SAMPLE_COLUMNS, SESSION_COLUMNS, all_events, csv_lines
from v2h.web.language import asked
from v2h.web.log_source import Archive, Row
from v2h.web.openapi import MAX_DAYS, MAX_EVENTS, MAX_SAMPLES, MAX_SESSIONS, PERIODS, document
from v2h.web.pages import owners_zone
from v2h.web.state import LiveState, health
from v2h.web.view.money import ended

BACKUP_VERSION = 1
RETRY_S = 60
DOWNLOADS = 2
PIECE_BYTES = 65536
DAY_S = 86400.0
MOST_PRICES_B = 110_000
"""Bytes of pushed prices as others write them: about 1,200 rows of evcc. The server takes in hardly more."""


class BadRequestError(ValueError):
    """The request cannot be used. The sentence names the part, its value and what is allowed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnknownYetError(RuntimeError):
    """A value has not been reported yet or cannot be read. The text names the program, or the reason."""


class Sources(NamedTuple):
    """What the endpoints read from. archive: None without a log; captures: folder of frozen CAN logs."""

    state: LiveState
    commands: Commands
    archive: Archive | None
    captures: Path


class ConcurrencyLimit:
    """A counter with a limit, so that streams and downloads cannot occupy every thread of the server."""

    def __init__(self, seats: int) -> None:
        self._free = threading.Semaphore(seats)

    def take(self) -> bool:
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


def rest(sources: Sources, streams: int, stream_life_s: float) -> Blueprint:
    """The blueprint of all endpoints."""
    doors = Blueprint("rest", __name__, url_prefix="/api/v1")
    state, commands = sources.state, sources.commands
    seats, downloads = ConcurrencyLimit(streams), ConcurrencyLimit(DOWNLOADS)

    @doors.errorhandler(BadRequestError)
    @doors.errorhandler(BadCommandError)
    def bad(error: BadRequestError | BadCommandError) -> Response:
        return refusal(error.sentence, 400)

    @doors.errorhandler(UnknownYetError)
    def unknown(error: Exception) -> Response:
        return refusal(str(error), 503)

    @doors.get("/state")
    def get_state() -> Response:
        return Response(state.document(language=asked())[1], mimetype="application/json")

    @doors.get("/health")
    def get_health() -> Response:
        return jsonify(health(state.document()[0]))

    @doors.get("/openapi.json")
    def get_openapi() -> Response:
        return jsonify(document())

    @doors.get("/stream")
    def get_stream() -> Response:
        if not seats.take():
            return refusal(f"all {streams} live streams are taken; poll /api/v1/state instead", 503, RETRY_S)
        response = Response(_events(state, stream_life_s, g.may_still_look, asked()), mimetype="text/event-stream")
        response.call_on_close(seats.leave)
        return response

    @doors.get("/settings")
    def get_settings() -> Response:
        known = state.settings
        if known is None:
            raise UnknownYetError("manager has not said yet which settings are in force")
        return jsonify({"settings": known.settings, "bounds": known.bounds, "error": known.error})

    @doors.get("/schedule")
    def get_schedule() -> Response:
        plan = _plan(state)
        known = {"schedule": plan.schedule, "source": plan.source, "error": plan.error}
        return jsonify({**known, "revision": revision(plan.schedule)})

    @doors.get("/schedule/preview")
    def get_preview() -> Response:
        plan = _plan(state)
        return jsonify(
            {"preview": plan.preview, "ready_by": plan.ready_by, "error": plan.error, "assumed": plan.assumed}
        )

    @doors.get("/plan")
    def get_plan() -> Response:
        if state.money_plan is None:
            raise UnknownYetError("manager has not said yet what its plan is")
        return jsonify({"plan": in_language(asdict(state.money_plan), asked())})

    @doors.get("/plan/days")
    def get_plan_days() -> Response:
        days = _whole("days", 7, 1, MAX_DAYS)
        rows = _read(lambda log: log.plan_days(days), sources.archive)
        return jsonify({"days": [{**row, "simulated": ["cost_without", "saved"]} for row in rows]})

    @doors.get("/prices")
    def get_prices() -> Response:
        if state.settings is None:
            raise UnknownYetError("manager has not said yet which prices it has")
        return jsonify({"prices": {direction: _pushed(prices) for direction, prices in state.prices.items()}})

    @doors.post("/prices")
    def post_prices() -> Response:
        request.max_content_length = MOST_PRICES_B
        named = {name: value for name, value in request.args.items() if name != "lang"}
        try:
            pushed = price_shapes.read({**_body(), **named}, datetime.now(UTC))
        except price_shapes.PriceError as error:
            raise BadRequestError(error.args[0]) from error
        return answer(commands.send("prices", {direction: prices.as_json() for direction, prices in pushed.items()}))

    @doors.post("/trips")
    def post_trips() -> Response:
        body = _body()
        text, soc_pct = body.get("ics"), body.get("soc_pct")
        if not SOC.fits(soc_pct) and soc_pct is not None:
            raise BadRequestError(f"soc_pct = {shown(soc_pct)} is not {SOC}")
        if text is None:
            return answer(commands.send("trips", {"trips": body.get("trips")}))
        if not isinstance(text, str):
            raise BadRequestError(f"ics = {shown(text)} is not the text of a calendar file")
        there = owners_zone(state)
        try:
            found = read_trips(text, datetime.now(UTC), there, soc_pct)
        except CalendarError as error:
            raise BadRequestError(f"ics: {error}") from error
        reply = commands.send("trips", {"trips": [trip.as_json(there) for trip in found.trips]})
        if reply is not None and reply.ok and found.not_used():
            said = say("answer.trips_left_out", text=reply.text, left_out=found.not_used())
            reply = replace(reply, text=said)
        return answer(reply)

    @doors.post("/setpoint")
    def post_setpoint() -> Response:
        values = _body()
        if g.key.kind == "token":  # the owner's name for the program that asks
            values = {"by": g.key.name[:LONGEST_NAME], **values}
        check("setpoint", values)
        return answer(commands.send("setpoint", values))

    @doors.get("/log")
    def get_log() -> Response:
        limit = _whole("limit", 100, 1, MAX_EVENTS)
        before = _whole("before", 0, 1, 2**62) or None
        rows = _read(lambda log: log.events(limit, before, _level()), sources.archive)
        return jsonify({"events": [dict(row) for row in rows]})

    @doors.get("/energy")
    def get_energy() -> Response:
        return jsonify({"days": [dict(row) for row in _days(7)]})

    @doors.get("/energy.csv")
    def get_energy_csv() -> Response:
        rows = _days(MAX_DAYS)
        return _download("v2h-energy.csv", "text/csv", lambda: csv_lines(DAY_COLUMNS, rows), downloads)

    @doors.get("/sessions")
    def get_sessions() -> Response:
        limit = _whole("limit", 50, 1, MAX_SESSIONS)
        rows = _read(lambda log: log.sessions(limit), sources.archive)
        return jsonify({"sessions": [{**row, "why": _why(row)} for row in rows]})

    @doors.get("/sessions.csv")
    def get_sessions_csv() -> Response:
        limit = _whole("limit", MAX_SESSIONS, 1, MAX_SESSIONS)
        rows = [{**row, "why": _why(row)} for row in _read(lambda log: log.sessions(limit), sources.archive)]
        return _download("v2h-sessions.csv", "text/csv", lambda: csv_lines(SESSION_COLUMNS, rows), downloads)

    def _days(usual: int) -> Sequence[Row]:
        """The days, months or years that were asked for, oldest first."""
        days, by = _whole("days", usual, 1, MAX_DAYS), request.args.get("by", "day")
        if by not in PERIODS:
            raise BadRequestError(f"by = {shown(by)} is not {one_of(PERIODS)}")
        rows: Sequence[Row] = _read(lambda log: log.days(days, by), sources.archive)
        return rows

    @doors.get("/samples")
    def get_samples() -> Response:
        span, step_s = _span()
        rows = _read(lambda log: log.samples(*span, step_s), sources.archive)
        return jsonify({"step_s": step_s, "samples": [dict(row) for row in rows]})

    @doors.get("/log.csv")
    def get_log_csv() -> Response:
        level = _level()

        def lines() -> Iterable[str]:
            pages = all_events(lambda before: _read(lambda log: log.events(MAX_EVENTS, before, level), sources.archive))
            return csv_lines(EVENT_COLUMNS, pages)

        return _download("v2h-log.csv", "text/csv", lines, downloads)

    @doors.get("/samples.csv")
    def get_samples_csv() -> Response:
        span, step_s = _span()

        def lines() -> Iterable[str]:
            return csv_lines(SAMPLE_COLUMNS, _read(lambda log: log.samples(*span, step_s), sources.archive))

        return _download("v2h-samples.csv", "text/csv", lines, downloads)

    @doors.get("/database")
    def get_database() -> Response:
        def pieces() -> Iterable[bytes]:
            return FileWrapper(_read(lambda log: log.copy(), sources.archive), PIECE_BYTES)

        return _download("v2h.sqlite3", "application/vnd.sqlite3", pieces, downloads)

    @doors.get("/captures")
    def get_captures() -> Response:
        found = [(path.name, path.stat()) for path in sorted(sources.captures.glob("*.log"))]
        return jsonify({"captures": [{"name": name, "bytes": s.st_size, "at_s": int(s.st_mtime)} for name, s in found]})

    @doors.get("/captures/<name>")
    def get_capture(name: str) -> Response:
        known = {path.name: path for path in sources.captures.glob("*.log")}
        if name not in known:
            return refusal(f"there is no capture {name!r}; GET /api/v1/captures lists them", 404)
        return send_file(known[name], "text/plain", as_attachment=True, download_name=name)

    @doors.get("/backup")
    def get_backup() -> Response:
        known, plan = state.settings, state.plan
        if known is None or plan is None:
            raise UnknownYetError("manager has not said yet which settings and schedule are in force")
        content = {"v2h_backup": BACKUP_VERSION, "version": version()}
        response = jsonify({**content, "settings": known.settings, "schedule": plan.schedule})
        response.headers["Content-Disposition"] = 'attachment; filename="v2h-backup.json"'
        return response

    @doors.post("/restore")
    def restore() -> Response:
        backup = _body()
        settings, schedule = backup.get("settings"), backup.get("schedule")
        if (
            backup.get("v2h_backup") != BACKUP_VERSION
            or not isinstance(settings, dict)
            or not isinstance(schedule, dict)
        ):
            raise BadRequestError('no backup: "v2h_backup": 1 and the objects "settings" and "schedule" are needed')
        if state.settings is None:
            raise UnknownYetError("manager has not said yet which settings are in force")
        before = state.settings.settings
        first = commands.send("settings", settings)
        if first is None or not first.ok:
            return answer(first, say("restore.nothing"))
        second = commands.send("schedule", {"schedule": schedule})
        if second is not None and second.ok:
            return answer(second)
        back = commands.send("settings", before)
        undone = back is not None and back.ok
        return answer(second, say("restore.nothing" if undone else "restore.only_settings"))

    @doors.post("/command/<name>")
    def post_command(name: str) -> Response:
        if name not in COMMANDS:
            return refusal(f"unknown command {name!r}; known: {', '.join(COMMANDS)}", 404)
        values = _body()
        check(name, values)
        return answer(commands.send(name, values))

    return doors


def _why(row: Row) -> str | None:
    """Why a session ended, in the language that was asked for."""
    why = ended(row)
    return in_language(why, asked()) if why else None


def _pushed(prices: ManagerPrices) -> dict[str, Any]:
    """As it may be posted again."""
    return {name: getattr(prices, name) for name in ("start", "step_min", "values", "pushed")}


def answer(reply: Reply | None, prefix: str = "") -> Response:
    """The response for a reply: 200 done, 400 bad values, 409 refused for another reason, 504 no reply in time."""
    text = say("command.no_answer") if reply is None else reply.text
    if prefix:
        text = say("restore.failed", what=prefix, why=text)
    if reply is None:
        return refusal(text, 504)
    text = in_language(text, asked())
    answer: dict[str, Any] = {"ok": reply.ok, "text": text, "applied": reply.applied}
    if not reply.ok:
        answer["error"] = text
    response = jsonify(answer)
    response.status_code = 200 if reply.ok else 400 if reply.bad_input else 409
    return response


def _body() -> dict[str, Any]:
    """The JSON object that was sent; {} without a body. Raises BadRequestError."""
    try:
        values = json.loads(request.get_data() or b"{}", parse_constant=_no_number)
        check_texts(values)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is no JSON that can be used: {error}") from error
    if not isinstance(values, dict):
        raise BadRequestError(f"the body must be a JSON object, not {values!r:.80}")
    return values


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _number(name: str, default: float, low: float, high: float) -> float:
    """The number in a query parameter. Raises BadRequestError."""
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return Range(low, high).read(text)
    except ValueError as expected:
        raise BadRequestError(f"{name} = {shown(text)} is not {expected}") from None


def _whole(name: str, default: int, low: int, high: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return Count(low, high).read(text)
    except ValueError as expected:
        raise BadRequestError(f"{name} = {shown(text)} is not {expected}") from None


def _level() -> str:
    level = request.args.get("level", "info")
    if level not in LEVELS:
        raise BadRequestError(f"level = {shown(level)} is not {one_of(LEVELS)}")
    return level


def _span() -> tuple[tuple[float, float], float]:
    """((from, to) in s since 1970, step in s) of the requested samples; by default the last day."""
    to_s = _number("to_s", time.time(), 0, 1e11)
    from_s = _number("from_s", to_s - DAY_S, -DAY_S, 1e11)
    step_s = _number("step_s", 300, 10, DAY_S)
    if not 0 < to_s - from_s <= step_s * MAX_SAMPLES:
        span = f"from_s = {from_s:.0f} to to_s = {to_s:.0f} in steps of {step_s:g} s"
        raise BadRequestError(f"{span} is not a span of 1 to {MAX_SAMPLES} steps")
    return (from_s, to_s), step_s


def _plan(state: LiveState) -> ManagerSchedule:
    if state.plan is None:
        raise UnknownYetError("manager has not said yet which schedule is in force")
    return state.plan


def _read(what: Any, archive: Archive | None) -> Any:
    if archive is None:
        raise UnknownYetError("there is no log here")
    try:
        return what(archive)
    except OSError as error:
        raise UnknownYetError(f"the log cannot be read: {error}") from error


def _download(
    name: str, kind: str, make: Callable[[], Iterable[str] | Iterable[bytes]], downloads: ConcurrencyLimit
) -> Response:
    """Send the content that `make` returns as a file download. The download has a seat from before `make` runs until
    everything is sent or the client is gone. The response is an iterable of pieces, which one of the server's threads
    sends, and not a file object, which the server would take over."""
    if not downloads.take():
        return refusal(f"{DOWNLOADS} downloads are running already; try again later", 503, RETRY_S)
    try:
        response = Response(make(), mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
    except BaseException:
        downloads.leave()
        raise
    response.call_on_close(downloads.leave)
    return response


def _events(state: LiveState, life_s: float, may_look: Callable[[], bool], language: Language) -> Iterator[bytes]:
    """Server-sent events until the stream is life_s old or the program ends; the browser then reconnects by itself.
    may_look is called before each event: whether the person who opened the stream may still read."""
    end = time.monotonic() + life_s
    yield b"retry: 1000\n\n"
    last: bytes | None = None
    while time.monotonic() < end:
        last = state.next_json(last, language)
        if last is None or not may_look():
            return
        yield b"data: " + last + b"\n\n"
