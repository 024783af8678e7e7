"""What a CCS plug is doing, as a sentence for the owner. Pure."""

from v2h.bus.sentences import say
from v2h.ccs.plug import PLUGGED, Plug
from v2h.ccs.record import Phase, Pilot
from v2h.ccs.slac import Phase as Link

_PHASES = {
    Phase.HELLO: say("ccs.hello"),
    Phase.PARAMETERS: say("ccs.parameters"),
    Phase.CABLE_CHECK: say("ccs.cable_check"),
    Phase.PRECHARGE: say("ccs.precharge"),
    Phase.START: say("ccs.start"),
    Phase.ENERGY: say("ccs.energy"),
    Phase.STOP: say("ccs.stop"),
    Phase.WELDING: say("ccs.welding"),
    Phase.END: say("ccs.end"),
}
_LINKS = {
    Link.OFF: say("ccs.link_off"),
    Link.KEY: say("ccs.link_key"),
    Link.LISTEN: say("ccs.link_listen"),
    Link.MATCHED: say("ccs.link_matched"),
    Link.JOINED: say("ccs.link_matched"),
    Link.FAILED: say("ccs.link_failed"),
}


def step_words(plug: Plug, pilot: Pilot, *, box: bool, modem: bool) -> str:
    """What happens now, or what is missing first. box, modem: whether these are there."""
    if not box or pilot is Pilot.UNKNOWN:
        return say("ccs.no_box")
    if not modem:
        return say("ccs.no_modem")
    if plug.phase is Phase.FAILED:
        assert plug.secc is not None
        return say("ccs.failed", why=plug.secc.reason)
    if plug.phase in _PHASES:
        return _PHASES[plug.phase]
    if pilot not in PLUGGED:
        return say("ccs.no_car", pilot=pilot.name)
    return say("ccs.resting") if plug.phase is Phase.NONE else _LINKS[plug.link]
