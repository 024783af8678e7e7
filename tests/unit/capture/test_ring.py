"""The black box: batches of frames from real sockets, the ring, the log for decode and replay, files of bounded
size."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from v2h.capture.batch_listener import BATCH, CanListener, open_listener
from v2h.capture.capture_files import FOLDER, KEEP, CaptureFile
from v2h.capture.formats import parse, read_capture
from v2h.capture.replay import replay
from v2h.capture.ring import BlackBox
from v2h.ports.can import pack_frame
from v2h.ports.url import PortUrlError
from v2h.runtime import disk_space

T102 = bytes.fromhex("0200000000000000")


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, CanListener]]:
    """A datagram pair: one packet per frame, with the kernel's time stamp, as on SocketCAN."""
    car, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    listener = CanListener(ours, 1)
    yield car, listener
    car.close()
    listener.close()


def log_of(box: BlackBox, **how: float) -> str:
    return "".join(box.candump(**how))  # type: ignore[arg-type]


def fill(box: BlackBox, bus: int, first: int, count: int, start_s: int = 1000, step_ms: int = 10) -> None:
    frames, seconds, nanos = bytearray(), bytearray(4 * count), bytearray(4 * count)
    s, n = memoryview(seconds).cast("I"), memoryview(nanos).cast("I")
    for k in range(count):
        frames += pack_frame(0x102 if bus else 0x5B0, (first + k).to_bytes(8, "little"))
        ms = (first + k) * step_ms
        s[k], n[k] = start_s + ms // 1000, ms % 1000 * 1_000_000
    box.add(bus, count, memoryview(frames), s, n)


def test_frames_and_the_kernels_times_arrive_in_batches(wire: tuple[socket.socket, CanListener]) -> None:
    car, listener = wire
    box = BlackBox(1000)
    before = time.time()
    for n in range(2 * BATCH + 3):
        car.send(pack_frame(0x100 + n % 3, bytes((n % 256,)) * 8))
        if n == BATCH:
            time.sleep(0.05)
    after = time.time()
    time.sleep(0.05)  # the stamps show the arrival, not the reading
    listener.drain(box)
    assert box.counts == [0, 2 * BATCH + 3]
    lines = log_of(box).splitlines()
    assert len(lines) == 2 * BATCH + 3
    assert lines[4].endswith("can1 101#0404040404040404")
    times = [float(line[1 : line.index(")")]) for line in lines]
    assert times == sorted(times)
    assert before - 1e-3 <= times[0] <= times[-1] <= after + 1e-3
    assert times[BATCH + 1] - times[BATCH] >= 0.05
    listener.drain(box)
    assert box.counts == [0, 2 * BATCH + 3]


def test_what_is_read_back_is_what_was_on_the_bus_and_replays_alike() -> None:
    capture = read_capture(Path(__file__).parents[2] / "data" / "start.csv")
    box = BlackBox()
    count = len(capture.frames)
    seconds, nanos = (memoryview(bytearray(4 * count)).cast("I") for _ in range(2))
    for bus in (0, 1):
        frames = [frame for frame in capture.frames if frame.bus == bus]
        for n, frame in enumerate(frames):
            micros = round(frame.t * 1e6)
            seconds[n], nanos[n] = 1_800_000_000 + micros // 1_000_000, micros % 1_000_000 * 1000
        packed = b"".join(pack_frame(frame.can_id, frame.data) for frame in frames)
        box.add(bus, len(frames), memoryview(bytearray(packed)), seconds, nanos)
    again = parse(log_of(box).splitlines())
    assert again.skipped == []
    key = [
        (round(f.t, 6), f.bus, f.can_id, f.data) for f in sorted(capture.frames, key=lambda f: (round(f.t, 6), f.bus))
    ]
    assert sorted(key) == sorted((round(f.t, 6), f.bus, f.can_id, f.data) for f in again.frames)
    assert replay(again.frames).states == replay(capture.frames).states


def test_a_dead_socket_is_an_oserror() -> None:
    car, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener = CanListener(ours, 0)
    ours.close()
    with pytest.raises(OSError):
        listener.drain(BlackBox(10))
    car.close()


def test_both_buses_in_order_of_time_and_readable_by_decode() -> None:
    box = BlackBox(1000)
    for batch in range(10):  # half a second per batch, one bus after the other, as the recorder drains them
        fill(box, 0, 50 * batch, 50)
        fill(box, 1, 50 * batch, 50)
    lines = log_of(box, chunk=70).splitlines()
    assert lines[0] == "(1000.000000) can0 5B0#0000000000000000"
    times = [line.split()[0] for line in lines]
    assert times == sorted(times)
    assert len(lines) == 1000
    frames = parse(line.replace("5B0#", "5B0#") for line in lines if "can1" in line).frames
    assert len(frames) == 500
    assert {frame.bus for frame in frames} == {1}
    assert frames[3].data == (3).to_bytes(8, "little")


def test_the_ring_keeps_the_newest_and_ten_minutes() -> None:
    box = BlackBox(100)
    for first in range(0, 250, 30):
        fill(box, 1, first, 30)
    lines = log_of(box).splitlines()
    assert [int.from_bytes(bytes.fromhex(line[-16:]), "little") for line in lines] == list(range(170, 270))
    assert box.counts == [0, 270]
    slow = BlackBox(100)
    fill(slow, 1, 0, 100, step_ms=10_000)
    assert len(log_of(slow).splitlines()) == 61


def test_recording_goes_on_while_a_log_is_read_and_does_not_enter_it() -> None:
    box = BlackBox(100)
    fill(box, 1, 0, 100)
    pieces = box.candump(chunk=10)
    text = next(pieces)
    fill(box, 1, 100, 5)
    text += "".join(pieces)
    numbers = [int.from_bytes(bytes.fromhex(line[-16:]), "little") for line in text.splitlines()]
    assert numbers == list(range(100))
    assert len(log_of(box).splitlines()) == 100


def test_a_reader_that_is_overtaken_loses_the_oldest_and_mixes_nothing_up() -> None:
    box = BlackBox(100)
    fill(box, 1, 0, 100)
    pieces = box.candump(chunk=10)
    text = next(pieces)
    fill(box, 1, 100, 50)
    text += "".join(pieces)
    numbers = [int.from_bytes(bytes.fromhex(line[-16:]), "little") for line in text.splitlines()]
    assert numbers == [*range(10), *range(50, 100)]


def test_the_first_setting_of_the_clock_is_no_jump_in_the_log() -> None:
    box = BlackBox(100)
    box.clock(0.0)
    fill(box, 1, 0, 10, start_s=50)
    box.clock(1_000_000.0)
    fill(box, 1, 10, 10, start_s=1_000_050)
    times = [float(line[1 : line.index(")")]) for line in log_of(box).splitlines()]
    assert times == pytest.approx([1_000_050 + n / 100 for n in range(20)])


def test_frames_that_are_not_plain_are_left_out(wire: tuple[socket.socket, CanListener]) -> None:
    car, listener = wire
    for flag in (socket.CAN_EFF_FLAG & 0xFFFFFFFF, socket.CAN_RTR_FLAG, socket.CAN_ERR_FLAG):
        car.send(pack_frame(0x102 | flag, b""))
    car.send(pack_frame(0x102, b"\x01\x02"))
    box = BlackBox(10)
    listener.drain(box)
    assert [line.split()[1:] for line in log_of(box).splitlines()] == [["can1", "102#0102"]]


@pytest.mark.slow
def test_the_rigs_hub_is_heard_with_the_times_of_sending_and_its_end_is_told(tmp_path: Path) -> None:
    hub = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    hub.bind(str(tmp_path / "can0.sock"))
    hub.listen()
    listener = open_listener(f"can:rig/{tmp_path / 'can0.sock'}", 0)
    node, _ = hub.accept()
    begun, bounds_s = time.time(), []
    for can_id, data in ((0x5B0, T102), (0x630, b"\x40")):
        node.send(pack_frame(can_id, data))
        bounds_s.append((begun, time.time()))
        time.sleep(0.25)
        begun = time.time()
    box = BlackBox(10)
    listener.drain(box)
    lines = log_of(box).splitlines()
    assert [line.split()[1:] for line in lines] == [["can0", "5B0#" + T102.hex()], ["can0", "630#40"]]
    times = [float(line[1 : line.index(")")]) for line in lines]
    for told_s, (earliest_s, latest_s) in zip(times, bounds_s, strict=True):
        assert earliest_s - 0.1 <= told_s <= latest_s + 0.1, "the time of sending, not that of reading it"
    node.close()
    with pytest.raises(ConnectionResetError):
        listener.drain(box)
    listener.close()
    hub.close()


@pytest.mark.parametrize("url", ["can:serial//dev/ttyUSB0", "can:pcan/x", "spi:/dev/spidev0.0"])
def test_other_interfaces_are_refused_by_name(url: str) -> None:
    with pytest.raises(PortUrlError, match=url):
        open_listener(url, 1)


def test_captures_are_few_named_by_time_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "20200101T000000Z-x.log.part").write_text("by a crash")
    (folder / "owner.txt").write_text("not ours")
    (folder / "owner.log").write_text("not ours")
    for n in range(KEEP + 2):
        file = CaptureFile(folder, 1_795_348_800.0 + n, "K_off FAULT!", iter(["(1.000000) can1 102#00\n"] * 2), 2)
        assert not file.path.exists()
        assert (file.step(), file.step(), file.step()) == (False, False, True)
        assert file.path.read_text() == "(1.000000) can1 102#00\n" * 2
    kept = [f"20261122T1200{n:02d}Z-k_off-fault.log" for n in range(2, KEEP + 2)]
    assert sorted(path.name for path in folder.iterdir()) == [*kept, "owner.log", "owner.txt"]


def test_a_clock_set_back_does_not_cost_the_fresh_capture(tmp_path: Path) -> None:
    for n in range(KEEP):
        assert CaptureFile(tmp_path / FOLDER, 1_795_348_800.0 + n, "before", iter(()), 0).step()
    for n in range(2):
        fresh = CaptureFile(tmp_path / FOLDER, n, "after", iter(()), 0)
        assert fresh.step() and fresh.path.exists()
    assert len(list((tmp_path / FOLDER).iterdir())) == KEEP


def test_a_capture_is_on_the_disk_before_we_say_so(tmp_path: Path, disk: list[str]) -> None:
    assert CaptureFile(tmp_path / FOLDER, 0.0, "x", iter(()), 0).step()
    assert disk == ["sync ", "rename", "sync directory"]


def test_a_full_card_gets_no_half_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_space, "FREE_BYTES", 2**60)
    with pytest.raises(OSError, match="no room"):
        CaptureFile(tmp_path / FOLDER, 0.0, "x", iter(()), 10)
    monkeypatch.undo()
    file = CaptureFile(tmp_path / FOLDER, 0.0, "x", iter(["a"]), 10)
    file.step()
    file.abandon()
    assert list((tmp_path / FOLDER).iterdir()) == []
