"""`v2h console LOG`: cuts a captured UART log into starts and boot stages, and prints times and failures."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from v2h.commands import CommandError
from v2h.vendor.console import Seen, Stage, Start, cut

FAILURES_SHOWN = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h console`."""
    parser.add_argument("log", type=Path, help="the text that a terminal program captured, with or without its times")
    parser.add_argument("--json", action="store_true", help="one JSON object: starts with stages, landmarks, failures")
    parser.epilog = "example: v2h console boot.log"


def run(args: argparse.Namespace) -> int:
    """Print the log in stages. Returns 0, or 1 when the last start does not reach user space. Raises CommandError."""
    try:
        text = args.log.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CommandError(f"{args.log}: {error.strerror}", 2) from error
    starts = cut(text.splitlines())
    if not any(stage.name != "before" for start in starts for stage in start.stages):
        raise CommandError(f"{args.log}: no line of ROM, U-Boot or kernel: is it the log of this board's UART?", 2)
    if args.json:
        print(json.dumps({"starts": [asdict(start) | {"complete": start.complete} for start in starts]}, indent=1))
    else:
        print("\n\n".join(_words(number, start) for number, start in enumerate(starts, 1)))
    return 0 if starts[-1].complete else 1


def _words(number: int, start: Start) -> str:
    end = "reaches user space" if start.complete else f"ends in {start.stages[-1].name}"
    lines = [f"start {number}: {end}, {len(start.failures)} lines say that something failed"]
    lines += [f"  {stage.name:12} from line {stage.line}{_times(stage)}" for stage in start.stages]
    if start.firmware:
        lines.append("  firmware that U-Boot looked at:")
        for image in start.firmware:
            taken = ", started" if image.taken else ""
            lines.append(f"    partition {image.partition}: {image.version or 'no version'}{taken}")
    if start.landmarks:
        lines.append("  landmarks:")
        lines += [f"    {_time(seen):>10}  {seen.text}" for seen in start.landmarks]
    if start.failures:
        lines.append("  failed:")
        lines += [f"    {_time(seen):>10}  line {seen.line}, {seen.stage}: {seen.text}" for seen in _first(start)]
    if len(start.failures) > FAILURES_SHOWN:
        lines.append(f"    and {len(start.failures) - FAILURES_SHOWN} more (--json names all)")
    if not start.complete and start.last:
        lines.append(f"  the last line, {start.last.line}: {start.last.text}")
    if start.calibration:
        lines.append("  parameters of the metering chip's driver (nobody has proven what they mean):")
        lines += [f"    {name} = {value:.0f}" for name, value in start.calibration.items()]
    return "\n".join(lines)


def _first(start: Start) -> list[Seen]:
    return start.failures[:FAILURES_SHOWN]


def _times(stage: Stage) -> str:
    lasts = "" if stage.lasts_s is None else f", lasts {stage.lasts_s:.1f} s"
    kernel = "" if stage.kernel_s is None else f", kernel time {stage.kernel_s:.1f} s"
    return ("" if stage.t_s is None else f", at {stage.t_s:.1f} s") + kernel + lasts


def _time(seen: Seen) -> str:
    """By the kernel's clock if it is known, else by the terminal's, else after which time of the kernel it was."""
    known = seen.kernel_s if seen.kernel_s is not None else seen.t_s
    if known is None:
        return "" if seen.after_s is None else f"> {seen.after_s:.1f} s"
    return f"{known:.1f} s"
