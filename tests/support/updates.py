"""The surroundings of an update on a card: files of two slots, and a socket that answers as systemd and
v2h.oneshot.install_update do."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from v2h.bus.sentences import to_json
from v2h.slots import state as slot_state
from v2h.slots.state import Condition, Slot
from v2h.update.shell.parts import Parts
from v2h.web.update_doors import UpdateSources


def update_sources(folder: Path) -> UpdateSources:
    """Slot A runs, and slot B is bad. All files are in `folder`."""
    (folder / "cmdline").write_text("root=PARTUUID=56324831-02 ro\n")
    slot_state.save({2: Slot("1", Condition.GOOD), 3: Slot("0", Condition.BAD)}, folder / "slot.json")
    return UpdateSources(
        Parts(folder / "update"),
        folder / "update.sock",
        folder / "progress.json",
        folder / "slot.json",
        folder / "cmdline",
        folder / "development-key",
    )


class Installer:
    """The socket of the installer, and what it was asked. answer: what it says next. does: what it
    does before it answers."""

    def __init__(self, path: Path, does: Callable[[list[str]], None] = lambda asked: None) -> None:
        self.asked: list[Any] = []
        self._does = does
        self.answer: Any = None
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind(str(path))
        self._server.listen(4)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with link:
                self.asked.append(json.loads(link.recv(4096)))
                self._does(self.asked[-1])
                link.send(json.dumps(to_json(self.answer)).encode())

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)
