"""`v2h replay CAPTURE`: runs our session with the car of a capture, in virtual time.

Of a recording of the power line to a CCS car (pcap) it plays the requests to our message machine (replay_v2g.py)."""

import argparse
import json
from pathlib import Path

from v2h.capture.formats import READS, Capture, CaptureError, read_capture
from v2h.capture.pcap import is_pcap
from v2h.capture.replay import Result, replay
from v2h.chademo.frames import CAR_IDS
from v2h.commands import CommandError, replay_v2g
from v2h.commands.decode import skipped_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h replay`."""
    parser.add_argument("capture", type=Path, help=f"a file with a car's frames: {READS}; pcap and pcapng of a CCS car")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.epilog = "example: v2h replay leaf-v2g-charge.csv"


def run(args: argparse.Namespace) -> int:
    """Replay. Returns 0, 1 when the session ended in a fault, 2 when the file cannot be used."""
    try:
        with args.capture.open("rb") as file:
            of_power_line = is_pcap(file.read(4))
        if of_power_line:
            return replay_v2g.run(args)
        capture = read_capture(args.capture)
    except (OSError, CaptureError) as error:
        raise CommandError(f"{args.capture}: {error}", 2) from error
    if not any(frame.can_id in CAR_IDS for frame in capture.frames):
        ids = " ".join(f"{can_id:03x}" for can_id in sorted(CAR_IDS))
        raise CommandError(f"{args.capture}: none of its {len(capture.frames)} frames is of a car (ids {ids})", 2)
    result = replay(capture.frames)
    print(json.dumps(as_json(result, capture), indent=1) if args.json else as_text(result, capture))
    return 1 if result.faults else 0


def as_json(result: Result, capture: Capture) -> dict[str, object]:
    """The object that scripts rely on."""
    return {
        "frames_in": result.frames_in,
        "frames_out": len(result.sent),
        "frames_unlike_codec": result.unlike_codec(),
        "played": result.played,
        "status_109_5": [f"{status:02x}" for status in result.status_109_5()],
        "states": [{"t": round(t, 2), "state": str(state)} for t, state in result.states],
        "faults": result.faults,
        "reason": result.reason,
        "cut": result.cut,
        "remarks": capture.remarks + result.remarks,
        "skipped": [{"line": line, "why": why} for line, why in capture.skipped],
        "max_gap_ms": result.max_gap_ms(),
    }


PLAYED = {
    "as recorded": "as recorded: K, cable voltage and the converter's status are those of the capture",
    "by phase": "by phase: the car follows our d1, d2 and 109.5; cable and converter are simulated",
    "": "not played",
}
"""Result.played -> words for people."""


def as_text(result: Result, capture: Capture) -> str:
    """The same values as text for people."""
    lines = [f"{result.frames_in} frames in, {len(result.sent)} frames out; {PLAYED[result.played]}", ""]
    lines += [f"{t:8.2f} s  {state}" for t, state in result.states]
    lines += [
        "",
        "109.5: " + " ".join(f"{status:02x}" for status in result.status_109_5()),
        f"ended: {result.reason}" + (f" (fault {result.faults[0]})" if result.faults else ""),
        *capture.remarks,
        *result.remarks,
        *skipped_lines(capture.skipped),
    ]
    return "\n".join(lines)
