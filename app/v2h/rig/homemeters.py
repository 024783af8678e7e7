"""`python -m v2h.rig.homemeters`: the simulated house's grid meters on the home network, each a real server.

It runs as a separate process beside the rig, as such meters stand beside the charger: an SDM230 on Modbus TCP or on RTU
behind a TCP gateway (pymodbus's server), a Shelly Pro EM or HomeWizard P1 on HTTP, a publisher on an MQTT broker. Each
shows the grid as it was LAG_S ago, as real meters do, with half a watt of noise in the last digit. Addresses and names
are written here a second time, not taken from the meters' drivers: otherwise a mistake there would agree with itself.
"""

import argparse
import asyncio
import json
import logging
import signal
import struct
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from v2h.ports.rig import RigLink
from v2h.rig.house import SEEN

SAMPLE_S = 0.02
KEPT_S = 3.0
LAG_S = {"modbus": 0.3, "http": 0.5, "mqtt": 0.5}
"""The lags of the stated meters sdm230 and 1hz of the matching bench."""
PUBLISH_S = 1.0
HOLD_S = 3.0
"""The slow meter measures only once in this time, however often it is read."""
NOISE_W = 0.5


class Look(NamedTuple):
    """The values that a meter shows."""

    power_w: float
    volts_v: float
    frequency_hz: float
    import_wh: float
    export_wh: float


class Watcher(threading.Thread):
    """Reads the rig's grid connection every SAMPLE_S and stores the readings."""

    def __init__(self, rig: Path) -> None:
        super().__init__(daemon=True)
        self._link = RigLink(f"{rig}/house")
        self._seen: deque[tuple[float, Look]] = deque(maxlen=round(KEPT_S / SAMPLE_S))
        self._looks = 0
        self._sample(0.0, 0.0)

    def run(self) -> None:
        import_wh = export_wh = 0.0
        last = time.monotonic()
        while True:
            time.sleep(SAMPLE_S)
            now = time.monotonic()
            wh = self._seen[-1][1].power_w * (now - last) / 3600
            import_wh, export_wh, last = import_wh + max(0.0, wh), export_wh + max(0.0, -wh), now
            self._sample(import_wh, export_wh)

    def ago(self, seconds: float) -> Look:
        """The grid as it was `seconds` ago, with the meter's own noise."""
        seen = list(self._seen)
        at = max(0, bisect_right([t for t, _ in seen], time.monotonic() - seconds) - 1)
        self._looks += 1
        look = seen[at][1]
        return look._replace(power_w=look.power_w + NOISE_W * (self._looks * 7 % 11 - 5) / 5)

    def _sample(self, import_wh: float, export_wh: float) -> None:
        volts_v, frequency_hz, grid_w, _ = SEEN.unpack(self._link.transact(b"?"))
        self._seen.append((time.monotonic(), Look(grid_w, volts_v, frequency_hz, import_wh, export_wh)))


class Held:
    """Takes a reading only every HOLD_S and repeats it in between."""

    def __init__(self, look: Callable[[], Look]) -> None:
        self._look, self._last, self._due = look, look(), time.monotonic() + HOLD_S

    def look(self) -> Look:
        """The last reading, or a new one when it is due."""
        now = time.monotonic()
        if now >= self._due:
            self._last, self._due = self._look(), now + HOLD_S
        return self._last


def float_words(values: Mapping[int, float]) -> dict[int, int]:
    """IEEE 754 values by address -> 16-bit registers, high word first."""
    words = {}
    for address, value in values.items():
        words[address], words[address + 1] = struct.unpack(">2H", struct.pack(">f", value))
    return words


def sdm230(look: Look) -> dict[int, int]:
    """Eastron SDM230 Modbus protocol: V 0x00, A 0x06, W 0x0C, Hz 0x46, imported kWh 0x48, exported kWh 0x4A."""
    amps_a = abs(look.power_w) / look.volts_v
    energy = {0x48: look.import_wh / 1000, 0x4A: look.export_wh / 1000}
    return float_words({0x00: look.volts_v, 0x06: amps_a, 0x0C: look.power_w, 0x46: look.frequency_hz} | energy)


class ModbusFace:
    """A pymodbus server in its own thread. registers: all register words now, the same for input and holding."""

    def __init__(
        self,
        registers: Callable[[], Mapping[int, int]],
        port: int,
        *,
        rtu: bool = False,
        unit: int = 1,
        host: str = "127.0.0.1",
    ) -> None:
        self._registers, self._place, self._rtu, self._unit = registers, (host, port), rtu, unit
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        if not self._up.wait(10):
            raise OSError(f"the Modbus server is not up at {host}:{port}")

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(5)  # type: ignore[no-untyped-call]
        self._thread.join(5)

    async def _serve(self) -> None:
        from pymodbus.datastore import ModbusServerContext
        from pymodbus.datastore.context import ModbusBaseSlaveContext
        from pymodbus.framer import FramerType
        from pymodbus.server import ModbusTcpServer

        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        registers = self._registers

        class Bank(ModbusBaseSlaveContext):
            """The data source that pymodbus reads for each request."""

            def validate(self, fc_as_hex: int, address: int, count: int = 1) -> bool:
                last = max(registers())
                return fc_as_hex in (3, 4) and 0 <= address <= address + count - 1 <= last

            def getValues(self, fc_as_hex: int, address: int, count: int = 1) -> list[int | bool]:  # noqa: N802
                words = registers()
                return [words.get(address + n, 0) for n in range(count)]

        context = ModbusServerContext(slaves={self._unit: Bank()}, single=False)  # type: ignore[no-untyped-call]
        framer = FramerType.RTU if self._rtu else FramerType.SOCKET
        self._server = ModbusTcpServer(context, framer=framer, address=self._place)
        self._loop = asyncio.get_running_loop()
        await self._server.listen()
        self._up.set()
        await self._server.serving


def shelly_pro_em(look: Look) -> dict[str, Any]:
    """EM1.GetStatus of Shelly's generation 2."""
    amps_a = round(abs(look.power_w) / look.volts_v, 3)
    return {
        "id": 0, "current": amps_a, "voltage": round(look.volts_v, 1), "act_power": round(look.power_w, 1),
        "aprt_power": round(abs(look.power_w), 1), "pf": 1.0, "freq": round(look.frequency_hz, 1),
    }  # fmt: skip


def homewizard(look: Look) -> dict[str, Any]:
    """/api/v1/data of HomeWizard's P1 meter on a single phase."""
    return {
        "smr_version": 50, "active_power_w": round(look.power_w), "active_power_l1_w": round(look.power_w),
        "active_voltage_l1_v": round(look.volts_v, 1), "total_power_import_kwh": round(look.import_wh / 1000, 3),
        "total_power_export_kwh": round(look.export_wh / 1000, 3),
    }  # fmt: skip


class HttpFace:
    """A threaded HTTP/1.1 server: resource -> the document at this moment; any other path returns 404."""

    def __init__(self, documents: Mapping[str, Callable[[], object]], port: int, host: str = "127.0.0.1") -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                document = documents.get(self.path)
                body = b"{}" if document is None else json.dumps(document()).encode()
                self.send_response(404 if document is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer((host, port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class MqttFace:
    """Publishes a plain number of watts every PUBLISH_S. change_w: only when it differs by more than this from the last
    one, as Home Assistant and Zigbee bridges do."""

    def __init__(self, look: Callable[[], Look], host: str, port: int, topic: str, change_w: float = -1.0) -> None:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.connect(host, port)
        self._client.loop_start()
        self._look, self._topic, self._change_w = look, topic, change_w
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        due, sent_w = time.monotonic(), float("inf")
        while True:
            power_w = self._look().power_w
            if abs(power_w - sent_w) > self._change_w:
                self._client.publish(self._topic, f"{power_w:.1f}")
                sent_w = power_w
            due += PUBLISH_S
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m v2h.rig.homemeters",
        description="Grid meters of the simulated house on 127.0.0.1, until SIGTERM. The rig must be running.",
        epilog="example: python -m v2h.rig.homemeters --rig /run/v2h/rig.sock --modbus 5020 --http 8081",
    )
    parser.add_argument("--rig", type=Path, required=True, metavar="SOCKET", help="the rig's socket")
    parser.add_argument("--modbus", type=int, metavar="PORT", help="an SDM230, Modbus TCP")
    parser.add_argument("--modbus-rtu", type=int, metavar="PORT", help="an SDM230 behind an RTU gateway")
    parser.add_argument("--http", type=int, metavar="PORT", help="a Shelly Pro EM and a HomeWizard P1")
    parser.add_argument("--http-slow", type=int, metavar="PORT", help=f"the same, measuring only every {HOLD_S:g} s")
    parser.add_argument("--mqtt", metavar="PORT/TOPIC", help="publish watts at the broker of this port")
    parser.add_argument(
        "--mqtt-change",
        type=float,
        nargs="+",
        default=[],
        metavar="W",
        help="on TOPIC/change/W too, only changes above this; several have one topic each",
    )
    options = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    watcher = Watcher(options.rig)
    watcher.start()

    def late(kind: str) -> Look:
        return watcher.ago(LAG_S[kind])

    for port, rtu in ((options.modbus, False), (options.modbus_rtu, True)):
        if port:
            ModbusFace(lambda: sdm230(late("modbus")), port, rtu=rtu)
    shelly, p1 = "/rpc/EM1.GetStatus?id=0", "/api/v1/data"
    if options.http:
        HttpFace({shelly: lambda: shelly_pro_em(late("http")), p1: lambda: homewizard(late("http"))}, options.http)
    if options.http_slow:
        held = Held(lambda: late("http"))
        HttpFace({shelly: lambda: shelly_pro_em(held.look()), p1: lambda: homewizard(held.look())}, options.http_slow)
    if options.mqtt:
        port_text, _, topic = options.mqtt.partition("/")
        MqttFace(lambda: late("mqtt"), "127.0.0.1", int(port_text), topic)
        for change_w in options.mqtt_change:
            MqttFace(lambda: late("mqtt"), "127.0.0.1", int(port_text), f"{topic}/change/{change_w:g}", change_w)
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
