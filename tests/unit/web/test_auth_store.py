"""The owner's password, sessions and tokens in a real file, which holds only their hashes."""

import json
import threading
import time
from pathlib import Path

import pytest

from v2h.web import auth_store
from v2h.web.auth_store import MOST, AuthStore, RefusedError
from v2h.web.passwords import hashed, matches, parse

WORD = "correct horse battery"


def test_hashes_are_salted_and_match_whatever_way_a_letter_was_written() -> None:
    stored = hashed("Grüße aus der Garage")
    assert stored != hashed("Grüße aus der Garage")
    assert stored.startswith("scrypt$14$8$1$") and "Garage" not in stored
    assert matches("Gru\u0308ße aus der Garage", stored)
    assert not matches("Grusse aus der Garage", stored)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        "scrypt$14$8$1$00",
        "scrypt$40$8$1$00$00",
        "scrypt$14$8$99$00$00",
        "md5$14$8$1$00$00",
        "scrypt$a$8$1$0$0",
    ],
)
def test_what_is_no_hash_of_ours_is_refused(stored: str) -> None:
    with pytest.raises(ValueError):
        parse(stored)


def test_keys_survive_a_restart_as_hashes_only(tmp_path: Path) -> None:
    keys = AuthStore(tmp_path)
    session = keys.set_password(WORD)
    token = keys.make_token("  home   automation ")
    text = (tmp_path / "owner.json").read_text()
    assert (tmp_path / "owner.json").stat().st_mode & 0o777 == 0o600
    assert session not in text and token not in text and WORD not in text
    again = AuthStore(tmp_path)
    assert again.holder(session, "session") is not None
    found = again.holder(token, "token")
    assert found is not None and found.name == "home automation"
    assert again.holder(token, "session") is None and again.holder(session, "token") is None
    assert again.holder("", "session") is None
    assert again.log_in(WORD, 0.0) != session


def test_the_oldest_session_makes_room_and_tokens_do_not(tmp_path: Path) -> None:
    keys = AuthStore(tmp_path)
    first = keys.set_password(WORD)
    token = keys.make_token("first")
    for _ in range(MOST):
        last = keys.log_in(WORD, time.monotonic())
    assert keys.holder(first, "session") is None and keys.holder(last, "session") is not None
    for number in range(MOST - 1):
        keys.make_token(f"token {number}")
    with pytest.raises(RefusedError, match="revoke one first"):
        keys.make_token("one more")
    assert keys.holder(token, "token") is not None


def test_passwords_are_hashed_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = AuthStore(tmp_path)
    keys.set_password(WORD)
    inside, go_on = threading.Event(), threading.Event()

    def slow(password: str, stored: str) -> bool:
        inside.set()
        go_on.wait(5)
        return True

    monkeypatch.setattr(auth_store, "matches", slow)
    thread = threading.Thread(target=keys.log_in, args=(WORD, 0.0))
    thread.start()
    assert inside.wait(5)
    for attempt in (lambda: keys.log_in(WORD, 0.0), lambda: keys.set_password("another long one")):
        with pytest.raises(RefusedError, match="is being checked") as refused:
            attempt()
        assert refused.value.status == 429
    go_on.set()
    thread.join(5)


def test_a_log_in_that_was_overtaken_by_a_new_password_is_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = AuthStore(tmp_path)
    keys.set_password(WORD)

    def overtaken(password: str, stored: str) -> bool:
        keys._save(hashed("another long one"), {}, None)
        return True

    monkeypatch.setattr(auth_store, "matches", overtaken)
    with pytest.raises(RefusedError, match="a new password was set"):
        keys.log_in(WORD, 0.0)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"password": "plain"}', '{"password": 3}', '{"keys": [{"kind": "token"}]}', '{"keys": 3}']
)
def test_a_bad_file_is_moved_aside_and_closes_every_door(tmp_path: Path, content: str) -> None:
    (tmp_path / "owner.json").write_text(content)
    keys = AuthStore(tmp_path)
    assert not keys.has_password and keys.tokens() == [] and keys.trouble is not None
    assert (tmp_path / "owner.json.bad").read_text() == content
    with pytest.raises(RefusedError):
        keys.log_in("", 0.0)
    keys.set_password(WORD)
    assert json.loads((tmp_path / "owner.json").read_text())["password"].startswith("scrypt$")


def test_a_revocation_that_could_not_be_written_down_is_told_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = AuthStore(tmp_path)
    keys.set_password(WORD)
    token = keys.make_token("lost phone")

    def refuses(path: Path, value: object, mode: int) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(auth_store, "write_json", refuses)
        keys.revoke(keys.tokens()[0].id)
        assert keys.holder(token, "token") is None
        assert keys.trouble is not None and "Read-only file system" in keys.trouble
        assert "nothing was changed" not in keys.trouble and "works again after a restart" in keys.trouble
        assert AuthStore(tmp_path).holder(token, "token") is not None, "which is what the sentence says"
    keys.log_in(WORD, 0.0)
    assert keys.trouble is None and AuthStore(tmp_path).holder(token, "token") is None
