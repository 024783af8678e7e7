"""The messages of the predecessor's pages drive the whole tree: charge, V2H, idle and the schedule."""

import json
from pathlib import Path
from typing import Any

from tests.support.chargingtree import charger
from tests.support.runningtree import NAMES, Tree
from tests.support.wsclient import WebSocket
from v2h.rig.desk import desk_tree, free_port

SAID = json.loads((Path(__file__).resolve().parents[1] / "data/predecessor/messages.json").read_text())


def said(page: str, word: str) -> str:
    """The first message of a page that contains this word."""
    return next(text for rows in SAID["pages"][page] for text, _ in rows if word in text)


def test_charge_feed_the_house_stop_and_plan() -> None:
    port = free_port()
    toml = f'[gateway.websocket]\nlisten = "127.0.0.1:{port}"\nclients = "127.0.0.1"\n'
    with desk_tree(toml=toml) as desk:
        tree = Tree(desk)
        tree.until(lambda: tree.alive() == NAMES - {"broker"} | {"gateway"}, 90, "all programs are on the bus")
        page, timers = WebSocket(port), WebSocket(port)

        def asked(text: str) -> Any:
            """The answer on the page's connection, while the timers of a lost one pile up on another."""
            for _ in range(5):
                timers.send(said("static", "GetData"))
            answer = page.ask(text)
            assert all("Data" in json.loads(timers.receive()[1]) for _ in range(5))
            return answer

        asked(said("static", '"Charge":{'))
        tree.until(charger(tree, lambda c: (c["amps_a"] or 0) > 9), 90, "the car charges")
        data = asked(said("static", "GetData"))["Data"]
        assert data["dc_kw"] > 3000 and data["state"] == "Charge" and data["amps"] > 9
        assert asked(said("static", "GetMode"))["Mode"]["Charge"]["eco"] is False
        assert asked(said("debug", "GetDebug"))["Debug"]["state"] == "energy"
        assert "the old page asked for it" in tree.state()["manager"]["why"]

        page.close()
        page = WebSocket(port)
        assert asked(said("svelte", '"V2h"')) == {"Mode": "V2h"}
        tree.until(charger(tree, lambda c: (c["power_w"] or 0) < -200), 60, "the car feeds the house")

        assert asked(said("static", '"Idle"')) == {"Mode": "Idle"}
        tree.until(charger(tree, lambda c: c["state"] == "idle"), 90, "the session has ended")
        assert asked(said("static", "SetEvents")) == {"ack": "ok"}
        events = asked(said("static", "GetEvents"))["Events"]
        assert [event["action"] for event in events] == ["V2h", "Eco", "Discharge", "Sleep", "Charge"]
        page.close()
        timers.close()
