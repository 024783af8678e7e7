"""The pins that docs/bench.md tells a person to watch are those of the device tree."""

import re

from tests.support.markdown import ROOT

PIN = re.compile(r"\| (\S+) \| (P[89]\.\d+) (?=\|)")
ROUTED = re.compile(r"/\* (P[89]\.\d+) gpio\w+, ([\w-]+)[ :]")
"""The comment beside each routed output in dts/outputs.dtsi."""


def test_the_pins_of_the_outputs_are_those_of_the_device_tree() -> None:
    page = (ROOT / "docs" / "bench.md").read_text(encoding="utf-8")
    routed = ROUTED.findall((ROOT / "dts" / "outputs.dtsi").read_text(encoding="utf-8"))
    outputs = {name: pin for pin, name in routed if name != "K"}
    assert len(outputs) == 7
    assert dict(PIN.findall(page)) == outputs
