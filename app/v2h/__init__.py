"""V2H appliance: bidirectional charger firmware for an Indra V2G unit."""

from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BUILT = Path("/usr/lib/clock-epoch")
"""Its time is that of the commit of the card (image/steps/finish), and no clock is set to an earlier one."""


@cache
def version() -> str:
    """The version as git names it. On the card it is read from os-release, where the build wrote it; in a checkout git
    is asked; in an installation without either it is the package's own number."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    release = _release()
    if release.get("IMAGE_ID") == "v2h":
        return release["IMAGE_VERSION"]
    if (CHECKOUT / ".git").exists():
        return _git("describe", "--tags", "--always", "--dirty", "--abbrev=12") or "unknown"
    try:
        return installed("v2h")
    except PackageNotFoundError:
        return "unknown"


@cache
def built_s() -> float | None:
    """The time of the version's commit, which is the date of a build (s since 1970). None where nothing says it."""
    try:
        if _release().get("IMAGE_ID") == "v2h":
            return BUILT.stat().st_mtime
        return float(_git("log", "-1", "--format=%ct")) if (CHECKOUT / ".git").exists() else None
    except (OSError, ValueError):
        return None


def _release() -> dict[str, str]:
    import platform

    return platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}


def _git(*words: str) -> str:
    """What git says of the checkout; "" when it fails."""
    import subprocess

    command = ["git", "-c", "safe.directory=*", "-C", str(CHECKOUT), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
