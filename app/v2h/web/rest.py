"""The REST endpoints under /api/v1. They use the same names as the bus and the page.

Every refusal is {"ok": false, "error": sentence}. A value that is not known yet is refused with 503 and the name of the
program that should have reported it. GET /stream sends the same document as GET /state,
as server-sent events. Sentences are English, or in the language that ?lang= asks for. openapi.py describes the request
and response of each endpoint, and a test compares the two. The endpoints that read the log are in rest_log.py, what
all have in common in rest_requests.py.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, g, jsonify, request

from v2h import version
from v2h.bus.messages import ManagerPrices, ManagerSchedule
from v2h.bus.sentences import Language, in_language, say
from v2h.checks import shown
from v2h.config.bounds import SOC
from v2h.energy import price_shapes
from v2h.energy.calendar_file import CalendarError, read_trips
from v2h.energy.orders import LONGEST_NAME
from v2h.energy.schedule_json import revision
from v2h.web.auth import refusal
from v2h.web.commands import COMMANDS, BadCommandError, Commands, check
from v2h.web.language import asked
from v2h.web.log_source import Archive
from v2h.web.openapi import document
from v2h.web.pages import owners_zone
from v2h.web.rest_log import RETRY_S, ConcurrencyLimit, add_log
from v2h.web.rest_requests import BadRequestError, UnknownYetError, answer, json_body
from v2h.web.state import LiveState, health

BACKUP_VERSION = 1
MOST_PRICES_B = 140_000
"""Bytes of pushed prices as others write them: 14 days of quarter hours have 130,000 in the form of evcc."""


class Sources(NamedTuple):
    """What the endpoints read from. archive: None without a log; captures: folder of frozen CAN logs."""

    state: LiveState
    commands: Commands
    archive: Archive | None
    captures: Path


def rest(sources: Sources, streams: int, stream_life_s: float) -> Blueprint:
    """The blueprint of all endpoints."""
    endpoints = Blueprint("rest", __name__, url_prefix="/api/v1")
    state, commands = sources.state, sources.commands
    seats = ConcurrencyLimit(streams)

    @endpoints.errorhandler(BadRequestError)
    @endpoints.errorhandler(BadCommandError)
    def bad(error: BadRequestError | BadCommandError) -> Response:
        return refusal(error.sentence, 400)

    @endpoints.errorhandler(UnknownYetError)
    def unknown(error: Exception) -> Response:
        return refusal(str(error), 503)

    @endpoints.get("/state")
    def get_state() -> Response:
        return Response(state.document(language=asked())[1], mimetype="application/json")

    @endpoints.get("/health")
    def get_health() -> Response:
        return jsonify(health(state.document()[0]))

    @endpoints.get("/openapi.json")
    def get_openapi() -> Response:
        return jsonify(document())

    @endpoints.get("/stream")
    def get_stream() -> Response:
        if not seats.take():
            return refusal(f"all {streams} live streams are taken; poll /api/v1/state instead", 503, RETRY_S)
        response = Response(_events(state, stream_life_s, g.may_still_look, asked()), mimetype="text/event-stream")
        response.call_on_close(seats.leave)
        return response

    @endpoints.get("/settings")
    def get_settings() -> Response:
        known = state.settings
        if known is None:
            raise UnknownYetError("manager has not said yet which settings are in force")
        return jsonify({"settings": known.settings, "bounds": known.bounds, "error": known.error})

    @endpoints.get("/schedule")
    def get_schedule() -> Response:
        plan = _plan(state)
        known = {"schedule": plan.schedule, "source": plan.source, "error": plan.error}
        return jsonify({**known, "revision": revision(plan.schedule)})

    @endpoints.get("/schedule/preview")
    def get_preview() -> Response:
        plan = _plan(state)
        return jsonify(
            {"preview": plan.preview, "ready_by": plan.ready_by, "error": plan.error, "assumed": plan.assumed}
        )

    @endpoints.get("/plan")
    def get_plan() -> Response:
        if state.money_plan is None:
            raise UnknownYetError("manager has not said yet what its plan is")
        return jsonify({"plan": in_language(asdict(state.money_plan), asked())})

    @endpoints.get("/prices")
    def get_prices() -> Response:
        if state.settings is None:
            raise UnknownYetError("manager has not said yet which prices it has")
        return jsonify({"prices": {direction: _pushed(prices) for direction, prices in state.prices.items()}})

    @endpoints.post("/prices")
    def post_prices() -> Response:
        request.max_content_length = MOST_PRICES_B
        named = {name: value for name, value in request.args.items() if name != "lang"}
        try:
            pushed = price_shapes.read({**json_body(), **named}, datetime.now(UTC))
        except price_shapes.PriceError as error:
            raise BadRequestError(error.args[0]) from error
        return answer(commands.send("prices", {direction: prices.as_json() for direction, prices in pushed.items()}))

    @endpoints.post("/trips")
    def post_trips() -> Response:
        body = json_body()
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

    @endpoints.post("/setpoint")
    def post_setpoint() -> Response:
        values = json_body()
        if g.key.kind == "token":  # the owner's name for the program that asks
            values = {"by": g.key.name[:LONGEST_NAME], **values}
        check("setpoint", values)
        return answer(commands.send("setpoint", values))

    add_log(endpoints, sources.archive, sources.captures, lambda: state.losses)

    @endpoints.get("/backup")
    def get_backup() -> Response:
        known, plan = state.settings, state.plan
        if known is None or plan is None:
            raise UnknownYetError("manager has not said yet which settings and schedule are in force")
        content = {"v2h_backup": BACKUP_VERSION, "version": version()}
        response = jsonify({**content, "settings": known.settings, "schedule": plan.schedule})
        response.headers["Content-Disposition"] = 'attachment; filename="v2h-backup.json"'
        return response

    @endpoints.post("/restore")
    def restore() -> Response:
        backup = json_body()
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

    @endpoints.post("/command/<name>")
    def post_command(name: str) -> Response:
        if name not in COMMANDS:
            return refusal(f"unknown command {name!r}; known: {', '.join(COMMANDS)}", 404)
        values = json_body()
        check(name, values)
        return answer(commands.send(name, values))

    return endpoints


def _pushed(prices: ManagerPrices) -> dict[str, Any]:
    """As it may be posted again."""
    return {name: getattr(prices, name) for name in ("start", "step_min", "values", "pushed")}


def _plan(state: LiveState) -> ManagerSchedule:
    if state.plan is None:
        raise UnknownYetError("manager has not said yet which schedule is in force")
    return state.plan


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
