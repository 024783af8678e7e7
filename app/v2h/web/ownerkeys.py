"""The owner's password and what was given out on it: sessions of browsers and tokens of programs.

Kept in one file that web alone can read, as hashes only: scrypt for the password, which people choose, SHA-256 for
sessions and tokens, which are 256 random bits. A session ends when its browser logs out, when a new password is set,
or when MOST newer ones exist; a token when it is revoked or a new password is set. No secret is logged or shown twice.
"""

import hashlib
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from v2h.durable import BadFileError, read_json, set_aside, write_json
from v2h.web.passwords import Attempts, hashed, matches, parse, unfit

FILE_NAME = "owner.json"
MOST = 16
"""Sessions, and tokens, at a time."""
TOKEN_PREFIX = "v2h_"
LONGEST_NAME = 40
Kind = Literal["session", "token"]


class RefusedError(Exception):
    """No: why in words, the HTTP status for it, and after how many seconds to try again."""

    def __init__(self, sentence: str, status: int, retry_after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.status, self.retry_after_s = status, retry_after_s


@dataclass(frozen=True, slots=True)
class Key:
    """A session or a token that was given out. id: to revoke it by; name: the owner's word for a token."""

    kind: Kind
    id: str
    name: str
    hash: str


class OwnerKeys:
    """What web knows of its owner. Safe to use from several threads; looking a key up never waits for the disk.

    trouble: why the file could not be used or written, else None. One that could not be used leaves no password, so
    nothing can be changed; one that could not be written keeps, for the next start, what was revoked since.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock, self._hashing = threading.Lock(), threading.Lock()
        self._attempts = Attempts()
        self._password: str | None = None
        self._keys: dict[str, Key] = {}
        self._news: str | None = None
        self.trouble: str | None = None
        self._read()

    @property
    def has_password(self) -> bool:
        return self._password is not None

    def log_in(self, password: str, now: float) -> str:
        """A new session's secret. Raises RefusedError: wrong, too often, busy, or no password set. now: monotonic s."""
        stored = self._password
        if stored is None:
            raise RefusedError("no password is set yet", 403)
        wait_s = self._attempts.wait_s(now)
        if wait_s > 0:
            raise RefusedError(f"too many wrong passwords; try again in {wait_s:.0f} s", 429, wait_s)
        if not self._hashing.acquire(blocking=False):
            self._attempts.give_back()
            raise RefusedError("another password is being checked; try again in a few seconds", 429, 3)
        try:
            right = matches(password, stored)
        finally:
            self._hashing.release()
        if not right:
            raise RefusedError("this is not the password", 401)
        self._attempts.give_back()
        return self._give_out("session", "", stored)

    def set_password(self, password: str) -> str:
        """Set it, revoke every session and token, and open a session: its secret.

        Raises RefusedError; then everything is as before.
        """
        why = unfit(password)
        if why is not None:
            raise RefusedError(why, 400)
        if not self._hashing.acquire(blocking=False):
            raise RefusedError("another password is being checked; try again in a few seconds", 429, 3)
        try:
            stored = hashed(password)
        finally:
            self._hashing.release()
        with self._lock:
            self._save(stored, {}, None)
        self._attempts = Attempts()
        return self._give_out("session", "", stored)

    def make_token(self, name: str) -> str:
        """A token's secret, to be shown this once. Raises RefusedError."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise RefusedError(f"give the token a name of 1 to {LONGEST_NAME} letters", 400)
        if len(self.tokens()) >= MOST:
            raise RefusedError(f"there are {MOST} tokens already; revoke one first", 409)
        return self._give_out("token", name, self._password)

    def holder(self, secret: str, kind: Kind) -> Key | None:
        """The key that this secret is, None when it is none of ours or of another kind."""
        key = self._keys.get(_digest(secret))
        return key if key is not None and key.kind == kind else None

    def tokens(self) -> list[Key]:
        return [key for key in self._keys.values() if key.kind == "token"]

    def revoke(self, key_id: str) -> Key | None:
        """End a session or token; None when there is none of that id. It holds even when the disk refuses."""
        with self._lock:
            gone = next((key for key in self._keys.values() if key.id == key_id), None)
            if gone is not None:
                self._save_if_possible({digest: key for digest, key in self._keys.items() if key is not gone})
        return gone

    def take_news(self) -> str | None:
        """What happened to the password while web was not running, once: where it was set from."""
        with self._lock:
            news, self._news = self._news, None
            if news is not None:
                self._save_if_possible(self._keys)
        return news

    def _give_out(self, kind: Kind, name: str, password: str | None) -> str:
        """A browser is let in also when the disk refuses; a token that a restart would forget is not given out.

        password: the stored one that this rests on; another may have been set since it was looked at.
        """
        secret = (TOKEN_PREFIX if kind == "token" else "") + secrets.token_urlsafe(32)
        new = Key(kind, secrets.token_hex(4), name, _digest(secret))
        with self._lock:
            if password != self._password:
                raise RefusedError("a new password was set just now; log in with it", 401)
            same = [key for key in self._keys.values() if key.kind == kind]
            dropped = {key.hash for key in same[: max(0, len(same) - MOST + 1)]}
            keys = {digest: key for digest, key in self._keys.items() if digest not in dropped} | {new.hash: new}
            if kind == "token":
                self._save(password, keys, self._news)
            else:
                self._save_if_possible(keys)
        return secret

    def _save_if_possible(self, keys: dict[str, Key]) -> None:
        self._keys = keys
        try:
            self._write(self._password, keys, self._news)
        except OSError as error:
            told = f"{self._path} cannot be written ({error.strerror}): until it can, what was revoked"
            self.trouble = f"{told} works again after a restart, and who logged in since is logged out by it"

    def _save(self, password: str | None, keys: dict[str, Key], news: str | None) -> None:
        try:
            self._write(password, keys, news)
        except OSError as error:
            why = f"{self._path} cannot be written ({error.strerror}), so nothing was changed"
            raise RefusedError(why, 503) from error

    def _write(self, password: str | None, keys: dict[str, Key], news: str | None) -> None:
        write_json(self._path, record(password, list(keys.values()), news), mode=0o600)
        self._password, self._keys, self._news, self.trouble = password, keys, news, None

    def _read(self) -> None:
        try:
            data = read_json(self._path)
            keys = [Key(**key) for key in data.get("keys", [])]
            self._password, self._news = data.get("password"), data.get("news")
            if self._password is not None:
                parse(self._password)
        except BadFileError as error:
            self.trouble = str(error)
        except (ValueError, TypeError, AttributeError) as error:
            self._password = None
            self.trouble = f"{self._path}: {error}; moved aside as {set_aside(self._path)}"
        else:
            self._keys = {key.hash: key for key in keys}


def record(password: str | None, keys: list[Key], news: str | None) -> dict[str, Any]:
    """The file's content. password: as `hashed()` gives it."""
    return {"password": password, "keys": [asdict(key) for key in keys], "news": news}


def csrf_token(secret: str) -> str:
    """What a page of this session sends back with each change; another site cannot know it."""
    return hashlib.sha256(b"csrf:" + secret.encode(errors="replace")).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
