"""The owner's password and the credentials that were issued with it: sessions of browsers and tokens of programs.

They are kept in one file that only `web` can read, as hashes only: scrypt for the password, which a person chooses, and
SHA-256 for sessions and tokens, which are 256 random bits. A session ends when its browser logs out, when a new
password is set, or when MOST newer ones exist; a token ends when it is revoked or a new password is set. No secret is
logged or shown twice.
"""

import hashlib
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from v2h.bus.sentences import say
from v2h.runtime.atomic_file import BadFileError, read_json, set_aside, write_json
from v2h.web.attempts import Attempts
from v2h.web.passwords import hashed, matches, parse, unfit

FILE_NAME = "owner.json"
MOST = 16
"""How many sessions, and how many tokens, may exist at a time."""
TOKEN_PREFIX = "v2h_"
LONGEST_NAME = 40
Kind = Literal["session", "token"]


WRONG = 401
"""Status of the refusal of a wrong password."""


class RefusedError(Exception):
    """A refusal: the reason as a sentence, the HTTP status for it, and the seconds after which to retry."""

    def __init__(self, sentence: str, status: int, retry_after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.status, self.retry_after_s = status, retry_after_s


@dataclass(frozen=True, slots=True)
class Credential:
    """A session or a token that was issued. id: used to revoke it; name: the owner's name for a token."""

    kind: Kind
    id: str
    name: str
    hash: str


class AuthStore:
    """The owner's password and credentials. Safe to use from several threads; a lookup never waits for the disk.

    trouble: why the file could not be used or written, else None. If the file could not be used, there is no password,
    so nothing can be changed. If it could not be written, it still holds the credentials that were revoked since, and
    they are valid again after the next start.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock, self._hashing = threading.Lock(), threading.Lock()
        self.attempts = Attempts()
        self._password: str | None = None
        self._keys: dict[str, Credential] = {}
        self._news: str | None = None
        self.trouble: str | None = None
        self._read()

    @property
    def has_password(self) -> bool:
        return self._password is not None

    def log_in(self, password: str, now: float, address: str = "") -> str:
        """Return the secret of a new session. now: monotonic s. address: the caller's. Raises RefusedError when the
        password is wrong (status 401), when there were too many attempts, when another password is being checked, or
        when no password is set."""
        stored = self._password
        if stored is None:
            raise RefusedError("no password is set yet", 403)
        wait_s = self.attempts.wait_s(now, address)
        if wait_s > 0:
            raise RefusedError(f"too many wrong passwords; try again in {wait_s:.0f} s", 429, wait_s)
        if not self._hashing.acquire(blocking=False):
            self.attempts.give_back(now, address)
            raise RefusedError("another password is being checked; try again in a few seconds", 429, 3)
        try:
            right = matches(password, stored)
        finally:
            self._hashing.release()
        if not right:
            raise RefusedError("this is not the password", WRONG)
        self.attempts.give_back(now, address)
        return self._give_out("session", "", stored)

    def set_password(self, password: str) -> str:
        """Set the password, revoke every session and token, open a session and return its secret.

        Raises RefusedError; then nothing was changed.
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
        self.attempts = Attempts()
        return self._give_out("session", "", stored)

    def make_token(self, name: str) -> str:
        """Return the secret of a new token, to be shown only this once. Raises RefusedError."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise RefusedError(f"give the token a name of 1 to {LONGEST_NAME} letters", 400)
        if len(self.tokens()) >= MOST:
            raise RefusedError(f"there are {MOST} tokens already; revoke one first", 409)
        return self._give_out("token", name, self._password)

    def holder(self, secret: str, kind: Kind) -> Credential | None:
        """The key that this secret belongs to; None when the secret is unknown or the key is of another kind."""
        key = self._keys.get(_digest(secret))
        return key if key is not None and key.kind == kind else None

    def tokens(self) -> list[Credential]:
        return [key for key in self._keys.values() if key.kind == "token"]

    def revoke(self, key_id: str) -> Credential | None:
        """End a session or token; None when no key has that id. It ends even when the file cannot be written."""
        with self._lock:
            gone = next((key for key in self._keys.values() if key.id == key_id), None)
            if gone is not None:
                self._save_if_possible({digest: key for digest, key in self._keys.items() if key is not gone})
        return gone

    def take_news(self) -> str | None:
        """Where the password was set from while `web` was not running, else None. It is returned only once."""
        with self._lock:
            news, self._news = self._news, None
            if news is not None:
                self._save_if_possible(self._keys)
        return news

    def _give_out(self, kind: Kind, name: str, password: str | None) -> str:
        """Issue a session or token and return its secret. When the file cannot be written, a session is opened all the
        same, but a token is refused, because a restart would lose it.

        password: the stored one that the caller checked. Raises RefusedError when another one was set since.
        """
        secret = (TOKEN_PREFIX if kind == "token" else "") + secrets.token_urlsafe(32)
        new = Credential(kind, secrets.token_hex(4), name, _digest(secret))
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

    def _save_if_possible(self, keys: dict[str, Credential]) -> None:
        self._keys = keys
        try:
            self._write(self._password, keys, self._news)
        except OSError as error:
            self.trouble = say("owner.file_not_written", path=str(self._path), error=error.strerror)

    def _save(self, password: str | None, keys: dict[str, Credential], news: str | None) -> None:
        try:
            self._write(password, keys, news)
        except OSError as error:
            why = f"{self._path} cannot be written ({error.strerror}), so nothing was changed"
            raise RefusedError(why, 503) from error

    def _write(self, password: str | None, keys: dict[str, Credential], news: str | None) -> None:
        write_json(self._path, record(password, list(keys.values()), news), mode=0o600)
        self._password, self._keys, self._news, self.trouble = password, keys, news, None

    def _read(self) -> None:
        try:
            data = read_json(self._path)
            keys = [Credential(**key) for key in data.get("keys", [])]
            self._password, self._news = data.get("password"), data.get("news")
            if self._password is not None:
                parse(self._password)
        except BadFileError as error:
            self.trouble = str(error)
        except (ValueError, TypeError, AttributeError) as error:
            self._password = None
            aside = str(set_aside(self._path))
            self.trouble = say("owner.file_bad", path=str(self._path), error=str(error), aside=aside)
        else:
            self._keys = {key.hash: key for key in keys}


def record(password: str | None, keys: list[Credential], news: str | None) -> dict[str, Any]:
    """The file's content. password: as `hashed()` returns it."""
    return {"password": password, "keys": [asdict(key) for key in keys], "news": news}


def csrf_token(secret: str) -> str:
    """The token that a page of this session sends back with each change; another site cannot know it."""
    return hashlib.sha256(b"csrf:" + secret.encode(errors="replace")).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
