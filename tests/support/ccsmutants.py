"""Broken CCS messages, made from the vectors by chance.

PYTHONPATH=app:. .venv/bin/python -m tests.support.ccsmutants 100000 [SEED]
"""

import sys
import time
from random import Random

from tests.support.ccsvectors import all_vectors
from v2h.ccs.bits import ExiError
from v2h.ccs.exi import decode, encode


def mutant(chance: Random, data: bytes) -> bytes:
    """The message with one to four changes: a bit, a byte, the end cut off, a part repeated, bytes put in."""
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(spoilt) + 1)
        match chance.randrange(5):
            case 0 if at < len(spoilt):
                spoilt[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(spoilt):
                spoilt[at] = chance.choice((0, 255, chance.randrange(256)))
            case 2 if chance.random() < 0.3:
                del spoilt[at:]
            case 3:
                spoilt[at:at] = spoilt[at : at + chance.randint(1, 40)] * chance.randint(1, 8)
            case 4:
                spoilt[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(spoilt)


def judge_mutants(count: int, seed: int) -> tuple[int, float]:
    """Decode mutants of all vectors. Returns how many were accepted, and the longest decoding in s of processor time.

    What is accepted must be a message: it encodes, and decodes to the same. Raises whatever the codec raises, but its
    own exception.
    """
    chance, vectors = Random(seed), all_vectors()
    accepted, slowest_s = 0, 0.0
    for _ in range(count):
        vector = chance.choice(vectors)
        data = mutant(chance, vector.data)
        began = time.process_time()
        try:
            message = decode(vector.namespace, data)
        except ExiError:
            continue
        finally:
            slowest_s = max(slowest_s, time.process_time() - began)
        accepted += 1
        assert decode(vector.namespace, encode(vector.namespace, message)) == message
    return accepted, slowest_s


if __name__ == "__main__":
    wanted, chosen = int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else 1
    good, slowest = judge_mutants(wanted, chosen)
    print(
        f"{wanted} mutants: {good} accepted, all others refused by ExiError; the slowest took {1000 * slowest:.2f} ms"
    )
