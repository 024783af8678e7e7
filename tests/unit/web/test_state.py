"""The live state as the API shows it."""

import json

from v2h.bus.messages import ManagerState
from v2h.bus.sentences import say
from v2h.web.state import as_document


def test_a_sentence_stands_with_its_id_and_a_plain_text_alone() -> None:
    why = say("matching.covering", power_w=-1234.0)
    shown = as_document(ManagerState(1.0, "v2h", why, -1234.0, None, None, next_entry="as it is"))
    assert (shown["why"], shown["why_id"]) == ("Covering the house: 1.2 kW from the car.", "matching.covering")
    assert shown["next_entry"] == "as it is" and "next_entry_id" not in shown
    assert json.loads(json.dumps(shown)) == shown
