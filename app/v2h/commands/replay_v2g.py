"""The part of `v2h replay` for recordings of the power line between a CCS car and its charger (pcap, pcapng)."""

import argparse
import json
from pathlib import Path

from v2h.capture.formats import CaptureError
from v2h.capture.replay_v2g import V2gResult, replay_v2g
from v2h.capture.v2g import read_conversation
from v2h.commands import CommandError


def run(args: argparse.Namespace) -> int:
    """Replay. Returns 0, 1 when a session did not come to its orderly end. Raises CommandError for a file that cannot
    be used."""
    path: Path = args.capture
    try:
        result = replay_v2g(read_conversation(path))
    except (OSError, CaptureError, ValueError) as error:
        raise CommandError(f"{path}: {error}", 2) from error
    print(json.dumps(as_json(result), indent=1) if args.json else as_text(result))
    return 0 if result.ended else 1


def as_json(result: V2gResult) -> dict[str, object]:
    """The object that scripts rely on."""
    return {
        "sessions": [
            {"reason": reason, "exchanges": [{**row._asdict(), "t": round(row.t, 2)} for row in session]}
            for session, reason in zip(result.sessions, result.reasons, strict=True)
        ],
        "ended": result.ended,
    }


def as_text(result: V2gResult) -> str:
    """One line for each request, with our answer and the recorded one where they differ."""
    lines = ["by phase: the car repeats a request until our answer lets it go on; the charger obeys at once", ""]
    for session, reason in zip(result.sessions, result.reasons, strict=True):
        for row in session:
            times = f"{row.times} x" if row.times > 1 else ""
            differs = f"  (recorded: {row.recorded})" if row.recorded not in ("", row.code) else ""
            lines.append(f"{row.t:8.2f} s  {row.name:30} {times:6} {row.code}{differs}")
        lines += ["", f"ended: {reason or 'the recording ends before the session'}"]
    return "\n".join(lines)
