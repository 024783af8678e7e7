"""Does the gateway's memory stay as it is while others send it anything?

The whole tree runs with MQTT and the predecessor's WebSocket configured, between two real brokers. Random messages go
to both faces for BENCH_GATEWAY_S seconds. `against` is the resident memory after the first tenth of that time.
"""

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.rows import row
from tests.support.gatewayhome import Reader
from tests.support.homebroker import Broker
from tests.support.randommessages import WORDS, almost_good, noise
from tests.support.supervised import processes
from tests.support.wsclient import WebSocket
from v2h.rig.desk import Desk, desk_tree, free_port

LASTS_S = float(os.environ.get("BENCH_GATEWAY_S", "1200"))
PAUSE_S = 0.02
TOPICS = [word for word in WORDS if word.isalnum()]
TOML = """\
[gateway.mqtt]
host = "127.0.0.1"
port = {broker}
user = "me"
password = "right"
[gateway.websocket]
listen = "127.0.0.1:{socket}"
clients = "127.0.0.1"
"""


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The resident memory at the end, and how many messages were sent."""
    generator, socket, sent = random.Random(20261130), free_port(), 0
    with contextlib.ExitStack() as open_now:
        broker = open_now.enter_context(
            contextlib.closing(Broker(Path(open_now.enter_context(tempfile.TemporaryDirectory()))))
        )
        desk = open_now.enter_context(desk_tree(toml=TOML.format(broker=broker.port, socket=socket)))
        reader = Reader(broker.port)
        wait_until(lambda: reader.heard.get("v2h/status") == "online")
        pid, began, sizes_kib = gateway_pid(desk), time.monotonic(), list[int]()
        page = WebSocket(socket)
        while (now := time.monotonic()) < began + LASTS_S:
            sent += 1
            made = generator.choice((noise, almost_good))(generator)
            if generator.random() < 0.2:
                page = said(page, socket, made, reconnect=sent % 20 == 0)
            else:
                reader.client.publish(f"v2h/{generator.choice(TOPICS)}/set", made)
            if now >= began + len(sizes_kib) * LASTS_S / 20:
                sizes_kib.append(resident_kib(pid))
                tell(f"{now - began:.0f} s, {sent} messages: {sizes_kib[-1] / 1024:.1f} MiB")
            time.sleep(PAUSE_S)
        sizes_kib.append(resident_kib(pid))
        if gateway_pid(desk) != pid:
            raise RuntimeError("the gateway was started again")
        reader.close()
    return [
        row(f"memory of the gateway after {LASTS_S:.0f} s", sizes_kib[-1] / 1024, "MiB", sizes_kib[2] / 1024),
        row("random messages to it (against 1)", sent, "", 1),
    ]


def said(page: WebSocket, port: int, made: bytes, *, reconnect: bool) -> WebSocket:
    """Send it as text, or as raw bytes. reconnect: open a new connection first. Returns the connection to use next."""
    try:
        if reconnect:
            page.close()
            page = WebSocket(port)
        if made[:1] == b"{":
            page.send(made.decode(errors="replace"))
        else:
            page.send_raw(made)
    except OSError:
        return WebSocket(port)
    return page


def gateway_pid(desk: Desk) -> int:
    return processes(desk.supervisor_socket)["gateway"][1]


def resident_kib(pid: int) -> int:
    line = next(text for text in Path(f"/proc/{pid}/status").read_text().splitlines() if text.startswith("VmRSS:"))
    return int(line.split()[1])


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("the gateway did not come to the broker of the house")
        time.sleep(0.1)
