"""The scripts of the image build, run as a person runs them."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEPS = ROOT / "image" / "steps"


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, also when it fails; the output is text."""
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def scripts(folder: Path, **texts: str) -> str:
    """Write these programs into a new folder; return a PATH that begins with the folder."""
    folder.mkdir()
    for name, text in texts.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"
