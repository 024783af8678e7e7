"""The door from `web` to the installer: a socket on which systemd starts v2h.oneshot.install_update, and the file in
which that reports. Only v2h-web may connect."""

import json
import socket
from pathlib import Path

from v2h.bus.sentences import Sentence, from_json, say
from v2h.runtime.atomic_file import BadFileError, read_json
from v2h.runtime.paths import RUN
from v2h.update import progress
from v2h.update.progress import Progress
from v2h.update.refusals import RefusedError

SOCKET = RUN / "update.sock"
PROGRESS = RUN / "update" / "progress.json"
ANSWER_WITHIN_S = 10.0
"""systemd starts a Python program for each request, which takes the board up to 4 s beside its work."""
INSTALL, RESTART, BACK, READ = "install", "restart", "back", "read"
LONGEST_B = 4096


def ask(word: str, name: str = "", path: Path = SOCKET) -> None:
    """Ask to install the upload `name`, or for one of the other words. Returns when the installer has begun. Raises
    RefusedError with the reason why it does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.settimeout(ANSWER_WITHIN_S)
        try:
            link.connect(str(path))
        except OSError as error:
            raise RefusedError(say("update.no_card")) from error
        try:
            link.send(json.dumps([word, name]).encode())
            answer = link.recv(LONGEST_B)
        except OSError as error:
            raise RefusedError(say("command.no_answer")) from error
    if not answer:  # systemd closes a second connection at once: an installation runs
        raise RefusedError(say("update.installing_already"))
    said = from_json(json.loads(answer))
    if isinstance(said, Sentence):
        raise RefusedError(said)


def reported(path: Path = PROGRESS) -> Progress:
    """What the installer last said in this boot."""
    try:
        return progress.read(read_json(path, move_bad=False))
    except BadFileError:
        return Progress()
