"""The converter's losses as datalog learns them: from messages, into a file, and again after a restart."""

import json
from dataclasses import replace
from pathlib import Path

from tests.support.messages import charger
from v2h.bus.messages import ConverterLosses, MeterReading
from v2h.datalog.learned_losses import FILE_NAME, WRITTEN_S, LearnedLosses
from v2h.energy.loss_learning import ENOUGH, USUAL, Figures

REAL = Figures(60.0, 0.05, 0.02)


def lived(losses: LearnedLosses, charges: int, now: float = 1000.0) -> float:
    """So many charges of 3 kW beside a house of 400 W; a second is one look. Returns the time after them."""
    for _ in range(charges):
        for outputs, dc_w in ((["pre-ac", "c1", "c2"], 3000.0), ([], 0.0)):
            for _ in range(30):
                now += 1.0
                state = replace(charger(), t=now, t_power=now, power_w=dc_w, outputs=outputs)
                grid_w = 400.0 + REAL.mains_w(dc_w, on=bool(outputs))
                losses.look(state, MeterReading(now + 0.2, grid_w, 1.0, 0.2, "test"))
    return now


def test_charges_teach_the_losses_and_the_message_says_so(tmp_path: Path) -> None:
    losses = LearnedLosses(tmp_path)
    assert losses.read() == ""
    assert losses.message(1.0) == ConverterLosses(1.0, 40.0, 0.03, 0.03, 0, 94.5)
    lived(losses, 5)
    message = losses.message(2.0)
    assert message.steps == 9, "each begin and end but the first, before which nobody looked"
    assert abs(losses.figures.losses.loss_w(3000.0) - REAL.losses.loss_w(3000.0)) < 10
    assert message.efficiency_pct == 92.6
    assert ConverterLosses.from_json(message.to_json()) == message


def test_a_converter_that_is_silent_while_it_is_off_is_at_0_w(tmp_path: Path) -> None:
    losses, now = LearnedLosses(tmp_path), 1000.0
    learned = []
    for on in (False, True):
        for _ in range(30):
            now += 1.0
            known = (
                {"power_w": 3000.0, "t_power": now, "outputs": ["pre-ac"]} if on else {"power_w": None, "outputs": []}
            )
            grid_w = 400.0 + REAL.mains_w(3000.0 * on, on=on)
            state = replace(charger(), t=now, **known)
            learned.append(losses.look(state, MeterReading(now, grid_w, 1.0, 0.0, "test")))
    assert sum(learned) == 1
    assert not losses.look(None, MeterReading(now, 1.0, 1.0, 0.0, "test")) and not losses.look(charger(), None)


def test_the_file_is_written_at_most_once_an_hour_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    losses = LearnedLosses(tmp_path)
    losses.write(999.0, at_once=True)
    assert not file.exists(), "nothing was learned, and the file has not been read"
    losses.read()
    now = lived(losses, ENOUGH)
    losses.write(now)
    first = file.read_bytes()
    now = lived(losses, 2, now)
    losses.write(now)
    assert file.read_bytes() == first
    losses.write(now + WRITTEN_S)
    assert len(json.loads(file.read_bytes())["steps"]) > len(json.loads(first)["steps"])
    again = LearnedLosses(tmp_path)
    assert again.figures == USUAL
    assert again.read() == ""
    assert again.figures.steps == losses.figures.steps


def test_a_bad_file_is_moved_aside_and_learning_begins_again(tmp_path: Path) -> None:
    for content in ("{", '{"version": 7, "steps": []}'):
        (tmp_path / FILE_NAME).write_text(content)
        losses = LearnedLosses(tmp_path)
        assert FILE_NAME in losses.read()
        assert losses.figures == USUAL
        assert not (tmp_path / FILE_NAME).exists() and (tmp_path / f"{FILE_NAME}.bad").exists()
        assert losses.read() == ""
