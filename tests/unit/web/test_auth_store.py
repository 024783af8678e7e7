"""The owner's password, sessions and tokens in a real file, which holds only their hashes."""

import contextlib
import json
import threading
import time
from pathlib import Path

import pytest

from v2h.web import auth_store
from v2h.web.auth_store import CLOCK_BACK_S, MOST, SESSION_S, USED_S, AuthStore, RefusedError
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
    token = keys.make_token("  home   automation ", "operate")
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


@pytest.mark.slow
def test_the_oldest_session_makes_room_and_tokens_do_not(tmp_path: Path) -> None:
    keys = AuthStore(tmp_path)
    first = keys.set_password(WORD)
    token = keys.make_token("first", "operate")
    for _ in range(MOST):
        last = keys.log_in(WORD, time.monotonic())
    assert keys.holder(first, "session") is None and keys.holder(last, "session") is not None
    for number in range(MOST - 1):
        keys.make_token(f"token {number}", "operate")
    with pytest.raises(RefusedError, match="revoke one first"):
        keys.make_token("one more", "operate")
    assert keys.holder(token, "token") is not None


def test_tokens_made_at_once_drop_no_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, free = AuthStore(tmp_path), 3
    keys.set_password(WORD)
    older = [keys.make_token(f"token {number}", "operate") for number in range(MOST - free)]
    together, made = threading.Barrier(10), list[str]()
    random = auth_store.secrets.token_hex

    def all_at_once(size: int) -> str:
        together.wait(5)
        return random(size)

    def make(number: int) -> None:
        with contextlib.suppress(RefusedError):
            made.append(keys.make_token(f"at once {number}", "operate"))

    monkeypatch.setattr(auth_store.secrets, "token_hex", all_at_once)
    threads = [threading.Thread(target=make, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(made) == free and len(keys.tokens()) == MOST
    assert all(keys.holder(secret, "token") for secret in older + made)


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"password": "plain"}',
        '{"password": 3}',
        '{"keys": [{"kind": "token"}]}',
        '{"keys": [{"kind": "token", "id": "1", "name": "x", "hash": "0", "scope": "all"}]}',
        '{"keys": 3}',
    ],
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
    token = keys.make_token("lost phone", "operate")

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


def test_a_session_ends_by_itself_and_a_token_does_not(tmp_path: Path) -> None:
    now = [1e9]
    keys = AuthStore(tmp_path, lambda: now[0])
    session, token = keys.set_password(WORD), keys.make_token("home", "read")
    for passed_s, lives in ((SESSION_S, True), (SESSION_S + 1, False), (-CLOCK_BACK_S, True), (-1e8, False)):
        now[0] = 1e9 + passed_s
        assert (keys.holder(session, "session") is not None) is lives is (keys.sessions() != [])
        assert keys.holder(token, "token") is not None
    now[0] = 1e9 + SESSION_S + 1
    keys.log_in(WORD, 0.0)
    assert session not in str(keys._keys) and len(keys._keys) == 2, (
        "what has ended leaves the file with the next log-in"
    )


def test_the_last_use_is_written_at_most_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, written = [1e9], list[float]()
    keys = AuthStore(tmp_path, lambda: now[0])
    keys.set_password(WORD)
    tokens = [keys.make_token(name, "read") for name in ("a", "b", "c")]
    write = auth_store.write_json
    monkeypatch.setattr(auth_store, "write_json", lambda *a, **k: (written.append(now[0]), write(*a, **k)))
    for minute in range(4 * 60):
        now[0] = 1e9 + 60 * minute
        assert minute >= 60 or written == [], "a new token is written with its creation; its first use can wait"
        assert keys.holder(tokens[minute % 3], "token") is not None
        keys.write_used()
    assert [token.used_s for token in keys.tokens()] == [now[0] - 120, now[0] - 60, now[0]]
    assert len(written) <= 4, "about one an hour"
    again = AuthStore(tmp_path, lambda: now[0]).tokens()
    assert all(now[0] - USED_S - 180 <= (token.used_s or 0) for token in again)


def test_credentials_of_before_there_were_scopes(tmp_path: Path) -> None:
    """Existing tokens may operate; existing sessions end a session's life after the update."""
    keys = AuthStore(tmp_path, lambda: 5.0)
    session, token = keys.set_password(WORD), keys.make_token("home", "configure")
    path = tmp_path / "owner.json"
    old = json.loads(path.read_text())
    for key in old["keys"]:
        for name in ("scope", "created_s", "used_s"):
            del key[name]
        key["of a later version"] = 3
    path.write_text(json.dumps(old))
    again = AuthStore(tmp_path, lambda: 1e9)
    (found,), (browser,) = again.tokens(), again.sessions()
    assert again.trouble is None and (found.scope, found.created_s) == ("operate", None)
    assert (browser.scope, browser.created_s) == ("configure", 1e9)
    assert again.holder(session, "session") and again.holder(token, "token")
