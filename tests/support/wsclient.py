"""A browser's side of a WebSocket, as little as the tests need; it shares no code with our server."""

import base64
import json
import os
import socket
import struct
from typing import Any


class WebSocket:
    """A connection. Raises ConnectionError when it is refused or closed."""

    def __init__(
        self, port: int, path: str = "/", origin: str = "", host: str = "127.0.0.1", source: str = "127.0.0.1"
    ) -> None:
        """source: the client's own address."""
        self._socket = socket.create_connection((host, port), timeout=10, source_address=(source, 0))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *([f"Origin: {origin}"] if origin else []),
        ]  # fmt: skip
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            byte = self._socket.recv(1)
            if not byte:
                raise ConnectionError("closed")
            answer += byte
        if b" 101 " not in answer:
            raise ConnectionError(answer.decode())

    def send(self, text: str, opcode: int = 1) -> None:
        payload, mask = text.encode(), os.urandom(4)
        size = len(payload)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | (size if size < 126 else 126))
        if size >= 126:
            head += struct.pack("!H", size)
        body = bytes(letter ^ mask[n % 4] for n, letter in enumerate(payload))
        self._socket.sendall(head + mask + body)

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> tuple[int, bytes]:
        first, size = self._exactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._exactly(8))
        return first & 0x0F, self._exactly(size)

    def ask(self, text: str) -> Any:
        self.send(text)
        return json.loads(self.receive()[1])

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def close(self) -> None:
        self._socket.close()
