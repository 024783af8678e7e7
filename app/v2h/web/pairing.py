"""The pairing window: two minutes after both buttons were held, one browser may set the owner's password.

The first browser that opens /pair gets a nonce and owns the window; any other hears that it is in use. owner.py says
what counts as opening. All times are monotonic seconds. The bus loop opens it, request threads use it.
"""

import hmac
import secrets
import threading

LONGEST_S = 120.0
"""However long the panel says."""
FRESH_S = 5.0
"""A message older than that is not an opening: nobody stands at the panel any more."""


class Window:
    """Closed, open for anyone, or owned by one browser."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._nonce: str | None = None

    def open(self, said_t: float, open_s: float, now: float) -> bool:
        """The panel said at `said_t` that the window shall be open for open_s; False when that is no news any more."""
        if not 0 <= now - said_t <= FRESH_S or open_s <= 0:
            return False
        with self._lock:
            self._until, self._nonce = said_t + min(open_s, LONGEST_S), None
        return True

    def left_s(self, now: float) -> float:
        """Seconds until it closes, 0 when it is closed."""
        return max(0.0, self._until - now)

    def claim(self, nonce: str | None, now: float) -> str | None:
        """The nonce of the browser that owns the window: a new one for the first, its own for the same; None for any
        other, and when the window is closed."""
        with self._lock:
            if now >= self._until:
                return None
            if self._nonce is None:
                self._nonce = secrets.token_urlsafe(32)
                return self._nonce
            return self._nonce if self._is_ours(nonce) else None

    def owned_by(self, nonce: str | None, now: float) -> bool:
        """Whether this browser opened the window first, and it is still open."""
        with self._lock:
            return now < self._until and self._is_ours(nonce)

    def close(self) -> None:
        """At its first use."""
        with self._lock:
            self._until, self._nonce = float("-inf"), None

    def _is_ours(self, nonce: str | None) -> bool:
        if nonce is None or self._nonce is None:
            return False
        return hmac.compare_digest(nonce.encode(errors="replace"), self._nonce.encode())
