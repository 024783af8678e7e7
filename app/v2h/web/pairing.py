"""The pairing window: for two minutes after both buttons were held, one browser may set the owner's password.

The first browser that opens /pair gets a nonce and owns the window; the page shows any other browser that it is in use.
auth_pages.py explains what counts as opening. All times are monotonic seconds. The bus loop opens the window, request
threads use it.
"""

import hmac
import secrets
import threading

LONGEST_S = 120.0
"""The window is never open for longer, whatever `panel` requests."""
FRESH_S = 5.0
"""A message older than that does not open the window: nobody stands at the panel any more."""


class Window:
    """Closed, open for anyone, or owned by one browser."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._nonce: str | None = None

    def open(self, said_t: float, open_s: float, now: float) -> bool:
        """Open the window for open_s, at most LONGEST_S, from said_t, when `panel` requested it. False when the request
        is older than FRESH_S or open_s is not positive; the window then stays as it was."""
        if not 0 <= now - said_t <= FRESH_S or open_s <= 0:
            return False
        with self._lock:
            self._until, self._nonce = said_t + min(open_s, LONGEST_S), None
        return True

    def left_s(self, now: float) -> float:
        """Seconds until the window closes; 0 when it is closed."""
        return max(0.0, self._until - now)

    def claim(self, nonce: str | None, now: float) -> str | None:
        """The nonce of the browser that owns the window. The first browser gets a new one, and the same browser gets
        its own again; None for any other browser, and when the window is closed."""
        with self._lock:
            if now >= self._until:
                return None
            if self._nonce is None:
                self._nonce = secrets.token_urlsafe(32)
                return self._nonce
            return self._nonce if self._is_ours(nonce) else None

    def owned_by(self, nonce: str | None, now: float) -> bool:
        """Whether the window is still open and this browser was the first to claim it."""
        with self._lock:
            return now < self._until and self._is_ours(nonce)

    def close(self) -> None:
        """Close the window: it can be used only once."""
        with self._lock:
            self._until, self._nonce = float("-inf"), None

    def _is_ours(self, nonce: str | None) -> bool:
        if nonce is None or self._nonce is None:
            return False
        return hmac.compare_digest(nonce.encode(errors="replace"), self._nonce.encode())
