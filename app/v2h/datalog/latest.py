"""The last message of a topic, decoded only when it is read, because most messages are replaced before that."""

from typing import TypeVar

from v2h.bus.coding import Message, MessageError
from v2h.bus.messages import STATE_OLD_S

M = TypeVar("M", bound=Message)


class Latest:
    """Of one topic; on_message() is its handler."""

    def __init__(self) -> None:
        self._payload: bytes | None = None
        self._message: Message | None = None

    def on_message(self, topic: str, payload: bytes) -> None:
        self._payload = payload

    def get(self, kind: type[M]) -> M | None:
        """The last message; None before the first one, or when the last one cannot be decoded."""
        if self._payload is not None:
            try:
                self._message = kind.from_json(self._payload)
            except MessageError:
                self._message = None
            self._payload = None
        return self._message  # type: ignore[return-value]

    def fresh(self, kind: type[M], now: float) -> M | None:
        """The same as get(), but None when its `t` is older than STATE_OLD_S."""
        message = self.get(kind)
        return message if message is not None and now - message.t <= STATE_OLD_S else None  # type: ignore[attr-defined]
