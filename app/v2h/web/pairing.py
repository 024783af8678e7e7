"""The pairing window: for two minutes after both buttons were held, one browser may set the owner's password, if the
person at the charger confirms it with a press.

The first browser that opens /pair gets a nonce and waits for a press of on/off at the panel. Only that press lets it
set the password. A second browser in the same window means that somebody else on the network asks as well, and nobody
can tell which one is the owner's: neither gets the window. auth_pages.py explains what counts as opening. All times are
monotonic seconds. The bus loop opens and confirms, request threads use the window.
"""

import hmac
import secrets
import threading
from enum import StrEnum
from typing import NamedTuple

LONGEST_S = 120.0
"""The window is never open for longer, whatever `panel` requests."""
FRESH_S = 5.0
"""A message older than that opens or confirms nothing: nobody stands at the panel any more."""


class Standing(StrEnum):
    """What the window is for one browser."""

    CLOSED = "closed"
    WAITS = "waits"  # this browser was the first; the press is missing
    OURS = "ours"  # confirmed at the panel: this browser may set the password
    CONTESTED = "contested"  # two browsers asked: nobody gets this window


class Asked(NamedTuple):
    """The answer to a browser that opens /pair. nonce: its secret, None when it does not have the window. changed:
    whether this request changed the window, so that each step is logged once."""

    standing: Standing
    nonce: str | None = None
    changed: bool = False


class Window:
    """Closed, free, waiting for the press, confirmed or contested. addresses: of the browsers that asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._nonce: str | None = None
        self._claim = ""
        self._confirmed = self._contested = False
        self.addresses: tuple[str, ...] = ()

    def open(self, said_t: float, open_s: float, now: float) -> bool:
        """Open the window for open_s, at most LONGEST_S, from said_t, when `panel` requested it. False when the request
        is older than FRESH_S or open_s is not positive; the window then stays as it was."""
        if not 0 <= now - said_t <= FRESH_S or open_s <= 0:
            return False
        with self._lock:
            self._reset(said_t + min(open_s, LONGEST_S))
        return True

    def left_s(self, now: float) -> float:
        """Seconds until the window closes; 0 when it is closed."""
        return max(0.0, self._until - now)

    def ask(self, nonce: str | None, now: float, address: str = "") -> Asked:
        """A browser opens /pair. nonce: the one that it brought."""
        with self._lock:
            if now >= self._until:
                return Asked(Standing.CLOSED)
            if self._contested:
                return Asked(Standing.CONTESTED)
            if self._nonce is None:
                self._nonce, self._claim, self.addresses = secrets.token_urlsafe(32), secrets.token_hex(4), (address,)
                return Asked(Standing.WAITS, self._nonce, changed=True)
            if self._is_ours(nonce):
                return Asked(Standing.OURS if self._confirmed else Standing.WAITS, self._nonce)
            self._contested, self._confirmed = True, False
            self.addresses = (*self.addresses, address)
            return Asked(Standing.CONTESTED, changed=True)

    def claim(self, now: float) -> str:
        """The public id of the claim that waits for the press; "" while none waits."""
        with self._lock:
            waits = now < self._until and not self._confirmed and not self._contested
            return self._claim if waits else ""

    def is_over(self, now: float) -> bool:
        """Whether no press can be for this window any more: it is closed or contested."""
        with self._lock:
            return now >= self._until or self._contested

    def confirm(self, claim: str, said_t: float, now: float) -> bool:
        """Somebody pressed on/off at said_t while the panel showed this claim. False when it is not the one that waits,
        or when the press is older than FRESH_S."""
        if not 0 <= now - said_t <= FRESH_S or not claim or claim != self.claim(now):
            return False
        with self._lock:
            self._confirmed = not self._contested
            return self._confirmed

    def owned_by(self, nonce: str | None, now: float) -> bool:
        """Whether the window is still open and this browser was confirmed at the panel."""
        with self._lock:
            return now < self._until and self._confirmed and self._is_ours(nonce)

    def close(self) -> None:
        """Close the window: it can be used only once."""
        with self._lock:
            self._reset(float("-inf"))

    def _reset(self, until: float) -> None:
        self._until, self._nonce, self._claim, self.addresses = until, None, "", ()
        self._confirmed = self._contested = False

    def _is_ours(self, nonce: str | None) -> bool:
        if nonce is None or self._nonce is None:
            return False
        return hmac.compare_digest(nonce.encode(errors="replace"), self._nonce.encode())
