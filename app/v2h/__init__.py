"""V2H appliance: bidirectional charger firmware for an Indra V2G unit."""

from functools import cache


@cache
def version() -> str:
    """The version as git names it. On the card it is read from os-release, where the build wrote it; in a checkout git
    is asked; in an installation without either it is the package's own number."""
    import platform
    import subprocess
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed
    from pathlib import Path

    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    if release.get("IMAGE_ID") == "v2h":
        return release["IMAGE_VERSION"]
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / ".git").exists():
        describe = [
            "git",
            "-c",
            "safe.directory=*",
            "-C",
            str(checkout),
            "describe",
            "--tags",
            "--always",
            "--dirty",
            "--abbrev=12",
        ]
        try:
            return subprocess.run(describe, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return "unknown"
    try:
        return installed("v2h")
    except PackageNotFoundError:
        return "unknown"
