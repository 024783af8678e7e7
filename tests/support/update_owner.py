"""An owner's requests to the doors of the update, over HTTP."""

import hashlib
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.support.guest import Guest
from tests.support.ownerlogin import log_in
from v2h.update.pieces import MOST_PIECE_B


class UpdateOwner:
    """Logged in once; a board that has started again needs another."""

    def __init__(self, board: Guest) -> None:
        self.url = f"http://127.0.0.1:{board.port}"
        self.header = log_in(self.url, board.password)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1/update{path}", body, {"Content-Type": kind, **self.header}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{method} {path}: {refused.code} {refused.read().decode()}") from refused

    def bring(self, name: str, content: bytes, end_b: int | None = None) -> None:
        """Upload the file, or only its pieces before end_b."""
        stated = {"name": name, "size_b": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        have_b = self.ask("POST", "/upload", json.dumps(stated).encode())["applied"]["have_b"]
        while have_b < (len(content) if end_b is None else end_b):
            piece = content[have_b : have_b + MOST_PIECE_B]
            reply = self.ask("PUT", f"/upload?offset_b={have_b}", piece, "application/octet-stream")
            have_b = reply["applied"]["have_b"]

    def install(self, seen: Callable[[int], None] = lambda pct: None) -> dict[str, Any]:
        """Wait for the end of the installation, and return its state then. seen: gets the progress every 2 s."""
        self.ask("POST", "/install", b"{}")
        while True:
            known = self.known()
            if known["phase"] in ("installed", "refused"):
                return known
            seen(int(re.findall(r"(\d+) %", known["text"])[0]))
            time.sleep(2)

    def known(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "")["update"]
        return found

    def restart(self) -> None:
        self.ask("POST", "/restart", b"{}")

    def back(self) -> None:
        self.ask("POST", "/back", b"{}")
