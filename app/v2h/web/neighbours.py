"""What other controllers ask the page's server for: /metrics for Prometheus, evcc's faces, the plan as a calendar."""

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, Response, jsonify, request

from v2h.bus.messages import Reply
from v2h.gateway import calendar_feed, evcc, prometheus
from v2h.gateway.orders import BadOrderError
from v2h.web.auth import METRICS, refusal
from v2h.web.commands import Commands
from v2h.web.state import LiveState

CARD = Path("/sys/block/mmcblk0/stat")
WRITTEN, SECTOR_BYTES = 6, 512
"""Sectors written are the seventh figure, of 512 bytes each (Documentation/block/stat.rst of the kernel)."""
LONGEST_BODY = 100


def neighbours(state: LiveState, commands: Commands, answer: Callable[[Reply | None], Response]) -> Blueprint:
    """answer: makes the response for a reply, as for a command."""
    doors = Blueprint("neighbours", __name__)
    lock = threading.Lock()
    known = [evcc.Evcc()]

    @doors.get(METRICS)
    def get_metrics() -> Response:
        counted = prometheus.Counted(state.faults, state.alive, _written_bytes())
        found = prometheus.metrics(state.house(), counted, time.monotonic())
        return Response(prometheus.exposition(found), content_type=prometheus.CONTENT_TYPE)

    @doors.get("/api/v1/evcc")
    def get_evcc() -> Response:
        return jsonify(evcc.reading(known[0], state.house(), time.monotonic()))

    @doors.put("/api/v1/evcc/<name>")
    def put_evcc(name: str) -> Response:
        if name not in evcc.NAMES:
            return refusal(f"there is no {name!r} for evcc; known: {', '.join(evcc.NAMES)}", 404)
        try:
            with lock:
                known[0], order = evcc.asked(known[0], name, _scalar(), state.house(), time.monotonic())
        except BadOrderError as error:
            return refusal(str(error), 400)
        return answer(commands.send(order.name, order.values))

    @doors.get("/api/v1/schedule/preview.ics")
    def get_calendar() -> Response:
        house = state.house()
        if house.schedule is None:
            return refusal("manager has not said yet which schedule is in force", 503)
        made = calendar_feed.calendar(house.schedule, house.site, datetime.now(UTC))
        return Response(made, content_type=calendar_feed.CONTENT_TYPE)

    return doors


def _scalar() -> str:
    """The value that evcc's http plugin sends as the body. Raises BadOrderError."""
    body = request.get_data()
    try:
        value = json.loads(body) if len(body) <= LONGEST_BODY else None
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return str(value)
    raise BadOrderError("the body is not one JSON value: true, false or a number")


def _written_bytes() -> int | None:
    try:
        return int(CARD.read_text().split()[WRITTEN]) * SECTOR_BYTES
    except (OSError, ValueError, IndexError):
        return None
