"""An update over the API: owner only, in pieces, in order, never beside a session; the installer is asked by a socket
(tests/support/updates.py)."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.messages import charger
from tests.support.updates import Installer, update_sources
from tests.support.webapp import WebApp, browser
from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.runtime.atomic_file import write_json
from v2h.slots.state import Condition, Slot, save
from v2h.update import progress
from v2h.update.pieces import LEAST_B, MOST_PIECE_B
from v2h.web.update_doors import UpdateSources

CONTENT = bytes(range(256)) * (LEAST_B // 256) + b"end"
STATED = {"name": "v2h.raucb", "size_b": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
HERE, UPLOAD = "/api/v1/update", "/api/v1/update/upload"


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    made = WebApp(tmp_path)
    made.state.put_charger(charger(t=time.monotonic(), state=State.IDLE, outputs=[]))
    return made


@pytest.fixture
def installer(tmp_path: Path) -> Iterator[Installer]:
    made = Installer(tmp_path / "update.sock")
    yield made
    made.close()


@pytest.fixture
def sources(tmp_path: Path) -> UpdateSources:
    return update_sources(tmp_path)


@pytest.fixture
def owner(web: WebApp, sources: UpdateSources) -> FlaskClient:
    client, header = browser(web.make(update=sources), web.session())
    client.environ_base["HTTP_X_CSRF_TOKEN"] = header["X-CSRF-Token"]
    return client


def piece(client: FlaskClient, offset_b: int, content: bytes) -> Any:
    return client.put(f"{UPLOAD}?offset_b={offset_b}", data=content, content_type="application/octet-stream")


def upload(client: FlaskClient) -> None:
    assert client.post(UPLOAD, json=STATED).status_code == 200
    for offset_b in range(0, len(CONTENT), MOST_PIECE_B):
        assert piece(client, offset_b, CONTENT[offset_b : offset_b + MOST_PIECE_B]).status_code == 200


def seen(client: FlaskClient) -> Any:
    return client.get(HERE).get_json()["update"]


def test_upload_install_and_restart(owner: FlaskClient, installer: Installer, web: WebApp, tmp_path: Path) -> None:
    upload(owner)
    assert (tmp_path / "update" / "v2h.raucb").read_bytes() == CONTENT
    assert seen(owner)["phase"] == "uploaded"
    assert owner.post(f"{HERE}/install", json={}).status_code == 200
    assert installer.asked == [["install", "v2h.raucb"]]
    write_json(tmp_path / "progress.json", progress.as_json(progress.installing("v2h.raucb", 40)))
    assert seen(owner)["text"] == "v2h.raucb is being installed: 40 %"
    assert owner.post(f"{HERE}/install", json={}).status_code == 409
    assert owner.post(UPLOAD, json=STATED).status_code == 409
    (tmp_path / "update" / "v2h.raucb").unlink()
    (tmp_path / "update" / "statement.json").unlink()
    write_json(tmp_path / "progress.json", progress.as_json(progress.installed("2")))
    assert seen(owner)["phase"] == "installed"
    assert owner.post(f"{HERE}/restart", json={}).status_code == 200
    assert installer.asked[-1] == ["restart", ""]
    assert [code for _, code, _ in web.events] == ["update-ordered", "restart-ordered"]


def test_what_is_in_force_and_what_the_other_slot_holds(
    owner: FlaskClient, installer: Installer, tmp_path: Path
) -> None:
    assert seen(owner)["other"] == {"version": "0", "state": "bad", "back": False, "unread": True}
    assert seen(owner)["possible"]
    assert seen(owner)["development_key"] is None
    (tmp_path / "development-key").touch()
    assert "Do not pass such a card on" in seen(owner)["development_key"]


def test_an_upload_that_broke_off_goes_on(owner: FlaskClient, installer: Installer) -> None:
    owner.post(UPLOAD, json=STATED)
    piece(owner, 0, CONTENT[:1000])
    assert owner.post(UPLOAD, json=STATED).get_json()["applied"]["have_b"] == 1000
    wrong = piece(owner, 0, CONTENT[:1000])
    assert wrong.status_code == 409 and wrong.get_json()["applied"] == {"have_b": 1000}
    assert seen(owner)["text"] == "0.0 of 1.0 MB of v2h.raucb are there"


@pytest.mark.parametrize("state", [State.ENERGY, State.LOCK, State.SAFE])
def test_nothing_is_installed_beside_a_session(
    owner: FlaskClient, installer: Installer, web: WebApp, state: State
) -> None:
    upload(owner)
    web.state.put_charger(charger(t=time.monotonic(), state=state))
    refused = owner.post(f"{HERE}/install", json={})
    assert refused.status_code == 409 and "There is a session with the car" in refused.get_json()["error"]
    assert installer.asked == []


def test_a_silent_charger_may_have_a_session(owner: FlaskClient, installer: Installer, web: WebApp) -> None:
    upload(owner)
    web.state.put_charger(charger(t=time.monotonic() - 60, state=State.IDLE, outputs=[]))
    assert owner.post(f"{HERE}/install", json={}).status_code == 409 and installer.asked == []


def test_what_the_installer_refuses_is_said(owner: FlaskClient, installer: Installer, web: WebApp) -> None:
    upload(owner)
    installer.answer = say("update.two_cards")
    refused = owner.post(f"{HERE}/install?lang=de", json={})
    assert refused.status_code == 409 and refused.get_json()["error"].startswith("Zwei Datenträger")
    assert web.events == []


def test_a_restart_needs_an_installed_update(owner: FlaskClient, installer: Installer) -> None:
    assert owner.post(f"{HERE}/restart", json={}).status_code == 409 and installer.asked == []


def slots(folder: Path, beside: Slot) -> None:
    save({2: Slot("1", Condition.GOOD, confirmed=True), 3: beside}, folder / "slot.json")


def test_the_owner_goes_back_to_a_version_that_has_run_well(
    owner: FlaskClient, installer: Installer, web: WebApp, tmp_path: Path
) -> None:
    assert owner.post(f"{HERE}/back", json={}).status_code == 409 and installer.asked == []
    assert "Go back to version" not in owner.get("/settings").get_data(as_text=True)
    slots(tmp_path, Slot("0", Condition.GOOD, confirmed=True))
    assert "Go back to version 0" in owner.get("/settings").get_data(as_text=True)
    assert owner.post(f"{HERE}/back", json={}).status_code == 200 and installer.asked == [["back", ""]]
    assert [code for _, code, _ in web.events] == ["back-ordered"]
    web.state.put_charger(charger(t=time.monotonic(), state=State.ENERGY))
    assert owner.post(f"{HERE}/back", json={}).status_code == 409 and len(installer.asked) == 1


def test_the_owner_has_read_why_a_version_was_given_up(
    owner: FlaskClient, installer: Installer, tmp_path: Path
) -> None:
    assert "I have read this" in owner.get("/settings").get_data(as_text=True)
    assert "why version 0 was given up" in owner.post(f"{HERE}/read", json={}).get_json()["text"]
    assert installer.asked == [["read", ""]]
    slots(tmp_path, Slot("0", Condition.BAD, read=True))
    assert "I have read this" not in owner.get("/settings").get_data(as_text=True)
    assert owner.post(f"{HERE}/read", json={}).status_code == 409 and len(installer.asked) == 1


def test_nothing_is_taken_in_where_nothing_could_be_installed(owner: FlaskClient, tmp_path: Path) -> None:
    assert owner.post(UPLOAD, json=STATED).get_json()["error"].startswith("This machine cannot be updated")
    assert not (tmp_path / "update").exists() and not seen(owner)["possible"]


@pytest.mark.parametrize("scope", ["read", "operate"])
def test_a_lesser_token_may_not(web: WebApp, sources: UpdateSources, installer: Installer, scope: str) -> None:
    client, header = web.make(update=sources).test_client(), web.token(scope)
    assert client.post(UPLOAD, json=STATED, headers=header).status_code == 403
    put = client.put(UPLOAD, data=b"x", headers=header, content_type="application/octet-stream")
    assert put.status_code == 403 and client.post(f"{HERE}/install", json={}, headers=header).status_code == 403


def test_a_stranger_sees_nothing(web: WebApp, sources: UpdateSources, installer: Installer) -> None:
    client = web.make(update=sources).test_client()
    web.session()
    assert client.get(HERE).status_code == 401 and client.post(UPLOAD, json=STATED).status_code == 401


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_piece_in_a_type_that_a_form_can_send_is_refused(
    owner: FlaskClient, installer: Installer, kind: str | None
) -> None:
    owner.post(UPLOAD, json=STATED)
    assert owner.put(f"{UPLOAD}?offset_b=0", data=b"x", content_type=kind).status_code == 415
    assert seen(owner)["upload"]["have_b"] == 0


def test_a_piece_needs_its_offset(owner: FlaskClient, installer: Installer) -> None:
    owner.post(UPLOAD, json=STATED)
    missing = owner.put(UPLOAD, data=b"x", content_type="application/octet-stream")
    assert missing.status_code == 409 and missing.get_json()["applied"] == {"have_b": 0}


def test_the_page_shows_the_section_to_an_owner_of_a_card_only(
    owner: FlaskClient, installer: Installer, web: WebApp, sources: UpdateSources, tmp_path: Path
) -> None:
    shown = owner.get("/settings").get_data(as_text=True)
    assert "Upload and install" in shown and "The other slot of the card holds version 0" in shown
    assert "Start the charger again" not in shown and "Development key" not in shown
    assert "Upload and install" not in web.make(update=sources).test_client().get("/settings").get_data(as_text=True)
    (tmp_path / "development-key").touch()
    write_json(tmp_path / "progress.json", progress.as_json(progress.installed("2")))
    shown = owner.get("/settings?lang=de").get_data(as_text=True)
    assert "Das Ladegerät neu starten" in shown and "Entwicklungsschlüssel" in shown
    assert "Version 2 ist installiert" in shown


def test_a_desk_has_no_such_section(owner: FlaskClient) -> None:
    assert "update.js" not in owner.get("/settings").get_data(as_text=True)
