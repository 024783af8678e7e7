"""The owner's password and the credentials that were issued with it: sessions of browsers, tokens of programs, devices.

They are kept in one file that only `web` can read, as hashes only: scrypt for the password, which a person chooses, and
SHA-256 for the others, which are 256 random bits. A session ends after SESSION_S, when its browser logs out, when the
owner ends it on the page, when a new password is set, or when MOST newer ones exist; a token ends when it is revoked or
a new password is set. A device is a browser that has logged in before: it may do nothing, but nobody else can use up
its attempts to log in. No secret is logged or shown twice.
"""

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
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
SESSION_S = 30 * 86400
"""A browser stays logged in for so long."""
DEVICE_S = 365 * 86400
"""A browser that has logged in is known for so long."""
WAIT_S = 5.0
"""A known device waits for so long for its turn when another password is being checked."""
CLOCK_BACK_S = 86400
"""The clock may be wrong by so much at a start: a session that begins later than that in the future is not valid."""
USED_S = 3600
"""The last use of a credential is written to the card when the written one, or its creation, is older than this."""
Kind = Literal["session", "token", "device"]
Scope = Literal["read", "operate", "configure"]
SCOPES: dict[Scope, str] = {
    "read": say("scope.read"),
    "operate": say("scope.operate"),
    "configure": say("scope.configure"),
}
"""What a token may do; each scope includes those before it. A session may do everything."""

WRONG = 401
"""Status of the refusal of a wrong password."""


class RefusedError(Exception):
    """A refusal: the reason as a sentence, the HTTP status for it, and the seconds after which to retry."""

    def __init__(self, sentence: str, status: int, retry_after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status, self.retry_after_s = status, retry_after_s


@dataclass(frozen=True, slots=True)
class Credential:
    """A session, token or device. id: used to revoke it; name: the owner's name for a token, the address from
    which a session was opened. created_s, used_s: s since 1970 by this machine's clock; None when not known or never.
    """

    kind: Kind
    id: str
    name: str
    hash: str
    scope: Scope = "operate"
    created_s: int | None = None
    used_s: int | None = None

    def may(self, scope: Scope) -> bool:
        known = list(SCOPES)
        return known.index(self.scope) >= known.index(scope)

    def lives(self, now_s: float) -> bool:
        """Whether it has not ended by itself. now_s: s since 1970."""
        life_s = DEVICE_S if self.kind == "device" else SESSION_S
        return self.kind == "token" or -CLOCK_BACK_S <= now_s - (self.created_s or 0) <= life_s


class AuthStore:
    """The owner's password and credentials. Safe to use from several threads; a lookup never waits for the disk.

    trouble: why the file could not be used or written, else None. If the file could not be used, there is no password,
    so nothing can be changed. If it could not be written, it still holds the credentials that were revoked since, and
    they are valid again after the next start. clock: s since 1970.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = folder / FILE_NAME, clock
        self._lock, self._hashing = threading.Lock(), threading.Lock()
        self.attempts = Attempts()
        self._password: str | None = None
        self._keys: dict[str, Credential] = {}
        self._used: dict[str, int] = {}
        self._news: str | None = None
        self.trouble: str | None = None
        self._read()

    @property
    def has_password(self) -> bool:
        return self._password is not None

    def log_in(self, password: str, now: float, address: str = "", device: str = "") -> str:
        """Return the secret of a new session. now: monotonic s. address: the caller's. device: the secret that this
        browser got from remember(), if any. Raises RefusedError when the password is wrong (status 401), when there
        were too many attempts, when another password is being checked, or when no password is set."""
        return self._give_out("session", address, "configure", self._checked(password, now, address, device))

    def remember(self, address: str = "") -> str:
        """Return the secret by which a browser that has just logged in is known at its next log-in."""
        return self._give_out("device", address, "read", self._password)

    def set_password(self, password: str, address: str = "") -> str:
        """Set the password, revoke every session and token, open a session and return its secret.

        Raises RefusedError; then nothing was changed.
        """
        why = unfit(password)
        if why is not None:
            raise RefusedError(why, 400)
        if not self._hashing.acquire(blocking=False):
            raise RefusedError(say("auth.busy"), 429, 3)
        try:
            stored = hashed(password)
        finally:
            self._hashing.release()
        with self._lock:
            self._save(stored, {}, None)
        self.attempts = Attempts()
        return self._give_out("session", address, "configure", stored)

    def change_password(self, old: str, new: str, now: float, address: str = "", device: str = "") -> str:
        """The same for an owner who knows the old password. Raises RefusedError as log_in() and set_password() do."""
        why = unfit(new)
        if why is not None:
            raise RefusedError(why, 400)
        self._checked(old, now, address, device)
        return self.set_password(new, address)

    def make_token(self, name: str, scope: str) -> str:
        """Return the secret of a new token, to be shown only this once. scope: a key of SCOPES. Raises RefusedError."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise RefusedError(say("auth.token_name", longest=LONGEST_NAME), 400)
        known = next((each for each in SCOPES if each == scope), None)
        if known is None:
            raise RefusedError(say("auth.token_scope", scopes=", ".join(SCOPES)), 400)
        return self._give_out("token", name, known, self._password)

    def _checked(self, password: str, now: float, address: str, device: str) -> str:
        """The stored hash that this password matches. Raises RefusedError."""
        stored = self._password
        if stored is None:
            raise RefusedError(say("auth.none_set"), 403)
        known = self.holder(device, "device")
        name = "" if known is None else known.id
        wait_s = self.attempts.wait_s(now, address, name)
        if wait_s > 0:
            raise RefusedError(say("auth.too_many", wait_s=wait_s), 429, wait_s)
        if not self._hashing.acquire(timeout=WAIT_S if name else 0):
            self.attempts.give_back(now, address, name)
            raise RefusedError(say("auth.busy"), 429, 3)
        try:
            right = matches(password, stored)
        finally:
            self._hashing.release()
        if not right:
            raise RefusedError(say("auth.wrong"), WRONG)
        self.attempts.give_back(now, address, name)
        return stored

    def holder(self, secret: str, kind: Kind) -> Credential | None:
        """The key that this secret belongs to, which counts as its use; None when the secret is unknown, or the key has
        ended or is of another kind."""
        key, now_s = self._keys.get(_digest(secret)), self._clock()
        if key is None or key.kind != kind or not key.lives(now_s):
            return None
        self._used[key.id] = int(now_s)
        return key

    def tokens(self) -> list[Credential]:
        return self._listed("token")

    def sessions(self) -> list[Credential]:
        return self._listed("session")

    def revoke(self, key_id: str) -> Credential | None:
        """End a session or token; None when no key has that id. It ends even when the file cannot be written."""
        with self._lock:
            gone = next((key for key in self._keys.values() if key.id == key_id), None)
            if gone is not None:
                self._save_if_possible({digest: key for digest, key in self._keys.items() if key is not gone})
        return gone

    def end_sessions(self) -> None:
        """Log every browser out. They are logged out even when the file cannot be written."""
        with self._lock:
            self._save_if_possible({digest: key for digest, key in self._keys.items() if key.kind != "session"})

    def write_used(self) -> None:
        """Write down when credentials were used, at most once in USED_S. Not for a request's thread: it waits for the
        disk."""
        with self._lock:
            uses = [(self._used.get(key.id), key.used_s or key.created_s) for key in self._keys.values()]
            if any(used is not None and used - (written or 0) >= USED_S for used, written in uses):
                self._save_if_possible(self._keys)

    def _listed(self, kind: Kind) -> list[Credential]:
        now_s = self._clock()
        return [self._with_use(key) for key in list(self._keys.values()) if key.kind == kind and key.lives(now_s)]

    def _with_use(self, key: Credential) -> Credential:
        return replace(key, used_s=self._used.get(key.id, key.used_s))

    def take_news(self) -> str | None:
        """Where the password was set from while `web` was not running, else None. It is returned only once."""
        with self._lock:
            news, self._news = self._news, None
            if news is not None:
                self._save_if_possible(self._keys)
        return news

    def _give_out(self, kind: Kind, name: str, scope: Scope, password: str | None) -> str:
        """Issue a session or token and return its secret. When the file cannot be written, a session is opened all the
        same, but a token is refused, because a restart would lose it.

        password: the stored one that the caller checked. Raises RefusedError when another one was set since.
        """
        secret = (TOKEN_PREFIX if kind == "token" else "") + secrets.token_urlsafe(32)
        now_s = self._clock()
        new = Credential(kind, secrets.token_hex(4), name, _digest(secret), scope, int(now_s))
        with self._lock:
            if password != self._password:
                raise RefusedError(say("auth.set_just_now"), 401)
            living = {digest: key for digest, key in self._keys.items() if key.lives(now_s)}
            same = [key for key in living.values() if key.kind == kind]
            if kind == "token" and len(same) >= MOST:
                raise RefusedError(say("auth.token_count", most=MOST), 409)
            dropped = {key.hash for key in same[: max(0, len(same) - MOST + 1)]}
            keys = {digest: key for digest, key in living.items() if digest not in dropped} | {new.hash: new}
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
            why = say("auth.not_written", path=str(self._path), error=error.strerror)
            raise RefusedError(why, 503) from error

    def _write(self, password: str | None, keys: dict[str, Credential], news: str | None) -> None:
        keys = {digest: self._with_use(key) for digest, key in keys.items()}
        write_json(self._path, record(password, list(keys.values()), news), mode=0o600)
        self._password, self._keys, self._news, self.trouble = password, keys, news, None

    def _read(self) -> None:
        try:
            data = read_json(self._path)
            keys = [_credential(key, int(self._clock())) for key in data.get("keys", [])]
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


def _credential(stored: Mapping[str, Any], now_s: int) -> Credential:
    """A stored key. Keys of before there were scopes and times: a token may operate, and a session begins now. Unknown
    fields are ignored, so that an older version can read the file. Raises TypeError and ValueError."""
    known = {field.name for field in fields(Credential)}
    key = Credential(**{name: value for name, value in stored.items() if name in known})
    if key.kind == "session":
        key = replace(key, scope="configure", created_s=now_s if key.created_s is None else key.created_s)
    if key.scope not in SCOPES:
        raise ValueError(f"scope {key.scope!r} is not one of {', '.join(SCOPES)}")
    return key


def csrf_token(secret: str) -> str:
    """The token that a page of this session sends back with each change; another site cannot know it."""
    return hashlib.sha256(b"csrf:" + secret.encode(errors="replace")).hexdigest()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
