"""Makes the CCS campaign quick: the codec is pure, so its answers are remembered, and nothing else changes."""

from functools import lru_cache

from v2h.ccs import exi

REMEMBERED = 20_000
_PLAIN_DECODE, _PLAIN_ENCODE = exi.decode, exi.encode
_encoded: dict[tuple[str, str, bytes | None, str], bytes] = {}


def _encode(namespace: str, message: exi.Message) -> bytes:
    key = (namespace, message.name, message.session, repr(message.fields))
    known = _encoded.get(key) if message.notification is None else None
    if known is None:
        known = _PLAIN_ENCODE(namespace, message)
        if message.notification is None:
            if len(_encoded) >= REMEMBERED:
                _encoded.clear()
            _encoded[key] = known
    return known


def remember() -> None:
    """The programs call the codec by its module, so one place is enough. An exception is not remembered."""
    exi.decode, exi.encode = lru_cache(REMEMBERED)(_PLAIN_DECODE), _encode
