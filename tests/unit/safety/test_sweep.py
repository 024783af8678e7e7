"""The stand-alone make-safe in virtual time: outputs that fail, a missing bus, a converter that receives nothing."""

import errno
import logging
import math
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.support.safetypage import limit
from v2h.canframe import Frame
from v2h.config.site import Config
from v2h.ports.can import CanPortError
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output, line_name
from v2h.safety.shell import sweep
from v2h.safety.shell.backup_guard import SILENCE_S

ENERGY = Output(0x7F)
ZERO = pre.write_amps(0.0)
MOST_TURNS_A_S = 200
"""Make-safe waits for its next step or an answer and does not spin: the one slow core also has other work to end."""


class Board:
    """Lines and bus as a dead tree of programs has left them, and a clock that advances when the code waits."""

    def __init__(self, patch: pytest.MonkeyPatch, outputs: Output = ENERGY) -> None:
        self.now, self.outputs, self.amps_a, self.set_a = 1000.0, outputs, 14.0, 14.0
        self.turns, self.deaf, self.no_bus = 0, False, False
        self.unopened, self.unread, self.stuck = NONE, NONE, NONE
        self.fell: dict[Output, float] = {}
        self.sent: list[tuple[float, bytes]] = []
        self.send_error: int | None = None
        self.answers: list[Frame] = []
        self.later: list[tuple[float, Frame]] = []
        """What other nodes send, and when."""
        patch.setattr(sweep, "time", SimpleNamespace(monotonic=self.monotonic))
        patch.setattr(sweep, "select", SimpleNamespace(select=self.wait))
        patch.setattr(sweep, "open_output", self.open_output)
        patch.setattr(sweep, "open_can", self.open_can)

    def run(self, since_t: float | None = None) -> int:
        return sweep.make_safe(Config(), logging.getLogger("sweep"), since_t)

    def monotonic(self) -> float:
        self.turns += 1
        self.walk(1e-4)  # each action takes some time
        return self.now

    def wait(self, readable: list[int], _w: object, _x: object, seconds: float) -> None:
        self.walk(0.001 if self.answers and readable else seconds)

    def walk(self, seconds: float) -> None:
        """Advance the clock; the converter's current follows its order at 30 A/s."""
        self.now += seconds
        self.amps_a += max(-30 * seconds, min(30 * seconds, self.set_a - self.amps_a))

    def open_output(self, url: str) -> "Line":
        output = next(output for output in Output if url.endswith(line_name(output)))
        if output & self.unopened:
            raise OSError(errno.ENODEV, "no such line")
        return Line(self, output)

    def open_can(self, url: str, bus: int, can_ids: list[int], *, ours: frozenset[int]) -> "Board":
        self.can_ids, self.ours = can_ids, ours
        if self.no_bus:
            raise CanPortError(errno.ENODEV, "no such bus")
        return self

    def fileno(self) -> int:
        return 3

    def send(self, can_id: int, data: bytes) -> None:
        if self.send_error is not None:
            raise CanPortError(self.send_error, "not sent")
        assert can_id == pre.REQUEST_ID
        self.sent.append((self.now - 1000.0, data))
        if self.deaf or Output.PRE_AC not in self.outputs:
            return
        if data == ZERO:
            self.set_a = 0.0
        told = {pre.read_amps(): (pre.AMPS, self.amps_a), pre.read_amps_setpoint(): (pre.SET_AMPS, self.set_a)}
        if data in told:
            entry, value = told[data]
            raw = round(value * 10).to_bytes(2, "little", signed=True)
            self.answers.append(Frame(self.now, pre.ANSWER_ID, pre.read_answer(entry, raw)))

    def frames(self) -> Iterator[Frame]:
        while self.later and self.later[0][0] <= self.now:
            self.answers.append(self.later.pop(0)[1])
        while self.answers:
            yield self.answers.pop(0)


class Line:
    def __init__(self, board: Board, output: Output) -> None:
        self._board, self._output = board, output

    def read(self) -> bool:
        if self._output & self._board.unread:
            raise OSError(errno.EIO, "cannot be read")
        return bool(self._output & self._board.outputs)

    def write(self, on: bool) -> None:
        assert not on, "make-safe switches nothing on"
        if self._output & self._board.stuck:
            raise OSError(errno.EIO, "cannot be written")
        self._board.fell.setdefault(self._output, self._board.now - 1000.0)
        self._board.outputs &= ~self._output


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    return Board(monkeypatch)


def opened_s(board: Board) -> float:
    return max(board.fell.get(Output.C1, math.inf), board.fell.get(Output.C2, math.inf))


def test_a_tree_that_is_gone(board: Board) -> None:
    """SAFETY.md, tree-gone, from the call on; the lock stays on."""
    assert board.run() == 0
    assert board.outputs == Output.PLUG_LOCK
    assert min(t for t, data in board.sent if data == ZERO) <= limit("tree-gone", "0 A ordered")
    assert board.fell[Output.PRE_AC] <= opened_s(board) <= limit("tree-gone", "c1/c2 open")
    assert board.fell[Output.D1] - board.fell[Output.D2] >= 0.49
    assert pre.write_enable(False) in [data for _, data in board.sent]
    assert board.turns <= MOST_TURNS_A_S * (board.now - 1000.0)


@pytest.mark.parametrize("how", ["deaf", "no_bus", "bus down", "nobody acknowledges"])
def test_a_converter_that_hears_nothing(board: Board, how: str) -> None:
    """SAFETY.md, tree-gone; AC is off 0.3 s before c1 and c2."""
    board.deaf, board.no_bus = how == "deaf", how == "no_bus"
    board.send_error = {"bus down": errno.ENETDOWN, "nobody acknowledges": errno.ENOBUFS}.get(how)
    assert board.run() == 0
    assert board.outputs == Output.PLUG_LOCK
    assert opened_s(board) <= limit("tree-gone", "c1/c2 open, converter deaf")
    assert opened_s(board) - board.fell[Output.PRE_AC] >= 0.25
    assert board.now < 1000.0 + 3.1
    assert board.turns <= MOST_TURNS_A_S * (board.now - 1000.0)


def test_it_goes_on_from_where_guard_was(board: Board) -> None:
    """guard had commanded 0 A for 0.77 s when it died: its second does not begin the wait of 0.8 s anew."""
    board.deaf = True
    assert board.run(since_t=1000.0 - 0.77) == 0
    assert board.fell[Output.PRE_AC] <= 0.06
    assert 0.3 <= opened_s(board) <= 0.36


@pytest.mark.parametrize("deaf", [False, True])
def test_the_second_of_a_guard_that_hangs(board: Board, deaf: bool) -> None:
    """SAFETY.md, guard-gone: the second waits SILENCE_S for a message, kills `guard` and is in this function."""
    board.deaf = deaf
    assert board.run() == 0
    assert SILENCE_S + min(t for t, data in board.sent if data == ZERO) <= limit("guard-gone", "0 A ordered")
    within_s = limit("guard-gone", "c1/c2 open, converter deaf" if deaf else "c1/c2 open")
    assert SILENCE_S + opened_s(board) <= within_s
    assert board.outputs == Output.PLUG_LOCK


def test_a_write_that_guard_did_not_read_is_replaced_at_once(board: Board) -> None:
    """SAFETY.md, charger-continued: the write came after the trip, and nobody has read it when `guard` dies. The AC
    goes off 0.8 s after the trip, since this converter goes on with 14 A; one that obeys gets 0 A before that."""
    board.deaf, tripped_s = True, 0.2
    assert board.run(since_t=1000.0 - tripped_s) == 0
    assert board.sent[0] == (pytest.approx(0.0, abs=0.02), ZERO)
    assert tripped_s + board.fell[Output.PRE_AC] == pytest.approx(0.8, abs=0.03)


def test_another_program_that_orders_a_current_costs_the_mains(board: Board) -> None:
    """SAFETY.md, charger-continued, when guard has died too."""
    board.deaf = True
    board.later.append((1000.2, Frame(1000.2, pre.REQUEST_ID, pre.write_amps(10.0))))
    assert board.run() == 0
    assert board.fell[Output.PRE_AC] <= 0.2 + limit("charger-continued", "AC off")
    assert opened_s(board) - board.fell[Output.PRE_AC] >= 0.25
    assert pre.REQUEST_ID in board.can_ids and pre.REQUEST_ID in board.ours


def test_zero_amps_goes_on_when_the_bus_takes_frames_again(board: Board) -> None:
    """A full queue only means that no node acknowledges frames at the moment."""
    board.send_error = errno.ENOBUFS
    plain = board.wait

    def wait(readable: list[int], w: object, x: object, seconds: float) -> None:
        plain(readable, w, x, seconds)
        board.send_error = errno.ENOBUFS if board.now < 1000.4 else None

    sweep.select.select = wait  # type: ignore[assignment]
    assert board.run() == 0
    assert ZERO in [data for _, data in board.sent]


@pytest.mark.parametrize("output", [Output.C2, Output.D1, Output.PRE_AC])
def test_an_output_that_cannot_be_switched_is_told_once_and_stops_no_other(
    board: Board, output: Output, caplog: pytest.LogCaptureFixture
) -> None:
    board.stuck = output
    assert board.run() == 1
    assert board.outputs == Output.PLUG_LOCK | output
    said = [text for text in caplog.messages if f"output {line_name(output)} cannot be switched off" in text]
    assert len(said) == 1
    assert "still on" in caplog.messages[-1]


def test_an_output_that_cannot_be_read_counts_as_on(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    board.outputs, board.unread = Output.PLUG_LOCK | Output.C1, Output.C1
    assert board.run() == 1
    assert board.outputs == Output.PLUG_LOCK, "it was switched off all the same"
    assert "output c1 cannot be read" in caplog.text


def test_an_output_that_cannot_be_opened_is_no_success(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    board.outputs, board.unopened = Output.PLUG_LOCK, Output.C1
    assert board.run() == 1
    assert "output c1 cannot be opened" in caplog.text


def test_with_nothing_on_but_the_lock_nothing_is_done(board: Board) -> None:
    board.outputs = Output.PLUG_LOCK
    assert board.run() == 0
    assert (board.outputs, board.sent) == (Output.PLUG_LOCK, [])


def test_with_open_contactors_the_signals_go_in_order_and_soon(board: Board) -> None:
    board.outputs = ENERGY & ~CONTACTORS
    assert board.run() == 0
    assert board.outputs == Output.PLUG_LOCK
    assert board.fell[Output.D2] <= 0.2
    assert board.fell[Output.D1] - board.fell[Output.D2] >= 0.49
