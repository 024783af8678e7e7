"""A network namespace with the charger's matching, simulated modems, and Debian's `pev` as the car.

    unshare --net python -m tests.support.plcspace PEV [FAULT ...]

prints one JSON object when the car has matched, or when its time is up. FAULT: lost_sound, lost_response,
set_key_failed, no_attenuation; far_car and near_car: a second car begins to match while pev does.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

from tests.support.plcutils import ip
from v2h.ccs.homeplug import ETHERTYPE, AttenCharRsp, ParmReq, SoundInd, unpack
from v2h.ccs.slac import Phase, Slac
from v2h.ports.plc import PlcPort
from v2h.rig.ccs.plcmodem import Medium, Modem
from v2h.rig.ccs.plcwire import PowerLine
from v2h.rig.ccs.slaccar import SlacCar

TIME_UP_S = 60.0
"""Only ends a test that would fail; pev takes 4 s."""
PROFILE = """[default]
attenuation threshold = 40
msound pause = 20
settle time = 2
charge time = 1
"""
CHARGER, PEV, SECOND = 0, 1, 2
SECOND_LOSS_DB = {"far_car": 70, "near_car": 20}
PEV_MAC = bytes.fromhex("020000000e01")


def medium_with(faults: set[str]) -> Medium:
    charger = Modem(set_key_failed="set_key_failed" in faults, no_attenuation="no_attenuation" in faults)
    modems = [charger, Modem(set_key_failed=True)]  # pev takes this answer for success
    modems += [Modem(loss_db=loss_db) for car, loss_db in SECOND_LOSS_DB.items() if car in faults]
    lost = {"lost_sound": (SoundInd.TYPE, 4), "lost_response": (AttenCharRsp.TYPE, 0)}
    return Medium(modems, {lost[fault] for fault in faults if fault in lost})


class Match:
    """What the charger does and sees. parm_t: when it heard the car's first question."""

    def __init__(self, port: PlcPort) -> None:
        self.port, self.slac = port, Slac(port.mac)
        self.parm_t: float | None = None
        self.matched_t: float | None = None

    def start(self) -> None:
        for frame in self.slac.start(time.monotonic(), os.urandom(16)):
            self.port.send(frame)

    def step(self, now: float) -> None:
        for data in self.port.frames():
            heard = unpack(data)
            if heard is not None and isinstance(heard.message, ParmReq) and heard.source == PEV_MAC:
                self.parm_t = self.parm_t or now
            for frame in self.slac.take(now, data):
                self.port.send(frame)
        for frame in self.slac.tick(now):
            self.port.send(frame)
        if self.slac.phase is Phase.MATCHED and self.matched_t is None:
            self.matched_t = now


def main(pev: str, faults: set[str]) -> None:
    for host, mac, modem in (("plc0", "02:00:00:00:5e:01", "modem0"), ("car0", PEV_MAC.hex(":"), "modem1")):
        ip("link", "add", "name", host, "address", mac, "type", "veth", "peer", "name", modem)
        ip("link", "set", host, "up")
        ip("link", "set", modem, "up")
    medium, later = medium_with(faults), dict[int, SlacCar]()
    line = PowerLine(medium, {CHARGER: "modem0", PEV: "modem1"}, later)
    match = Match(PlcPort("plc0", ETHERTYPE))
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as profile:
        profile.write(PROFILE)
        profile.flush()
        returned = run(
            line, match, [pev, "-i", "car0", "-p", profile.name, "-x"], later if medium.modems[SECOND:] else None
        )
    line.close()
    match.port.close()
    found = {
        "matched": match.slac.car_mac == PEV_MAC,
        "match_s": None if match.matched_t is None or match.parm_t is None else match.matched_t - match.parm_t,
        "pev": returned,
        "remarks": match.slac.remarks,
        "key": match.slac.nmk.hex(),
        "car_keys": [key.hex() for key in medium.modems[PEV].keys],
        "other": [car.step.name for car in later.values()],
        "other_keys": [key.hex() for modem in medium.modems[SECOND:] for key in modem.keys],
    }
    print(json.dumps(found))


def run(line: PowerLine, match: Match, words: list[str], later: dict[int, SlacCar] | None) -> int:
    """Run the car's program to its end, with the power line and the charger beside it. Returns its exit code.

    later: where to put a second car as soon as the first has begun to match.
    """
    match.start()
    car = subprocess.Popen(words, stdout=sys.stderr)
    began = now = time.monotonic()
    while car.poll() is None and now - began < TIME_UP_S:
        line.step(now, match.port)
        now = time.monotonic()
        match.step(now)
        if later is not None and not later and match.parm_t is not None:
            later[SECOND] = SlacCar(bytes.fromhex("020000000e02"), os.urandom(8))
    if car.poll() is None:
        car.kill()
    return car.wait()


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
