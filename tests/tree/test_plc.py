"""The charger on the power line: real frames on real interfaces, in a network namespace of its own; and what of the
charger a car can reach, by the card's firewall and its network files.

The car of the first test is not ours: it is `pev`, which the maker of the modems' chips wrote and Debian packages.
"""

import json
import subprocess
from typing import Any

import pytest

from tests.support.plcdoors import WANTED
from tests.support.plcutils import ROOT, in_namespace, need_namespace, networkd, nft, pev

MATCH_S = 5.0
"""From the car's first question to the match."""


REMARKS: dict[str, list[str]] = {
    "none": [],
    "lost_sound": ["sounds_missing"],
    "lost_response": [],
    "set_key_failed": ["set_key_failed"],
    "no_attenuation": ["no_attenuation"],
    "far_car": [],
    "near_car": [],
}
"""What goes wrong, and what the charger remarks about it."""
Found = dict[str, Any]


def played(*words: str) -> Found:
    """Run a module in a namespace of its own, and return the JSON object that it prints."""
    return seen(in_namespace(*words))


def seen(command: list[str]) -> Found:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout, done.stderr)
    found: Found = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def matches() -> dict[str, Found]:
    """One matching of `pev` for each fault, one after the other: `pev` has timers of its own, and on a busy machine
    several at once would wait for each other."""
    need_namespace()
    program = pev()
    return {fault: played("tests.support.plcspace", program, fault) for fault in REMARKS}


@pytest.mark.parametrize("fault", REMARKS)
def test_pev_of_debian_is_matched(matches: dict[str, Found], fault: str) -> None:
    found = matches[fault]
    assert found["matched"], found
    assert found["match_s"] < MATCH_S
    assert found["remarks"] == REMARKS[fault]
    first, matched, *last = found["car_keys"]  # pev's own key, ours, and its own at the end
    assert matched == found["key"] != first
    # pev leaves after the charge, and gives up (exit code 1) if its modem answers late, as on a busy machine.
    assert (found["pev"], last) in ((0, [first]), (1, [])), found
    assert found["other_keys"] == [], "never two cars"
    assert found["other"] == (["FAILED"] if fault.endswith("_car") else []), "the second car began, and gave up"


def test_every_matching_has_a_new_key(matches: dict[str, Found]) -> None:
    assert len({found["key"] for found in matches.values()}) == len(REMARKS)


def test_a_car_finds_the_charger_and_only_one_is_served() -> None:
    need_namespace()
    found = played("tests.support.plcdiscovery")
    assert found == {
        "address": "fe80::5e",
        "in pieces": ["one"],
        "two in one": ["two", "three"],
        "second car": "refused",
        "first car then": ["four"],
        "after too much": "",
        "again": "\0" * 4,
        "with another key": "silence",
        "closed": ["the header announces 2049 bytes; at most 2048 are accepted", "the car closed the connection"],
    }


def test_a_car_reaches_discovery_and_the_port_of_ccs_and_nothing_else() -> None:
    """Not the page, the broker, ssh or a name, at no address of the charger; and it is no router, and answers nobody's
    question but ours. Without [ccs] it reaches nothing, and the house has its doors as ever."""
    need_namespace()
    found = played("tests.support.plcdoors", nft())
    assert found == WANTED
    assert (found["ccs"]["car"], found["no ccs"]["car"]) == (["SDP", "ccs"], [])


def test_plc0_has_one_link_local_address_and_networkd_asks_and_hears_nothing_there() -> None:
    need_namespace()
    alone = ["unshare", "--mount", "--propagation", "private"]
    found = seen([*alone, *in_namespace("tests.support.plcnetworkd", networkd())])
    address, sent = ["inet6 link"], ["groups", "own address tested"]
    assert found == {"plc0": address, "listening": 0, "routers": 1, "sent": sent, "without carrier": address}
