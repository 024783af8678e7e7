"""A small part of the CCS campaign in every test run, and proof that it can fail. All of it: `make faults CCS=1`."""

from pathlib import Path

import pytest

from tests.faults import defects, scenarios, sessions, snapshots
from tests.faults.ccs.board import CcsBoard
from tests.faults.ccs.defects import DEFECTS
from tests.faults.ccs.kind import CCS
from tests.faults.seeding import Defect
from tests.faults.snapshots import Snapshot
from v2h.bus.states import State
from v2h.ccs.power_states import TABLE

ROOT = Path(__file__).parents[2]
BY_NAME = {fault.name: fault for fault in CCS.faults}
QUICK = ("ccs_target_ignored", "ccs_valid_unmeasured", "ccs_edge_of_k_waits", "ccs_bleeds_the_car")
"""Of each kind one; all of them: `scripts/faults --ccs --defects`."""


@pytest.fixture(scope="module")
def taken() -> list[Snapshot]:
    CCS.prepare()
    return snapshots.take(CCS.roads)


def test_there_is_a_moment_in_every_state(taken: list[Snapshot]) -> None:
    assert {snapshot.state for snapshot in taken} == set(TABLE)


def test_the_campaign_has_1000_scenarios_and_every_state_meets_every_fault(taken: list[Snapshot]) -> None:
    jobs = scenarios.chosen(taken, CCS.faults)
    assert len(jobs) >= 1000
    assert {(taken[i].state, name) for i, name in jobs} == {(state, name) for state in TABLE for name in BY_NAME}


def test_without_a_fault_every_plan_is_carried_out(taken: list[Snapshot]) -> None:
    assert scenarios.broken([scenarios.run(snapshot, BY_NAME["none"]) for snapshot in taken[::9]]) == []


def test_some_scenarios(taken: list[Snapshot]) -> None:
    jobs = scenarios.chosen(taken, CCS.faults)[11::97]
    assert scenarios.broken([scenarios.run(taken[i], BY_NAME[name]) for i, name in jobs]) == []


STOPS = ("owner stops", "car stops", "K wire broken", "connection lost", "pilot at A", "box reads B", "pilot at E",
         "pilot at F", "isolation at 50 kohm", "car silent", "ccs killed", "ccs stopped", "charger killed",
         "charger stopped for 4 s", "guard killed", "guard stopped")  # fmt: skip


@pytest.mark.parametrize("stop", STOPS)
def test_each_stop_of_a_charge_ends_safe(taken: list[Snapshot], stop: str) -> None:
    snapshot = next(one for one in taken if one.state is State.ENERGY)
    assert scenarios.broken([scenarios.run(snapshot, BY_NAME[stop])]) == []


def test_random_sessions() -> None:
    settings = ({"soc_pct": 40.0, "max_charge_a": 9.9, "wants_a": 125.0}, {"dialect": "ISO 15118-2", "max_v": 470.0})
    boards = [CcsBoard(bleeds=True, **one) for one in settings]
    starts = [start for board in boards for start in sessions.starts_of(CCS.repertoire.states, "quick", board)]
    assert scenarios.broken([sessions.run_seed(seed, starts, CCS.repertoire) for seed in range(1, 31)]) == []


def test_there_are_15_defects_of_ccs() -> None:
    assert len(DEFECTS) >= 15
    assert set(QUICK) <= {defect.name for defect in DEFECTS}
    assert {defect.kind for defect in DEFECTS} == {CCS.name}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_each_defect_finds_its_place(defect: Defect) -> None:
    compile(defect.seeded(), defect.file, "exec")
    assert set(defect.aims) <= set(BY_NAME)


@pytest.mark.parametrize("name", QUICK)
def test_a_seeded_defect_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'app'}:{ROOT}")
    monkeypatch.chdir(ROOT)
    assert defects.run_one(name)[1]
