"""The owner's password as it is kept: an scrypt hash with its own salt and cost, and how often one may try.

Cost (RFC 7914): N = 2^14, r = 8, p = 1 takes 16 MiB for the moment, which a board of 512 MB has to spare, and 0.05 s on
a 2.4 GHz server core; a Cortex-A8 at 1 GHz is expected to be some twenty times slower: about a second for a log-in.
Twice the memory would be twice the wait. Besides, web alone can read the file, and attempts over the network are few
(`Attempts`). The cost stands in each hash, so it can be raised later.
"""

import hashlib
import hmac
import os
import threading
import unicodedata

from v2h.config import PASSWORD_LENGTH

LOG2_N, R, P = 14, 8, 1
MAX_LOG2_N, MAX_R, MAX_P = 16, 16, 4
"""A stored hash that asks for more than 128 MiB was not written here."""
SALT_BYTES, HASH_BYTES = 16, 32
BURST = 5
PAUSE_S = 30.0


def unfit(password: str) -> str | None:
    """Why this cannot be the password, None when it can. The sentence does not repeat it."""
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        return f"the password has {len(password)} characters; it needs {shortest} to {longest}"
    return None


def hashed(password: str) -> str:
    """`scrypt$14$8$1$SALT$HASH`, SALT and HASH in hexadecimal, a new salt each time."""
    salt = os.urandom(SALT_BYTES)
    return f"scrypt${LOG2_N}${R}${P}${salt.hex()}${_scrypt(password, salt, LOG2_N, R, P).hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether `password` made `stored`. Raises ValueError when `stored` is no such hash."""
    cost, salt, digest = parse(stored)
    return hmac.compare_digest(_scrypt(password, salt, *cost), digest)


def parse(stored: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    """(log2 N, r, p), salt and hash. Raises ValueError when `stored` is nothing that hashed() gives."""
    kind, log2_n, r, p, salt, digest = stored.split("$")
    cost = int(log2_n), int(r), int(p)
    allowed = zip(cost, (MAX_LOG2_N, MAX_R, MAX_P), strict=True)
    if kind != "scrypt" or not all(1 <= value <= most for value, most in allowed):
        raise ValueError(f"{kind} with the cost {cost} is not one of ours")
    return cost, bytes.fromhex(salt), bytes.fromhex(digest)


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    """Phones and PCs may write the same letter in different bytes, hence NFC."""
    letters = unicodedata.normalize("NFC", password).encode(errors="replace")
    n = 1 << log2_n
    return hashlib.scrypt(letters, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=HASH_BYTES)


class Attempts:
    """How often a password may be tried, by all callers together: BURST at once, then one each PAUSE_S. Monotonic s."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spent, self._counted_t = 0.0, 0.0

    def wait_s(self, now: float) -> float:
        """Take one attempt: 0 when it is granted, else how long until the next one is."""
        with self._lock:
            self._spent = max(0.0, self._spent - (now - self._counted_t) / PAUSE_S)
            self._counted_t = now
            if self._spent > BURST - 1:
                return (self._spent - (BURST - 1)) * PAUSE_S
            self._spent += 1
            return 0.0

    def give_back(self) -> None:
        """It was right: it counts for nothing."""
        with self._lock:
            self._spent = max(0.0, self._spent - 1)
