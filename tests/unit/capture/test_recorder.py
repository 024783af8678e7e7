"""When the black box writes captures, in virtual time: each fault is in one of them, and there are few of them."""

import re
from pathlib import Path

import pytest

import v2h.capture.recorder
from tests.support.standin import StandIn
from v2h.bus.messages import Command, Reply
from v2h.capture.capture_files import FOLDER
from v2h.capture.recorder import AFTER_FAULT_S, CanRecorder
from v2h.ports.can import pack_frame

FRAMES_A_STEP = 5
"""Frames on one bus every half second: ten minutes are 30 pieces of a capture."""


class Bench:
    """A recorder with a bus that always carries frames."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(v2h.capture.recorder, "DATA", folder)
        self.program = StandIn("datalog", monkeypatch, v2h.capture.recorder)
        self.folder = folder / FOLDER
        self.recorder = CanRecorder(self.program, lambda: self.program.wall_offset_s, lambda what, text: None)  # type: ignore[arg-type]
        self.recorder.start()

    def run(self, seconds: float) -> None:
        self.program.run(seconds, self._traffic)

    def fault(self, code: str) -> float:
        self.recorder.fault(code, self.program.now)
        return self.program.now

    def ask(self) -> bool:
        self.program.hear(Command("ask-1", "test"), "capture")
        answer = self.program.published[-1][1]
        assert isinstance(answer, Reply)
        return answer.ok

    def _traffic(self) -> None:
        wall_s = self.program.now + self.program.wall_offset_s
        seconds = memoryview(bytearray(4 * FRAMES_A_STEP)).cast("I")
        nanos = memoryview(bytearray(4 * FRAMES_A_STEP)).cast("I")
        for n in range(FRAMES_A_STEP):
            seconds[n], nanos[n] = int(wall_s), int(wall_s % 1 * 1e9) + n * 1000
        frames = memoryview(bytearray(pack_frame(0x102, bytes(8)) * FRAMES_A_STEP))
        self.recorder.box.add(1, FRAMES_A_STEP, frames, seconds, nanos)

    def captures(self) -> dict[str, tuple[float, float]]:
        """By the text in its name and a number: the first and the last time in it, monotonic s."""
        found = {}
        for path in sorted(self.folder.glob("*.log")):
            times = re.findall(r"^\(([0-9.]+)\)", path.read_text(), re.MULTILINE)
            bounds = float(times[0]) - self.program.wall_offset_s, float(times[-1]) - self.program.wall_offset_s
            found[f"{path.stem.partition('-')[2]} {len(found)}"] = bounds
        return found

    def shown(self, t: float, lead_s: float = 60.0) -> bool:
        """Whether the captures hold what was on the bus from a minute before t until AFTER_FAULT_S after it."""
        begin, end, reached = t - lead_s, t + AFTER_FAULT_S, t - lead_s
        for first, last in sorted(self.captures().values()):
            if first <= reached + 0.5 and last > reached:
                reached = last
        return begin < reached and reached >= end - 0.5


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench(tmp_path, monkeypatch)
    bench.run(100)
    return bench


def test_a_fault_is_kept_with_what_followed(bench: Bench) -> None:
    t = bench.fault("tripped")
    bench.run(3)
    assert not bench.folder.exists()
    bench.run(20)
    assert list(bench.captures()) == ["tripped 0"] and bench.shown(t)
    assert [code for code, _ in bench.program.events()] == ["capture"]


def test_a_fault_while_another_capture_is_written_has_its_own(bench: Bench) -> None:
    bench.run(600)
    assert bench.ask()
    bench.run(1)
    assert list(bench.folder.glob("*.part"))
    assert not bench.ask(), "one at a time"
    t = bench.fault("tripped")
    bench.run(40)
    assert list(bench.captures()) == ["asked-for 0", "tripped 1"] and bench.shown(t)


def test_who_asks_while_a_fault_waits_gets_it_at_once_and_the_fault_is_kept_besides(bench: Bench) -> None:
    t = bench.fault("tripped")
    bench.run(1)
    assert bench.ask()
    bench.run(30)
    assert list(bench.captures()) == ["asked-for 0", "tripped 1"] and bench.shown(t)


@pytest.mark.slow
def test_every_fault_is_in_a_capture_and_they_are_few(bench: Bench) -> None:
    begun = bench.program.now
    faults = []
    for _ in range(40):
        faults.append(bench.fault("again and again"))
        bench.run(31)
    bench.run(600)
    hours = (bench.program.now - begun) / 3600
    assert [t - begun for t in faults if not bench.shown(t)] == []
    assert len(bench.captures()) <= hours * 3600 / 540 + 1


def test_a_fault_just_after_a_capture_is_in_the_next(bench: Bench) -> None:
    first = bench.fault("first")
    bench.run(AFTER_FAULT_S + 1)
    second = bench.fault("second")
    bench.run(300)
    assert list(bench.captures()) == ["first 0"]
    bench.run(300)
    assert list(bench.captures()) == ["first 0", "second 1"] and bench.shown(first) and bench.shown(second)


def test_a_fault_told_again_or_older_than_the_box_is_none(bench: Bench) -> None:
    bench.recorder.fault("before we listened", bench.program.now - 101.0)
    t = bench.fault("tripped")
    bench.run(30)
    bench.recorder.fault("tripped", t)
    bench.run(700)
    assert list(bench.captures()) == ["tripped 0"]


def test_a_card_without_room_is_told_and_the_next_fault_tries_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("v2h.runtime.disk_space.FREE_BYTES", 2**60)
        bench.fault("tripped")
        bench.run(600)
    assert [code for code, _ in bench.program.events()] == ["capture-failed"]
    t = bench.fault("tripped")
    bench.run(30)
    assert bench.shown(t)


def test_an_order_for_which_there_is_no_room_is_refused_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run(10)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("v2h.runtime.disk_space.FREE_BYTES", 2**60)
        bench.program.hear(Command("ask-1", "test"), "capture")
        bench.run(30)
    (reply,) = [message for _, message in bench.program.published if isinstance(message, Reply)]
    assert not reply.ok and "no room" in reply.text
    assert bench.captures() == {}


def test_an_order_that_cannot_be_answered_is_dropped(bench: Bench) -> None:
    for bad in ("#", "a/b", "+", "", "x" * 65):
        assert not bench.program.hear(Command(bad, "test"), "capture")
    assert not bench.folder.exists() and bench.program.published == []
