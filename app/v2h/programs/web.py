"""web: the status page, the REST doors and the live stream.

Two halves in one process: the bus loop of `Program` in the main thread, waitress with its request threads beside it.
They meet in `LiveState` (bus -> pages) and `CommandDoor` (pages -> bus), nowhere else.
When it dies or hangs nothing else changes: supervisor or pulse restarts it, the page says "no connection" and comes
back by itself. When the server's thread ends, the program ends with 1.
"""

import sys
import threading
import time

from v2h.bus import (
    PASSWORD_SET,
    Alive,
    ChargerState,
    Event,
    ManagerSchedule,
    ManagerSettings,
    ManagerState,
    MeterReading,
    MeterStatus,
    Pairing,
    Reply,
)
from v2h.paths import DATA, WEB_DATA
from v2h.program import SLACK_S, Program
from v2h.store import LogError, LogReader
from v2h.storeschema import DAMAGED
from v2h.web.app import create_app
from v2h.web.commands import CommandDoor
from v2h.web.ownerkeys import OwnerKeys
from v2h.web.pages import owners_zone
from v2h.web.pairing import Window
from v2h.web.server import make_server
from v2h.web.state import LiveState
from v2h.web.view.today import of_today

BUS_LOOK_S = 0.5
COUNT_S = 60.0
"""datalog writes the day's counters once a minute."""


class ServerGoneError(RuntimeError):
    """The HTTP server's thread has ended."""


def main() -> int:
    program = Program("web")
    config, bus = program.config, program.bus
    state = LiveState(config.errors, config.site.name)
    door = CommandDoor()
    names = tuple(name.strip() for name in config.web.host_names.split(",") if name.strip())
    keys, window = OwnerKeys(WEB_DATA), Window()

    def damaged(why: str) -> None:
        door.tell("warning", DAMAGED, f"The log cannot be read ({why}): datalog looks through it")

    archive = LogReader(DATA, damaged)
    archive.clear_leftovers()
    app = create_app(
        state,
        door,
        keys,
        window=window,
        tell=door.tell,
        data=DATA,
        archive=archive,
        host_names=names,
        reading_open=config.web.reading == "open",
    )
    server = make_server(app, config.web.listen)
    serving = threading.Thread(target=server.run, name="http", daemon=True)

    def charger(topic: str, payload: bytes) -> None:
        state.put_charger(ChargerState.from_json(payload))

    def manager(topic: str, payload: bytes) -> None:
        state.put_manager(ManagerState.from_json(payload))

    def settings(topic: str, payload: bytes) -> None:
        state.put_settings(ManagerSettings.from_json(payload))

    def plan(topic: str, payload: bytes) -> None:
        state.put_plan(ManagerSchedule.from_json(payload))

    def pairing(topic: str, payload: bytes) -> None:
        said = Pairing.from_json(payload)
        if window.open(said.t, said.open_s, time.monotonic()):
            program.log.info("pairing window open")

    def meter(topic: str, payload: bytes) -> None:
        state.put_meter(topic.split("/")[2], MeterStatus.from_json(payload))

    def solar(topic: str, payload: bytes) -> None:
        state.put_solar(MeterReading.from_json(payload))

    def alive(topic: str, payload: bytes) -> None:
        state.put_alive(topic.split("/")[1], Alive.from_json(payload))

    def event(topic: str, payload: bytes) -> None:
        state.put_event(Event.from_json(payload))

    def reply(topic: str, payload: bytes) -> None:
        door.answer(Reply.from_json(payload))

    def carry_orders(now: float) -> None:
        for name, order in door.take():
            program.log.info("command %s %.200s", name, order.values)
            bus.publish(order, name)
        for level, code, text in door.take_events():
            bus.event(level, code, text)

    def count(now: float) -> None:
        try:
            days = archive.days(1)
        except LogError:
            days = []
        state.put_today(of_today(days, owners_zone(state), time.time()))

    def look(now: float) -> None:
        state.put_bus(bus.connected)
        if not serving.is_alive():
            raise ServerGoneError("the HTTP server's thread has ended")

    bus.subscribe(ChargerState.TOPIC, charger)
    bus.subscribe(ManagerState.TOPIC, manager)
    bus.subscribe(ManagerSettings.TOPIC, settings)
    bus.subscribe(ManagerSchedule.TOPIC, plan)
    bus.subscribe(MeterStatus.TOPIC.format("+"), meter)
    bus.subscribe(MeterReading.TOPIC.format("solar"), solar)
    bus.subscribe(Pairing.TOPIC, pairing, retained=False)
    bus.subscribe(Alive.TOPIC.format("+"), alive)
    bus.subscribe(Event.TOPIC, event, retained=False)
    bus.subscribe(Reply.TOPIC.format("+"), reply, retained=False)
    program.watch(door, carry_orders)
    news = keys.take_news()
    if news is not None:
        bus.event("warning", PASSWORD_SET, f"The owner's password was {news}")
    if keys.trouble is not None:
        nobody = "" if keys.has_password else "Nobody can log in until a password is set: "
        bus.event("warning", "owner_file", nobody + keys.trouble)
    if config.web.password:
        bus.event(
            "warning", "password_left", "v2h.toml still holds a password: the step at boot could not take it over"
        )
    serving.start()
    program.every(BUS_LOOK_S, look)
    program.every(COUNT_S, count, slack_s=SLACK_S)
    program.at_exit(state.close)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
