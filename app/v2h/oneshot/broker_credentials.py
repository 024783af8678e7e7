"""Names, passwords and access list of the bus, made at every boot: `python3 -m v2h.oneshot.broker_credentials`.

Under RUN: `secrets/NAME` (only the program's own user can read it), `broker/passwords` (hashed by mosquitto's own tool)
and `broker/acl` (from bus.MAY_PUBLISH). These files are made again at each boot, and the image contains none of them.
The board runs this as root before the tree starts; on the desk another user runs it, and all files belong to that user.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from v2h.bus.messages import MAY_PUBLISH
from v2h.runtime.paths import RUN

SECRET_BYTES = 32
BROKER_USER = "mosquitto"


def access_list(may_publish: Mapping[str, tuple[str, ...]]) -> str:
    """Mosquitto's ACL file: each name may write its own topics and read all of v2h/; every other name has no access."""
    lines: list[str] = []
    for name, topics in may_publish.items():
        lines += [f"user {name}", *(f"topic write {topic}" for topic in topics), "topic read v2h/#", ""]
    return "\n".join(lines)


def make(run: Path) -> None:
    """Write all files below `run`, and replace those of an earlier start.

    Raises OSError (with the path), FileNotFoundError without mosquitto_passwd, CalledProcessError when it fails.
    """
    tool = shutil.which("mosquitto_passwd", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if tool is None:
        raise FileNotFoundError("mosquitto_passwd is not installed; it comes with the package mosquitto")
    _directory(run, 0o755)
    _directory(run / "secrets", 0o711)
    _directory(run / "broker", 0o750)
    give(run / "broker", BROKER_USER, group_only=True)
    plain: list[str] = []
    for name in MAY_PUBLISH:
        secret = secrets.token_urlsafe(SECRET_BYTES)
        plain.append(f"{name}:{secret}\n")
        write_new(run / "secrets" / name, secret, 0o400)
        give(run / "secrets" / name, f"v2h-{name}")
    passwords = run / "broker" / "passwords"
    write_new(passwords, "".join(plain), 0o600)
    subprocess.run([tool, "-U", str(passwords)], check=True)  # hashes in place: no secret on a command line
    write_new(run / "broker" / "acl", access_list(MAY_PUBLISH), 0o600)
    for path in (passwords, run / "broker" / "acl"):
        path.chmod(0o640)
        give(path, BROKER_USER, group_only=True)


def _directory(path: Path, mode: int) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)


def write_new(path: Path, text: str, mode: int) -> None:
    """Write a new file with its final mode, so that no other user can read it at any moment. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="ascii") as file:
        file.write(text)


def give(path: Path, user: str, *, group_only: bool = False) -> None:
    """Make `user` the owner of `path` (group_only: its group), if this process is root and that user exists."""
    if os.geteuid() != 0:
        return
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(user)
        os.chown(path, -1 if group_only else entry.pw_uid, entry.pw_gid)


def main() -> int:
    try:
        make(RUN)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"v2h-credentials: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
