"""Many power cuts from one recorded run: the disk is rebuilt at random moments, each is judged, and all together."""

import bisect
import json
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.powercuts.judge import COUNTERS, Verdict, judge, newest_is_old
from tests.powercuts.writelog import Disk, WriteLog

LOG, BASE, TIMELINE, PLACE = "writes.log", "base.img", "timeline.jsonl", "place.json"
"""The files of a recorded run, see powercuts.recording."""
WH = 0.0005
"""Totals are written with a resolution of a thousandth of a watt hour; sums of them differ by less than this."""


@dataclass(frozen=True)
class Timeline:
    """The log's length at moments of the board's time: (bytes, monotonic s) in order, of one boot."""

    boot: str
    points: list[tuple[int, float]]

    @classmethod
    def read(cls, path: Path) -> "Timeline":
        """Lines of JSON: {"boot": id} first, then {"log_bytes", "t"}."""
        first, *rest = (json.loads(line) for line in path.read_text().splitlines())
        return cls(str(first["boot"]), [(int(point["log_bytes"]), float(point["t"])) for point in rest])

    def latest(self, log_bytes: int) -> float:
        """A time at which the log surely had this length: never earlier than the true time."""
        place = bisect.bisect_left(self.points, (log_bytes, float("-inf")))
        return self.points[min(place, len(self.points) - 1)][1]

    def moments(self, log: WriteLog) -> range:
        """The cuts within the time line: each is a number of completed entries."""
        ends = [entry.log_end for entry in log.entries]
        low, high = self.points[0][0], self.points[-1][0]
        return range(bisect.bisect_left(ends, low) + 1, bisect.bisect_right(ends, high) + 1)


@dataclass
class Cut:
    """One judged moment. flushed: entries surely on the medium; kept: how many of the `later` ones also reached it."""

    moment: int
    flushed: int
    kept: int
    later: int
    verdict: Verdict
    age_s: float | None


@dataclass
class Tally:
    """All cuts of a run. wrong: one line per error."""

    cuts: list[Cut] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, cut: Cut) -> None:
        """Judge one more cut against those before: what was surely on the medium then must be there now."""
        self.wrong += [f"cut after entry {cut.moment}: {text}" for text in cut.verdict.wrong]
        for earlier in self.cuts:
            if earlier.moment > cut.flushed:
                continue
            for name in COUNTERS:
                before, now = (found.verdict.totals.get(name, 0.0) for found in (earlier, cut))
                if now < before - WH:
                    self.wrong.append(f"cut after entry {cut.moment}: {name} went back from {before} to {now}")
            gone = earlier.verdict.files - cut.verdict.files
            if gone:
                self.wrong.append(f"cut after entry {cut.moment}: {', '.join(sorted(gone))} gone")
        self.cuts.append(cut)

    def words(self) -> str:
        """The counts, as text for people."""
        ages = [cut.age_s for cut in self.cuts if cut.age_s is not None]
        totals = [sum(cut.verdict.totals.values()) for cut in self.cuts]
        lines = [
            f"{len(self.cuts)} power cuts, {sum(cut.kept < cut.later for cut in self.cuts)} of them with writes lost",
            f"{sum(cut.later for cut in self.cuts)} writes were not flushed, {sum(cut.kept for cut in self.cuts)} kept",
            f"settings read {sum('settings.json' in cut.verdict.files for cut in self.cuts)} times, "
            f"schedule {sum('schedule.json' in cut.verdict.files for cut in self.cuts)} times",
            f"newest sample at most {max(ages):.1f} s old" if ages else "age of the newest sample: not checked",
            f"energy counters from {min(totals, default=0.0):.1f} to {max(totals, default=0.0):.1f} Wh",
            f"{len(self.wrong)} things wrong",
        ]
        return "\n".join(lines + self.wrong[:20])


def cut_many(
    log: WriteLog, base: Path, start: int, moments: Iterable[int], timeline: Timeline | None, seed: int, scratch: Path
) -> Tally:
    """base: the data partition as it was before the log, changed in place. start: its first byte on the disk."""
    chance = random.Random(seed)
    disk, tally = Disk(log, base, start), Tally()
    for moment in sorted(moments):
        flushed = log.flushed_before(moment)
        disk.forward(max(flushed, disk.done))
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            image, files = Path(folder) / "disk.img", Path(folder) / "files"
            files.mkdir()
            copy_with_holes(base, image)
            kept = disk.torn(moment, image, chance)
            verdict = judge(image, files)
            shutil.rmtree(files)
        later = sum(1 for entry in log.entries[flushed:moment] if entry.size)
        age_s = None
        if timeline is not None:
            cut_t = timeline.latest(log.entries[moment - 1].log_end)
            old = newest_is_old(verdict, timeline.boot, cut_t)
            verdict.wrong += [old] if old else []
            age_s = cut_t - verdict.newest[1] if verdict.newest else None
        tally.add(Cut(moment, flushed, kept, later, verdict, age_s))
    return tally


def cut_recording(folder: Path, cuts: int, seed: int) -> Tally:
    """Make `cuts` cuts of the run in `folder`, which is not changed. Raises FileNotFoundError for an incomplete run,
    LogError for a broken log, ValueError when it has fewer writes."""
    for name in (LOG, BASE, TIMELINE, PLACE):
        if not (folder / name).exists():
            raise FileNotFoundError(f"{folder} has no {name}")
    log, timeline = WriteLog.read(folder / LOG), Timeline.read(folder / TIMELINE)
    possible = timeline.moments(log)
    if len(possible) < cuts:
        raise ValueError(f"the run has only {len(possible)} writes to cut after, {cuts} cuts are asked for")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        disk = Path(work) / "disk.img"
        copy_with_holes(folder / BASE, disk)
        start = int(json.loads((folder / PLACE).read_text())["start"])
        moments = random.Random(seed).sample(possible, cuts)
        return cut_many(log, disk, start, moments, timeline, seed, Path(work))


def copy_with_holes(source: Path, target: Path) -> None:
    """A sparse copy, which takes no more space than the data that was written."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)
