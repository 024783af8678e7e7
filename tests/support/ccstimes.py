"""How fast `ccs` answers CurrentDemandReq, beside a plain echo by TCP on the same simulated power line.

    unshare --net python -m tests.support.ccstimes din|iso2

starts the whole tree with a simulated CCS car, charges, and prints one JSON object: {"demand_ms", "echo_ms"}, each a
list of times from the request to its answer. The echo runs in the same charge: its server stands beside `ccs`, its
client beside the car.
"""

import json
import logging
import socket
import subprocess
import sys
import threading
import time

from tests.support.ccstree import AMPS, told
from tests.support.chargingtree import charger
from tests.support.plcutils import ip
from tests.support.runningtree import NAMES, Tree
from v2h.ports.plc import INTERFACE
from v2h.rig.ccs.car import REMEMBERED
from v2h.rig.ccs.line import ADDRESSES, CAR_INTERFACE
from v2h.rig.desk import desk_tree
from v2h.runtime.realtime import CCS_PRIORITY, claim

PORT, SIZE_B = 50_000, 60
"""A CurrentDemandReq and its answer have about as many bytes."""
PAUSE_S = 0.1


def main(dialect: str) -> None:
    ip("link", "set", "lo", "up")
    with desk_tree(ccs=dialect) as desk, told(desk):
        tree = Tree(desk)
        tree.until(lambda: tree.alive() == NAMES - {"broker"} | {"ccs"}, 60, "all programs are on the bus")
        tree.until(lambda: tree.command("mode", mode="charge", amps=AMPS)["ok"], 30, "the charge is ordered")
        tree.until(charger(tree, lambda c: c["state"] == "energy"), 60, "energy may flow")
        tree.until(lambda: len(tree.rig()["ccs"]["demand_ms"]) >= REMEMBERED, 90, "so many answers have come")
        demand_ms = tree.rig()["ccs"]["demand_ms"]
        echo_ms = echoed(tree.rig()["car_network"])
        tree.command("stop")
        tree.until(charger(tree, lambda c: c["state"] in ("idle", "fault")), 90, "the session has ended")
    print(json.dumps({"demand_ms": demand_ms, "echo_ms": echo_ms}))


def echoed(network: str) -> list[float]:
    """Times of the echo from the car's namespace."""
    scope = socket.if_nametoindex(INTERFACE)
    with socket.create_server((ADDRESSES[INTERFACE], PORT, 0, scope), family=socket.AF_INET6) as door:
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        words = ["nsenter", f"--net={network}", sys.executable, "-m", "tests.support.ccstimes", "client"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    times: list[float] = json.loads(done.stdout)
    return times


def serve(door: socket.socket) -> None:
    claim(CCS_PRIORITY, logging.getLogger("echo"))
    node, _ = door.accept()
    with node:
        node.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := node.recv(4096):
            node.sendall(data)


def client() -> None:
    """One message each PAUSE_S, as the car. It and the server have the priority of `ccs`, else a busy machine would
    be measured."""
    claim(CCS_PRIORITY, logging.getLogger("echo"))
    times_ms: list[float] = []
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as node:
        node.connect((ADDRESSES[INTERFACE], PORT, 0, socket.if_nametoindex(CAR_INTERFACE)))
        node.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(REMEMBERED):
            sent_t = time.monotonic()
            node.sendall(bytes(SIZE_B))
            left = SIZE_B
            while left:
                left -= len(node.recv(left))
            times_ms.append(round((time.monotonic() - sent_t) * 1000, 2))
            time.sleep(PAUSE_S)
    print(json.dumps(times_ms))


if __name__ == "__main__":
    client() if sys.argv[1] == "client" else main(sys.argv[1])
