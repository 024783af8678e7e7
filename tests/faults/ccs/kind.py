"""The board with a CCS plug, as a kind of campaign."""

from tests.faults.ccs import codec, faults, roads
from tests.faults.kinds import Kind
from tests.faults.quick import remember


def _remember_ccs() -> None:
    remember()
    codec.remember()


CCS = Kind("ccs", roads.ROADS, 4, faults.FAULTS, roads.starts, roads.REPERTOIRE, _remember_ccs)
