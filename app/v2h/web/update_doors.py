"""The endpoints of an update: what is in force, the upload in pieces, the installation, the restart. Owner only.

The pieces are the only bodies that are not JSON. The installer is another program (v2h.oneshot.install_update); here it
is asked, after it is certain that there is no session with the car.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify, request

from v2h import version
from v2h.bus.messages import ChargerState
from v2h.bus.sentences import Sentence, in_language, say
from v2h.runtime.atomic_file import BadFileError, read_json
from v2h.slots import state as slot_state
from v2h.slots.mbr import other, running_slot
from v2h.slots.state import Condition
from v2h.update.allowed import check_rest
from v2h.update.progress import Phase
from v2h.update.refusals import RefusedError
from v2h.update.shell import door
from v2h.update.shell.parts import Parts, Upload
from v2h.web.language import asked
from v2h.web.owner_answers import Tell
from v2h.web.rest_requests import BadRequestError, json_body, whole

FURTHEST_B = 2**31
DEVELOPMENT = Path("/usr/lib/v2h/development-key")
"""The build of the card puts this file there when the keyring holds a development key (image/steps/finish)."""


class UpdateSources(NamedTuple):
    """parts: the upload. socket, progress: of the installer. slots: slot.json. command_line: the kernel's."""

    parts: Parts
    socket: Path = door.SOCKET
    progress: Path = door.PROGRESS
    slots: Path = slot_state.PATH
    command_line: Path = Path("/proc/cmdline")
    development: Path = DEVELOPMENT

    @property
    def possible(self) -> bool:
        """Whether this machine can be updated: systemd keeps the installer's socket on a card only."""
        return self.socket.is_socket()


def known(sources: UpdateSources) -> dict[str, Any]:
    """What the page and the API show. "other": version and state of the slot that does not run, None when no slot runs;
    its "back": whether an order can start it; its "unread": whether the owner has to read why it was given up.
    "upload": name, size_b, have_b and whole; None without one. "phase", "text": of the upload or the installation."""
    upload, report = sources.parts.seen(), door.reported(sources.progress)
    phase, said = report.phase.value, report.said
    if upload is not None and report.phase != Phase.INSTALLING:
        phase, said = ("uploaded" if upload.whole else "uploading"), _of(upload)
    return {
        "version": version(),
        "possible": sources.possible,
        "other": _other(sources),
        "upload": None if upload is None else _upload(upload) | {"name": upload.stated.name},
        "phase": phase,
        "text": said,
        "development_key": say("update.development") if sources.development.exists() else None,
    }


def _of(upload: Upload) -> Sentence:
    if upload.whole:
        return say("update.uploaded", name=upload.stated.name)
    have_mb, size_mb = upload.have_b / 1e6, upload.stated.size_b / 1e6
    return say("update.uploading", name=upload.stated.name, have_mb=have_mb, size_mb=size_mb)


def _upload(upload: Upload) -> dict[str, Any]:
    return {"have_b": upload.have_b, "size_b": upload.stated.size_b, "whole": upload.whole}


def _other(sources: UpdateSources) -> dict[str, Any] | None:
    try:
        running = running_slot(sources.command_line.read_text())
        slots = slot_state.decode(read_json(sources.slots, move_bad=False))
    except (OSError, BadFileError):
        return None
    if running is None:
        return None
    slot = slots[other(running)]
    return {
        "version": slot.version,
        "state": slot.condition.value,
        "back": slot.proven,
        "unread": slot.condition is Condition.BAD and not slot.read,
    }


def update_doors(sources: UpdateSources, charger: Callable[[], ChargerState | None], tell: Tell) -> Blueprint:
    """charger: the last report of `charger`. tell: publishes an event."""
    doors = Blueprint("update", __name__, url_prefix="/api/v1/update")

    @doors.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        said = in_language(error.sentence, asked())
        applied = {} if error.go_on_b is None else {"have_b": error.go_on_b}
        response = jsonify({"ok": False, "error": said, "text": said, "applied": applied})
        response.status_code = 400 if error.bad_input else 409
        return response

    @doors.errorhandler(BadRequestError)
    def bad(error: BadRequestError) -> Response:
        response = jsonify({"ok": False, "error": in_language(error.sentence, asked())})
        response.status_code = 400
        return response

    @doors.get("")
    def get_update() -> Response:
        return jsonify({"update": in_language(known(sources), asked())})

    @doors.post("/upload")
    def post_statement() -> Response:
        values = json_body()
        _on_a_card(sources)
        _not_while_installing(sources)
        upload = sources.parts.state(values)
        return _done(_of(upload), _upload(upload))

    @doors.put("/upload")
    def put_piece() -> Response:
        offset_b = whole("offset_b", -1, 0, FURTHEST_B)
        _on_a_card(sources)
        _not_while_installing(sources)
        upload = sources.parts.put(offset_b, request.get_data())
        return _done(_of(upload), _upload(upload))

    @doors.post("/install")
    def post_install() -> Response:
        _on_a_card(sources)
        _not_while_installing(sources)
        upload = sources.parts.seen()
        if upload is None or not upload.whole:
            raise RefusedError(say("update.not_whole"))
        _at_rest(charger())
        name = upload.stated.name
        door.ask(door.INSTALL, name, sources.socket)
        tell("warning", "update-ordered", say("update.ordered", name=name, address=request.remote_addr or ""))
        return _done(say("update.installing", name=name, pct=0), {"name": name})

    @doors.post("/restart")
    def post_restart() -> Response:
        _on_a_card(sources)
        if door.reported(sources.progress).phase != Phase.INSTALLED:
            raise RefusedError(say("update.nothing_to_start"))
        _at_rest(charger())
        tell("warning", "restart-ordered", say("update.restart_ordered", address=request.remote_addr or ""))
        door.ask(door.RESTART, path=sources.socket)
        return _done(say("update.restarting"), {})

    @doors.post("/back")
    def post_back() -> Response:
        _on_a_card(sources)
        _not_while_installing(sources)
        beside = _other(sources)
        if beside is None or not beside["back"]:
            raise RefusedError(say("update.no_way_back"))
        _at_rest(charger())
        address = request.remote_addr or ""
        tell("warning", "back-ordered", say("update.back_ordered", address=address, version=beside["version"]))
        door.ask(door.BACK, path=sources.socket)
        return _done(say("update.restarting"), {})

    @doors.post("/read")
    def post_read() -> Response:
        _on_a_card(sources)
        beside = _other(sources)
        if beside is None or not beside["unread"]:
            raise RefusedError(say("update.nothing_to_read"))
        door.ask(door.READ, path=sources.socket)
        return _done(say("update.read", other=beside["version"] or say("slots.unknown")), {})

    return doors


def _done(said: Sentence, applied: dict[str, Any]) -> Response:
    return jsonify({"ok": True, "text": in_language(said, asked()), "applied": applied})


def _on_a_card(sources: UpdateSources) -> None:
    if not sources.possible:
        raise RefusedError(say("update.no_card"))


def _not_while_installing(sources: UpdateSources) -> None:
    if door.reported(sources.progress).phase == Phase.INSTALLING:
        raise RefusedError(say("update.installing_already"))


def _at_rest(charger: ChargerState | None) -> None:
    if charger is None:
        check_rest(None, 0.0, ())
    else:
        check_rest(charger.state, time.monotonic() - charger.t, charger.outputs)
