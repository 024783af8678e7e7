"""Captures in the forms in which people have them: 15 frames each, whatever program has written or saved the file.

The files in tests/data/captures hold the same three cycles of a car and a charger (0x100, 0x101, 0x102, 0x108, 0x109).
"""

from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from v2h import cli
from v2h.canframe import Frame
from v2h.capture.formats import CaptureError, parse, read_capture
from v2h.commands.decode import skipped_lines

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
CYCLE = {
    0x100: "00000000B3016400",
    0x101: "00FF500000620100",
    0x102: "029A010000884800",
    0x108: "01F4011FB3010000",
    0x109: "020000000120FF00",
}
CONTENT = [(can_id, bytes.fromhex(data)) for can_id, data in CYCLE.items()] * 3
TIMES = [round(cycle * 0.1 + slot * 0.01, 2) for cycle in range(3) for slot in range(5)]


def content(frames: list[Frame]) -> list[tuple[int, bytes]]:
    return [(frame.can_id, frame.data) for frame in frames]


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        ("candump_ta.log", ""),
        ("candump_tA.log", ""),
        ("candump_L_td.log", "the times are distances from frame to frame"),
        ("savvy_ext_0.csv", ""),
        ("savvy_ext_true.csv", "15 of 15 frames are marked as extended"),
        ("savvy_excel.csv", ""),
        ("savvy_utf16.csv", ""),
        ("gvret_sd_noheader.csv", "no header line"),
    ],
)
def test_every_form_gives_the_same_frames_at_the_same_times(name: str, remark: str) -> None:
    capture = read_capture(CAPTURES / name)
    assert capture.skipped == []
    assert content(capture.frames) == CONTENT
    assert [frame.t for frame in capture.frames] == pytest.approx(TIMES, abs=0.0001)
    assert [remark in said for said in capture.remarks] == [True] * bool(remark), capture.remarks


def test_frames_without_times_keep_the_order_of_the_file() -> None:
    capture = read_capture(CAPTURES / "candump_plain.log")
    assert content(capture.frames) == CONTENT
    assert ["no usable times" in said for said in capture.remarks] == [True]
    assert [frame.t for frame in capture.frames if frame.can_id == 0x102] == pytest.approx([0.1, 0.2, 0.3])


def test_a_fraction_of_any_length_is_a_fraction() -> None:
    assert [frame.t for frame in read_capture(CAPTURES / "candump_L_short.log").frames] == [0.0, 0.75]
    nine = ["(1700000000.500000999) can1 102#029A010000884800", "(1700000000.750000001) can1 102#029A010000884800"]
    assert [frame.t for frame in parse(nine).frames] == [0.0, 0.25]


def test_a_clock_that_restarts_does_not_change_the_order() -> None:
    capture = read_capture(CAPTURES / "savvy_clock_restart.csv")
    assert content(capture.frames) == CONTENT
    assert ["steps back once" in said for said in capture.remarks] == [True]
    assert capture.frames[4].t == capture.frames[5].t and capture.frames[-1].t == pytest.approx(0.18, abs=0.001)


def test_one_restart_does_not_make_distances_of_the_times() -> None:
    lines = [f"({t / 10:.6f}) can1 102#029A010000884800" for t in (*range(60), 0, 1)]
    capture = parse(lines)
    assert ["steps back once" in said for said in capture.remarks] == [True]
    assert capture.frames[-1].t == pytest.approx(6.0)


def relaid(name: str, old: str, new: str) -> list[str]:
    return [line.replace(old, new) for line in (CAPTURES / name).read_text().splitlines()]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(relaid("savvy_excel.csv", ",", ";"), id="semicolons"),
        pytest.param(relaid("savvy_excel.csv", ",", "\t"), id="tabs"),
        pytest.param(
            ['"' + line.replace(",", '","') + '"' for line in relaid("savvy_excel.csv", "FALSE", "FALSCH")], id="quoted"
        ),
        pytest.param(relaid("gvret_sd_noheader.csv", ",0,1,8", ",false,Rx,1,8"), id="direction"),
        pytest.param([line + "   '........'" for line in relaid("candump_ta.log", "", "")], id="candump -a"),
        pytest.param([f"\x1b[31m{line}\x1b[0m" for line in relaid("candump_ta.log", "", "")], id="candump -c"),
        pytest.param(relaid("candump_ta.log", "can1  ", "can1  RX - -  "), id="candump -x"),
        pytest.param(relaid("candump_ta.log", "can1  1", "can1  000001"), id="eight digits of id"),
    ],
)
def test_other_programs_and_options_write_the_same(lines: list[str]) -> None:
    capture = parse(lines)
    assert capture.skipped == []
    assert content(capture.frames) == CONTENT


def test_an_id_of_eight_digits_is_marked_as_extended() -> None:
    assert parse(relaid("candump_ta.log", "can1  1", "can1  000001")).remarks == [
        "15 of 15 frames are marked as extended although their ids have 11 bits: they were used"
    ]


def numbered() -> Iterator[tuple[float, int, str]]:
    for t, (can_id, data) in zip(TIMES, CONTENT, strict=True):
        yield t, can_id, data.hex(" ")


def test_crtd_and_what_a_candue_writes() -> None:
    crtd = ["0.001 CXX OVMS crtd log", *(f"{t + 5:.3f} 1R11 {can_id:03x} {data}" for t, can_id, data in numbered())]
    console = [f"{t * 1000:.0f} - {can_id:X} S 1 8 {data.upper()}" for t, can_id, data in numbered()]
    candue = [
        f"Rcvd msgID: 0x{can_id:03X}; {data.upper().replace(' ', '; ')}  01:59:{t + 58:06.3f}"
        for t, can_id, data in numbered()
    ]
    for lines in (crtd, console, candue):
        capture = parse(lines)
        assert (capture.skipped, content(capture.frames)) == ([], CONTENT)
        assert [frame.t for frame in capture.frames] == pytest.approx(TIMES)


def test_an_sd_file_counts_milliseconds_or_microseconds() -> None:
    """GVRET's own firmware writes milliseconds to its card, others microseconds; the car's cycle tells which."""
    lines = [
        ",".join([f"{t * 1000:.0f}", f"{can_id:x}", "0,1,8", *(f"{int(byte, 16):x}" for byte in data.split())])
        for t, can_id, data in numbered()
    ]
    assert [frame.t for frame in parse(lines).frames] == pytest.approx(TIMES)


def test_times_that_a_spreadsheet_has_rounded_are_not_believed() -> None:
    lines = ["Time Stamp;ID;Extended;Dir;Bus;LEN;D1;D2;D3;D4;D5;D6;D7;D8"]
    lines += ["1,7E+15;102;FALSCH;Rx;1;8;2;9A;1;0;0;88;48;0"] * 60
    capture = parse(lines)
    assert ["no usable times" in said for said in capture.remarks] == [True]
    assert capture.frames[-1].t == pytest.approx(5.9)


def test_bytes_beyond_the_length_are_filling() -> None:
    lines = relaid("savvy_ext_0.csv", "", "")
    lines.append("1700000000300000,000001C2,0,1,1,50,00,00,00,00,00,00,00,")
    lines.append("1700000000310000,00000102,0,1,6,02,9A,01,00,00,88,48,00,")
    assert parse(lines).skipped == [(17, "0x1C2: unknown id"), (18, "LEN says 6 data bytes, the line has 8")]


@pytest.mark.parametrize("suffix", [".asc", ".blf", ".trc", ".db", ".csv"])
def test_python_can_reads_the_rest(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    with can.Logger(path) as log:
        for t, (can_id, data) in zip(TIMES, CONTENT, strict=True):
            log.on_message_received(
                can.Message(timestamp=1700000000 + t, arbitration_id=can_id, data=data, is_extended_id=False, channel=1)
            )
    renamed = path.rename(tmp_path / "capture.txt")  # the kind is recognised by the content
    capture = read_capture(renamed)
    assert (capture.skipped, capture.remarks) == ([], [])
    assert content(capture.frames) == CONTENT
    assert [frame.t for frame in capture.frames] == pytest.approx(TIMES, abs=0.001)


def test_frames_that_are_no_data_frames_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.asc"
    with can.Logger(path) as log:
        for t, (can_id, data) in zip(TIMES, CONTENT, strict=True):
            log.on_message_received(can.Message(timestamp=t, arbitration_id=can_id, data=data, is_extended_id=False))
        log.on_message_received(can.Message(timestamp=0.3, arbitration_id=0x102, is_remote_frame=True))
        log.on_message_received(can.Message(timestamp=0.4, is_error_frame=True))
    capture = read_capture(path)
    assert len(capture.frames) == 15
    assert capture.skipped == [(16, "a remote frame"), (17, "an error frame")]


def test_a_file_that_breaks_off_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "x.asc"
    head = "date Tue Nov 14 22:13:20.000 2023\nbase hex  timestamps absolute\ninternal events logged\n"
    path.write_text(head + "0.10 1 102 Rx d 8 02 9A 01 00 00 88 48 00\n0.20 1 102 Rx d 8 02 9A 0G 00\n")
    capture = read_capture(path)
    assert len(capture.frames) == 1
    assert len(capture.remarks) == 1 and "read only up to frame 1" in capture.remarks[0]


def test_a_damaged_blf_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.blf"
    with can.Logger(path) as log:
        log.on_message_received(can.Message(timestamp=1.0, arbitration_id=0x102, data=bytes(8)))
    path.write_bytes(path.read_bytes().replace(b"LOBJ", b"LOST"))
    with pytest.raises(CaptureError, match="python-can cannot read it as BLF: BLFParseError"):
        read_capture(path)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"PK\x03\x04rest", "save the sheet as CSV"),
        (b"\x1f\x8b\x08rest", "unpack it first"),
        (b"\x0a\x0d\x0d\x0arest", "a Wireshark capture"),
        (b"***BUSMASTER Ver 3.2.2***\n", "a BUSMASTER log"),
        (b"LOGG and no more", "python-can cannot read it as BLF"),
        (b"MDF     4.10", "python-can cannot read it as MF4"),
        (b"three words here\n", "SavvyCAN/GVRET CSV, candump, crtd"),
    ],
)
def test_what_cannot_be_read_is_named(
    head: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capture.log"
    path.write_bytes(head)
    with pytest.raises(CaptureError, match=words):
        read_capture(path)
    assert cli.main(["decode", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and words in err


def test_one_cause_is_one_remark() -> None:
    lines = relaid("savvy_ext_0.csv", "", "")
    lines += [f"17000000{n:08},{n % 0x90:08X},0,1,8,00,00,00,00,00,00,00,00," for n in range(1756)]
    capture = parse(lines)
    assert len(capture.skipped) == 1756
    assert list(skipped_lines(capture.skipped)) == [
        "line 17: 0x000: unknown id (and 1755 more like it, up to line 1772)"
    ]
