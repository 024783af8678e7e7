"""Captures: both formats, the order of time, and a message for every unusable line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.recorded import LEAF_SESSION, needs_leaf_session
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.capture import formats
from v2h.capture.formats import CaptureError, Skipped, parse, read_capture, to_csv, write_capture
from v2h.chademo.frames import decode, encode
from v2h.pre import objects as pre
from v2h.pre.objects import ANSWER_ID, REQUEST_ID

DATA = Path(__file__).parents[2] / "data"


def test_csv_is_sorted_and_starts_at_zero() -> None:
    capture = read_capture(DATA / "start.csv")
    assert capture.skipped == []
    assert len(capture.frames) == 16
    assert capture.frames[0] == Frame(0.0, 0x100, bytes.fromhex("00000000B301F000"), CAR_BUS)
    assert [f"{frame.can_id:03X}" for frame in capture.frames[:8]] == [
        "100",
        "101",
        "102",
        "200",
        "108",
        "109",
        "208",
        "209",
    ]
    times = [frame.t for frame in capture.frames]
    assert times == sorted(times)
    assert times[-1] == 0.22
    assert capture.frames[8] == Frame(0.1, REQUEST_ID, bytes.fromhex("4001210000000000"), PRE_BUS)


def test_each_broken_line_is_named_and_the_rest_used() -> None:
    capture = read_capture(DATA / "broken.csv")
    assert [(frame.t, frame.can_id) for frame in capture.frames] == [(0.0, 0x100), (0.08, 0x102)]
    expected = {
        3: "0x102: 7 data bytes instead of 8",
        4: "LEN says 8 data bytes, the line has 7",
        5: "0x6FF: unknown id",
        6: "Time Stamp 'noon' is not a whole number",
        7: "data '02 9A 01 00 00 C8 XX 00' is not bytes",
        9: "not an 11-bit id",
        10: "3 columns, at least 6 are needed",
        11: "command byte 0x41",
        13: "LEN says 8 data bytes, the line has 7",
    }
    assert [skipped.line for skipped in capture.skipped] == list(expected)
    for skipped in capture.skipped:
        assert expected[skipped.line] in skipped.why


def test_a_short_frame_in_a_line_that_savvycan_filled_up_is_unknown_by_its_id() -> None:
    padded = ["7,00000524,false,Rx,1,6,01,02,03,04,05,06,00,00,", "9,00000209,false,Rx,1,8,02,05,00,00,00,00,00,00,"]
    capture = formats.parse([formats.HEADER, *padded])
    assert (len(capture.frames), capture.skipped) == (1, [formats.Skipped(2, "0x524: unknown id")])


def test_candump_log() -> None:
    capture = read_capture(DATA / "start.log")
    assert capture.frames == [
        Frame(0.0, 0x100, bytes.fromhex("00000000B301F000"), CAR_BUS),
        Frame(0.02, 0x102, bytes.fromhex("029A010000C80300"), CAR_BUS),
        Frame(0.03, 0x200, bytes.fromhex("FF000000FA0043B3"), CAR_BUS),
        Frame(0.10035, ANSWER_ID, bytes.fromhex("4B01210002090000"), PRE_BUS),
    ]
    assert [line for line, _ in capture.skipped] == [5, 6]
    assert capture.skipped[0].why == "data 'R' is not pairs of hexadecimal digits"
    assert capture.skipped[1].why == "id 18FF50E5: not an 11-bit id"


def test_columns_are_found_by_name() -> None:
    older = ["Time Stamp,ID,Extended,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8", "7,209,false,1,8,2,5,0,0,0,0,0,0"]
    assert parse(older).frames == [Frame(0.0, 0x209, bytes.fromhex("0205000000000000"), CAR_BUS)]


def _only_reason(lines: list[str]) -> str:
    with pytest.raises(CaptureError) as caught:
        parse(lines)
    return str(caught.value)


@pytest.mark.parametrize("lines", [[], ["\n"], ["hello", "world"], [formats.HEADER]])
def test_no_capture_at_all_is_refused(lines: list[str]) -> None:
    assert "no usable CAN frame" in _only_reason(lines)


def test_lines_before_the_first_good_one_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"\xff\xfe rubbish\n(1.000000) can1 209#0205000000000000\n")
    capture = read_capture(path)
    assert len(capture.frames) == 1
    assert capture.skipped == [Skipped(1, "neither a CSV header nor a candump line")]


FRAMES = st.lists(
    st.builds(
        Frame,
        t=st.integers(0, 10**12).map(lambda micros: micros / 1e6),
        can_id=st.sampled_from([0x100, 0x102, 0x109, 0x200]),
        data=st.binary(min_size=8, max_size=8),
        bus=st.sampled_from([PRE_BUS, CAR_BUS]),
    ),
    min_size=1,
)


@pytest.mark.slow
@given(frames=FRAMES)
def test_what_is_written_is_read_again(frames: list[Frame]) -> None:
    frames = sorted([Frame(0.0, 0x100, bytes(8)), *frames], key=lambda frame: frame.t)
    capture = parse(to_csv(frames))
    assert capture.skipped == []
    assert capture.frames == frames


def test_the_written_file_is_in_the_recorder_s_own_words(tmp_path: Path) -> None:
    write_capture(tmp_path / "x.csv", [Frame(1.25, 0x209, bytes.fromhex("0205000000000000"))])
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines == [formats.HEADER, "1250000,00000209,false,Rx,1,8,02,05,00,00,00,00,00,00,"]


@needs_leaf_session
def test_the_recorded_session_is_read_whole() -> None:
    capture = read_capture(LEAF_SESSION)
    assert (len(capture.frames), capture.skipped) == (10_781, [])
    assert capture.frames[-1].t == pytest.approx(67.968, abs=0.001)


@pytest.mark.slow
@needs_leaf_session
def test_every_recorded_chademo_frame_survives_the_codec_byte_for_byte() -> None:
    frames = [frame for frame in read_capture(LEAF_SESSION).frames if frame.can_id not in (REQUEST_ID, ANSWER_ID)]
    assert len(frames) == 5_428
    for frame in frames:
        assert encode(decode(frame.can_id, frame.data)) == (frame.can_id, frame.data)


def rebuilt(frame: Frame) -> bytes:
    """The bytes that our own builders make from the content of a recorded converter frame."""
    message = (pre.parse_request if frame.can_id == REQUEST_ID else pre.parse_answer)(frame.data)
    entry = pre.DICTIONARY[message.index, message.sub]
    if isinstance(message, pre.ReadRequest):
        return pre.read_request(entry)
    if isinstance(message, pre.WriteRequest):
        value = entry.value(message.raw)
        assert not isinstance(value, str)
        return pre.write_request(entry, value)
    if isinstance(message, pre.ReadAnswer):
        return pre.read_answer(entry, message.raw)
    return pre.written_answer(message.index, message.sub)


@needs_leaf_session
def test_every_recorded_converter_frame_is_rebuilt_byte_for_byte() -> None:
    frames = [frame for frame in read_capture(LEAF_SESSION).frames if frame.can_id in (REQUEST_ID, ANSWER_ID)]
    assert len(frames) == 5_353
    for frame in frames:
        assert rebuilt(frame) == frame.data


@pytest.mark.slow
@needs_leaf_session
def test_the_recorded_session_survives_writing(tmp_path: Path) -> None:
    capture = read_capture(LEAF_SESSION)
    write_capture(tmp_path / "copy.csv", capture.frames)
    assert read_capture(tmp_path / "copy.csv") == capture
