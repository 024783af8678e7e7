"""The REST endpoints that read the log: events, totals, sessions, samples, captures, and the files to download.

An empty log is an empty list. A log that is not there, or cannot be read, is refused with 503.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request, send_file
from werkzeug.wsgi import FileWrapper

from v2h.bus.messages import LEVELS, ConverterLosses
from v2h.bus.sentences import in_language
from v2h.checks import one_of, shown
from v2h.web.auth import refusal
from v2h.web.download import DAY_COLUMNS, EVENT_COLUMNS, SAMPLE_COLUMNS, SESSION_COLUMNS, all_events, csv_lines
from v2h.web.language import asked
from v2h.web.log_source import CAPTURES, Archive, Row, kept_captures
from v2h.web.openapi import MAX_DAYS, MAX_EVENTS, MAX_SAMPLES, MAX_SESSIONS, PERIODS
from v2h.web.rest_requests import BadRequestError, UnknownYetError, number, whole
from v2h.web.view.money import ended

RETRY_S = 60
DOWNLOADS = 2
PIECE_BYTES = 65536
DAY_S = 86400.0


class ConcurrencyLimit:
    """A counter with a limit, so that streams and downloads cannot occupy every thread of the server."""

    def __init__(self, seats: int) -> None:
        self._free = threading.Semaphore(seats)

    def take(self) -> bool:
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


def add_log(
    endpoints: Blueprint,
    archive: Archive | None,
    captures: Path,
    losses: Callable[[], ConverterLosses | None],
) -> None:
    """Add the endpoints. archive: None without a log; captures: the folder of frozen CAN logs; losses: what datalog has
    last reported of the converter."""
    downloads = ConcurrencyLimit(DOWNLOADS)

    @endpoints.get("/log")
    def get_log() -> Response:
        limit = whole("limit", 100, 1, MAX_EVENTS)
        before = whole("before", 0, 1, 2**62) or None
        rows = _read(lambda log: log.events(limit, before, _level()), archive)
        return jsonify({"events": [dict(row) for row in rows]})

    @endpoints.get("/energy")
    def get_energy() -> Response:
        known = losses()
        return jsonify({"days": [dict(row) for row in _days(7)], "losses": None if known is None else _losses(known)})

    @endpoints.get("/energy.csv")
    def get_energy_csv() -> Response:
        rows = _days(MAX_DAYS)
        return _download("v2h-energy.csv", "text/csv", lambda: csv_lines(DAY_COLUMNS, rows), downloads)

    @endpoints.get("/sessions")
    def get_sessions() -> Response:
        limit = whole("limit", 50, 1, MAX_SESSIONS)
        rows = _read(lambda log: log.sessions(limit), archive)
        return jsonify({"sessions": [{**row, "why": _why(row)} for row in rows]})

    @endpoints.get("/sessions.csv")
    def get_sessions_csv() -> Response:
        limit = whole("limit", MAX_SESSIONS, 1, MAX_SESSIONS)
        rows = [{**row, "why": _why(row)} for row in _read(lambda log: log.sessions(limit), archive)]
        return _download("v2h-sessions.csv", "text/csv", lambda: csv_lines(SESSION_COLUMNS, rows), downloads)

    def _days(usual: int) -> Sequence[Row]:
        """The days, months or years that were asked for, oldest first."""
        days, by = whole("days", usual, 1, MAX_DAYS), request.args.get("by", "day")
        if by not in PERIODS:
            raise BadRequestError(f"by = {shown(by)} is not {one_of(PERIODS)}")
        rows: Sequence[Row] = _read(lambda log: log.days(days, by), archive)
        return rows

    @endpoints.get("/plan/days")
    def get_plan_days() -> Response:
        days = whole("days", 7, 1, MAX_DAYS)
        rows = _read(lambda log: log.plan_days(days), archive)
        return jsonify({"days": [{**row, "simulated": ["cost_without", "saved"]} for row in rows]})

    @endpoints.get("/samples")
    def get_samples() -> Response:
        span, step_s = _span()
        rows = _read(lambda log: log.samples(*span, step_s), archive)
        return jsonify({"step_s": step_s, "samples": [dict(row) for row in rows]})

    @endpoints.get("/log.csv")
    def get_log_csv() -> Response:
        level = _level()

        def lines() -> Iterable[str]:
            pages = all_events(lambda before: _read(lambda log: log.events(MAX_EVENTS, before, level), archive))
            return csv_lines(EVENT_COLUMNS, pages)

        return _download("v2h-log.csv", "text/csv", lines, downloads)

    @endpoints.get("/samples.csv")
    def get_samples_csv() -> Response:
        span, step_s = _span()

        def lines() -> Iterable[str]:
            return csv_lines(SAMPLE_COLUMNS, _read(lambda log: log.samples(*span, step_s), archive))

        return _download("v2h-samples.csv", "text/csv", lines, downloads)

    @endpoints.get("/database")
    def get_database() -> Response:
        def pieces() -> Iterable[bytes]:
            return FileWrapper(_read(lambda log: log.copy(), archive), PIECE_BYTES)

        return _download("v2h.sqlite3", "application/vnd.sqlite3", pieces, downloads)

    @endpoints.get("/captures")
    def get_captures() -> Response:
        found = [(path.name, path.stat()) for path in kept_captures(captures)]
        return jsonify({"captures": [{"name": name, "bytes": s.st_size, "at_s": int(s.st_mtime)} for name, s in found]})

    @endpoints.get("/captures/<name>")
    def get_capture(name: str) -> Response:
        known = {path.name: path for path in kept_captures(captures)}
        if name not in known:
            return refusal(f"there is no capture {name!r}; GET /api/v1/captures lists them", 404)
        return send_file(known[name], CAPTURES[known[name].suffix], as_attachment=True, download_name=name)


def _losses(known: ConverterLosses) -> dict[str, Any]:
    """What an estimate of the mains' side rests on."""
    names = ("own_w", "share", "full_share", "steps", "efficiency_pct")
    return {name: getattr(known, name) for name in names}


def _why(row: Row) -> str | None:
    """Why a session ended, in the language that was asked for."""
    why = ended(row)
    return in_language(why, asked()) if why else None


def _level() -> str:
    level = request.args.get("level", "info")
    if level not in LEVELS:
        raise BadRequestError(f"level = {shown(level)} is not {one_of(LEVELS)}")
    return level


def _span() -> tuple[tuple[float, float], float]:
    """((from, to) in s since 1970, step in s) of the requested samples; by default the last day."""
    to_s = number("to_s", time.time(), 0, 1e11)
    from_s = number("from_s", to_s - DAY_S, -DAY_S, 1e11)
    step_s = number("step_s", 300, 10, DAY_S)
    if not 0 < to_s - from_s <= step_s * MAX_SAMPLES:
        span = f"from_s = {from_s:.0f} to to_s = {to_s:.0f} in steps of {step_s:g} s"
        raise BadRequestError(f"{span} is not a span of 1 to {MAX_SAMPLES} steps")
    return (from_s, to_s), step_s


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
