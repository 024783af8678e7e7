"""The owner's password as it is stored: an scrypt hash with its own salt and cost.

Cost (RFC 7914): N = 2^14, r = 8, p = 1 needs 16 MiB while it runs, which a board of 512 MB can spare, and takes 0.05 s
on a 2.4 GHz server core; a Cortex-A8 at 1 GHz is expected to be about twenty times slower: about a second for a log-in.
Twice the memory would take twice as long. Besides, only `web` can read the file, and attempts.py limits the
attempts over the network. Each hash contains its cost, so the cost can be raised later.
"""

import hashlib
import hmac
import os
import unicodedata

from v2h.bus.sentences import Sentence, say
from v2h.config.site import PASSWORD_LENGTH

LOG2_N, R, P = 14, 8, 1
MAX_LOG2_N, MAX_R, MAX_P = 16, 16, 4
"""A stored hash that needs more than 128 MiB was not written by this program."""
SALT_BYTES, HASH_BYTES = 16, 32


def unfit(password: str) -> Sentence | None:
    """Why this cannot be the password, None when it can. The sentence does not repeat the password."""
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        return say("auth.length", count=len(password), shortest=shortest, longest=longest)
    return None


def hashed(password: str) -> str:
    """`scrypt$14$8$1$SALT$HASH`, SALT and HASH in hexadecimal, a new salt each time."""
    salt = os.urandom(SALT_BYTES)
    return f"scrypt${LOG2_N}${R}${P}${salt.hex()}${_scrypt(password, salt, LOG2_N, R, P).hex()}"


def matches(password: str, stored: str) -> bool:
    """Whether `stored` is the hash of `password`. Raises ValueError when `stored` is not a hash made by hashed()."""
    cost, salt, digest = parse(stored)
    return hmac.compare_digest(_scrypt(password, salt, *cost), digest)


def parse(stored: str) -> tuple[tuple[int, int, int], bytes, bytes]:
    """(log2 N, r, p), salt and hash. Raises ValueError when `stored` is not a hash made by hashed()."""
    kind, log2_n, r, p, salt, digest = stored.split("$")
    cost = int(log2_n), int(r), int(p)
    allowed = zip(cost, (MAX_LOG2_N, MAX_R, MAX_P), strict=True)
    if kind != "scrypt" or not all(1 <= value <= most for value, most in allowed):
        raise ValueError(f"{kind} with the cost {cost} is not one of ours")
    return cost, bytes.fromhex(salt), bytes.fromhex(digest)


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    """The scrypt hash. NFC, because phones and PCs may encode the same letter in different bytes."""
    letters = unicodedata.normalize("NFC", password).encode(errors="replace")
    n = 1 << log2_n
    return hashlib.scrypt(letters, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=HASH_BYTES)
