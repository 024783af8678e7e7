"""Every sentence that a program says to the owner: id -> text, with the names of its values in braces.

One catalogue, so that a translation, or a better wording, is a change in one place, and an id can be searched for from
the log to the line that says it. What happened in a fault and what to do then stands in v2h.bus.faults, what the page
says by itself in v2h.bus.page_texts, and the German text of every id in v2h.web.german. The formats that are not
Python's are those of v2h.bus.sentences. tests/unit/bus/test_catalogue.py holds that each id is said somewhere, with the
values that its text names.
"""

from v2h.bus.page_texts import PAGE_TEXTS

TEXTS: dict[str, str] = PAGE_TEXTS | {
    # Policy: what is done now, and why (energy/policy.py).
    "idle.config_errors": "Idle until the configuration is put right: {first}{more:brackets}.",
    "more_errors": "and {count} more",
    "idle.fault": "Stopped by a fault: {what}. Press “Clear the fault”, then start again.",
    "idle.fault_goes_on": (
        "Stopped by a fault: {what}. Press “Clear the fault”; {mode:mode} then starts by itself, as scheduled."
    ),
    "idle.nothing_ordered": "Idle: nothing is ordered.",
    "idle.until": "Idle: {mode:mode} was ordered until {until:when}.",
    "idle.as_ordered": "Idle, as ordered.",
    "idle.scheduled": "Idle: {because}.",
    "idle.stopped": "Stopped by you. Choose a mode to start, or resume the schedule.",
    "idle.clock_unknown": (
        "Idle: the schedule waits, because the time of day is not known. "
        "Connect the network, or press “use this device's time”."
    ),
    "idle.ended_by_fault": "Stopped by a fault: {what}.",
    "idle.order_unheard": "Waiting: the charge that you ordered goes on when the charger answers.",
    "idle.order_waits": (
        "Idle: the charge that you ordered goes on when the time of day is known, if its end has not passed by then. "
        "Connect the network, press “use this device's time”, or choose a mode."
    ),
    "idle.order_lost": (
        "Idle: the charge that you ordered was lost in a restart. Choose a mode to start, or resume the schedule."
    ),
    "idle.shutting_down": "The appliance is being stopped.",
    "waiting.charger_silent": "Waiting: the charger does not answer.",
    "waiting.no_meter_yet": "Waiting: the grid meter has not sent a value yet. It starts when the meter does.",
    "waiting.no_meter": (
        "Waiting: no reading from the grid meter for {age_s:.0f} s. It starts when the meter answers again."
    ),
    "starting": "Starting {mode:mode}, step “{state:word}”{detail:brackets}.",
    "starting.asked": "Starting {mode:mode}: the charger has been asked{detail:brackets}.",
    "starting.after": "{mode:mode} begins when the last session has ended, step “{state:word}”{detail:brackets}.",
    "holding.no_soc": "Holding 0 W: the car does not report its state of charge.",
    "holding.rests": "Holding 0 W, as planned.",
    "holding.no_meter_yet": "Holding 0 W: there is no reading from the grid meter yet.",
    "holding.no_meter": "Holding 0 W: no reading from the grid meter for {age_s:.0f} s. Goes on when it answers.",
    "matching.car_full": "The car is full enough ({soc_pct:.0f} %): surplus goes to the grid.",
    "matching.storing_at_limit": (
        "Storing surplus at the limit: {power_w:kw} into the car, {grid_w:kw} goes to the grid."
    ),
    "matching.no_surplus": "Waiting for surplus: the house needs all there is.",
    "matching.car_empty": ("The car has {soc_pct:.0f} % and keeps {floor_pct:.0f} %: the house draws from the grid."),
    "matching.not_stored": "Selling the surplus as planned: {grid_w:kw} to the grid.",
    "matching.hold": "Not discharging, while others draw: the house draws from the grid.",
    "matching.held_by": "{by} holds the car from discharging: the house draws from the grid.",
    "matching.covering_at_limit": (
        "Covering the house at the limit: {power_w:kw} from the car, {grid_w:kw} from the grid."
    ),
    "matching.sold": "The house needs nothing: the surplus goes to the grid.",
    "matching.balanced": "Balanced: the house needs nothing from the car.",
    "matching.covering": "Covering the house: {power_w:kw} from the car.",
    "matching.storing": "Storing surplus: {power_w:kw} into the car.",
    "fixed.zero": "Holding 0 W, as ordered.",
    "fixed.charged": "Charged to {soc_pct:.0f} %: done.",
    "fixed.discharged": "Discharged to {soc_pct:.0f} %: done.",
    "fixed.nothing_to_do": "Nothing to do: {why}.",
    "fixed.charged_holding": "Charged to {soc_pct:.0f} %: holding 0 W.",
    "fixed.discharged_holding": "Discharged to {soc_pct:.0f} %: holding 0 W.",
    "fixed.rising": "{said:clause}, now {power_w:kw}.",
    "fixed.charging": "Charging: {power_w:kw} into the car, until {end_pct:g} %.",
    "fixed.discharging": "Discharging: {power_w:kw} out of the car, until {end_pct:g} %.",
    # Why no session starts (energy/start_limiter.py), within "waits".
    "waits": "{mode:mode} waits: {why}.",
    "start.nothing_useful": "there is nothing useful to do",
    "start.refused": "the car ended {count} starts in a row{reason:brackets}: plug it in again, or choose a mode",
    "start.ended_by_itself": "the session ended by itself ({reason}); next try within a minute",
    "start.no_reason": "no reason given",
    "start.too_many": "{count} starts within an hour are enough; next try in {wait_min:.0f} min",
    # What stands behind the sentence (energy/explain.py).
    "with_more": "{said:clause}; {more}.",
    "until": "until {until:when}",
    "next": "next: {what}",
    "next.entry": "{mode:mode} from {time:when}{entry:brackets}",
    "entry.one_off": "one-off{name:quoted}",
    "entry.ready_by": "ready by{name:quoted}",
    "entry.window": "window{name:quoted}",
    "entry.plan": "plan",
    "scheduled.nothing": "nothing is scheduled",
    "scheduled.otherwise": "the schedule’s mode when nothing else applies",
    "scheduled.one_off": "one-off{name:quoted} until {until:when}",
    "scheduled.ready_by": "to have {soc_pct:g} % by {time:when}",
    "scheduled.below": "{why}, while a kWh costs at most {price:g}",
    "scheduled.window": "window{name:quoted} until {until:when}",
    "plan.soc_unknown": (
        "The car’s charge is not known: this is planned as if its battery of {capacity_kwh:g} kWh were empty."
    ),
    "plan.capacity_unknown": "The size of the car’s battery is not known: this is planned for {capacity_kwh:g} kWh.",
    "plan.charge_unknown": "The car’s charge is not known: half of what may be used is assumed.",
    "plan.load_unknown": "The log does not know this house’s load yet: {load_w:.0f} W is assumed.",
    "plan.assumed": "{what:sentences}",
    "plan.no_price": (
        "There is no plan: no import price is known for the next hour. Enter prices in the schedule, or push them"
    ),
    "plan.impossible": "There is no plan: {why}",
    # The plan in money: why the car does so in a slot (energy/plan/plan.py). Prices are per kWh.
    "planned.because": "plan: {why:clause}",
    "planned.as_without": (
        "as without a plan, which would save only {saved:.2f}: load and sun are less certain than that"
    ),
    "planned.away": "the car is away",
    "planned.fixed": "the schedule has decided this time",
    "planned.target": "it charges for a target: {price:.3f} per kWh is the best price in time",
    "planned.charge": "buying at {price:.3f} pays: a kWh in the battery is worth {worth:.3f}",
    "planned.discharge": "selling at {price:.3f} pays: a kWh in the battery is worth {worth:.3f}",
    "planned.cover": "buying at {price:.3f} costs more than a kWh from the battery, which is worth {worth:.3f}",
    "planned.store": "selling at {price:.3f} brings less than a kWh in the battery, which is worth {worth:.3f}",
    "planned.spare": "selling at {price:.3f} brings no more than storing, and the sun may give less than expected",
    "planned.empty": "the battery is at its floor",
    "planned.full": "the battery is full enough",
    "planned.rest": "no price pays for the losses and the wear: a kWh in the battery is worth {worth:.3f}",
    # The made-up week of the demo (rig/past_week.py).
    "demo.made_up": "This is a demo. The week before this line is made up; car, converter and house are simulated.",
    # What the page adds (web/view/).
    "page.plugged_in": "Plugged in: the car answers.",
    "page.plug_since": "Plugged in or not: not known. The car last answered {when}.",
    "page.plug_no_answer": "Plugged in or not: not known. The car did not answer the start {when}.",
    "page.ccs": "CCS: {text}. Matching (SLAC): {link}, pilot: {pilot}.",
    "page.ccs_soc": "{said} The car reports {soc_pct:.0f} %.",
    "page.ccs_silent": "CCS: the program ccs does not answer.",
    "page.plug_unknown": "Plugged in or not: not known. Only messages of the car show it, and there were none yet.",
    "page.at": "at {time:when}",
    "page.ago": "{lasted} ago",
    "page.goal_at": "{end_pct:g} % at about {time:when}, in {lasted}: {energy_kwh:.1f} kWh to go.",
    "page.goal_in": "{end_pct:g} % in about {lasted}: {energy_kwh:.1f} kWh to go.",
    "page.goal_energy": "{energy_kwh:.1f} kWh to go until {end_pct:g} %.",
    "page.goal_unknown": "The time to {end_pct:g} % is not known: the car has not reported its battery’s size.",
    "page.fault_goes_on": "Once it is cleared, {mode:mode} starts by itself, as scheduled.",
    "page.unlock_wait": "A person’s word at the panel counts in {minutes}:{seconds:02d} min.",
    "page.unlock_counts": "A person’s word at the panel counts now.",
    "page.unlock_by_converter": (
        "The cable was calibrated by the converter, so its sensor alone does not unlock the plug. {wait}"
    ),
    "page.unlock_measured_by_converter": (
        "{cable_v:.0f} V are measured on the cable: no word counts against a measurement. "
        "The cable was calibrated by the converter: the plug may need a person’s word once the cable is empty."
    ),
    "page.unlock_measured": (
        "{cable_v:.0f} V are measured on the cable: no word counts against a measurement. "
        "The plug unlocks by itself once the cable is empty."
    ),
    "page.session_runs": "Session since {began:when}, it runs; so far {energy}.",
    "page.session_ended": "Session of {lasted}: {why:clause}; {energy}.",
    "page.session_cut": "Session of {lasted} or more: its end is not in the log; {energy}.",
    "page.session_runs_on": "Session since before {began:when}, it runs; since then {energy}.",
    "page.session_no_start": (
        "Session of {lasted} or more: {why:clause}; its start is not in the log; since then {energy}."
    ),
    "page.session_energy": "{charged_kwh:.1f} kWh into the car, {discharged_kwh:.1f} kWh out of it",
    "page.session_energy_unknown": "its energy is not in the log yet",
    "page.lately_ended": "Session of {lasted}: {why:clause}.",
    "page.lately_no_start": "A session has ended: {why:clause}.",
    "page.gone": "This page is gone: the charger does not answer. To stop it, press the button at the charger.",
    "order.cheap_slot": "a cheap slot was announced",
    "order.discharge_slot": "a slot to discharge was announced",
    "order.export_slot": "a slot to export was announced",
    "order.cover_slot": "a slot without storing was announced",
    # The setpoint of another program (energy/external.py).
    "order.held": "held at {power_w:.0f} W by {by}",
    "order.held_until": "held at {power_w:.0f} W by {by} until {until:when}",
    "idle.setpoint_over": "Idle: the setpoint of {by} has ended.",
    "order.asked_by": "{by} asked for it",
    # What becomes of a charge by hand after a restart (energy/kept_order.py, energy/controller.py).
    "order.goes_on": "The charge that you ordered goes on after a restart.",
    "order.over": "The charge that you ordered does not go on after a restart, because its end has passed.",
    "order.lost": (
        "The charge that you ordered was lost in a restart: {why}. "
        "The charger stays idle until you choose a mode or resume the schedule."
    ),
    "order.no_end": "the power was off or the board was restarted, and the charge had no “until”",
    "order.too_old": "it was ordered more than 7 days ago",
    "order.odd_end": "its end is more than 7 days ahead; is the clock right?",
    "mode_ended.next_entry": "{mode:mode} was chosen until the schedule's next entry: {entry}",
    # Answers to the owner's commands (manager/owner_commands.py, programs/manager.py).
    "answer.event": "{command:word} from {source:word}: {answer}",
    "answer.refused": "Not applied: {why}",
    "answer.idle": "Mode is idle: the session ends.{warning}",
    "answer.applied": "Applied: {values}.{warning}",
    "answer.setting": "{setting:word} {value}",
    "answer.nothing_changed": "Nothing was changed.",
    "stop.meanwhile": "Stopped by you during a restart of this program; stays stopped until you start something.",
    "answer.stopped": "Stopped; stays stopped until you start something.{warning}",
    "answer.resumed": "The schedule goes on.{warning}",
    "answer.not_written": (" This could not be written to the card ({error}): until it can be, a restart forgets it."),
    "answer.no_slot": "No slot is in force.",
    "answer.slot": "Slot {kind:word} until {until:when}.{warning}",
    "answer.trips": "{count} trips of the calendar are in force.",
    "answer.same_trips": "{count} trips of the calendar are in force, the same as before.",
    "trips.all_day": "{count} all-day events, which have no time",
    "trips.no_soc": "{count} events without a percentage in the title; send soc_pct for those",
    "trips.unread": "{count} events that cannot be read, or that repeat in a way that is not handled",
    "answer.trips_left_out": "{text} Left out: {left_out:joined}.",
    "answer.setpoint": "In force: {what}.{warning}",
    "answer.setpoint_without_effect": " It has no effect now, because the car charges for a ready-by target.",
    "answer.no_setpoint": "No setpoint of another program is in force.",
    "answer.slot_later": " Another controller’s newer order is in force.",
    "answer.waits": "Waits: {what}. Another controller’s newer order is in force.",
    "answer.slot_without_effect": " It has no effect now, because the owner chose otherwise.",
    "answer.mode": "In force: {order}.{warning}",
    "answer.order": "{mode:mode}",
    "answer.order_with": "{order}, {amps:g} A at most",
    "answer.order_up_to": "{order}, up to {soc_pct:g} %",
    "answer.order_down_to": "{order}, down to {soc_pct:g} %",
    "answer.order_until": "{order}, until {until:when}",
    "answer.schedule": (
        "The schedule is in force. Weekly windows: {windows}, one-offs: {one_offs}, ready-by times: {targets}, "
        "prices: {prices}.{warning}"
    ),
    "answer.dear": " A price of {price:g} {currency} a kWh: is that in hundredths? 24.5 are written 0.245.",
    "answer.prices": "The prices are in force: {parts}.{warning}",
    "answer.prices_part": "{direction:word} from {start:when} to {end:when}",
    "answer.clock_set": "The clock is set and trusted: it is {time:when}.",
    "answer.nothing_cleared": "Nothing was cleared: the charger does not answer.",
    "refused.not_written": "it could not be written to the card ({error})",
    "refused.settings": "{errors}",
    "setting.unknown": "unknown setting {key}; known here: {known:joined}",
    "setting.meant": "unknown setting {key}; did you mean {meant}?",
    "setting.not_flat": 'unknown setting {key}; write the keys of the settings themselves, as in {{"fuse_a": 60}}',
    "setting.wrong": "{key} = {wrong}",
    "setting.zone": "{value} is not a time zone such as Europe/London",
    "setting.zone_meant": "{value} is not a time zone such as Europe/London; did you mean {meant}?",
    "setting.currency": "{value} is not three capital letters such as EUR",
    "setting.too_close": ("soc_min_pct = {low_pct:g} is not at least {apart_pct:g} % below soc_max_pct = {high_pct:g}"),
    "setting.reserve_above": "reserve_soc_pct = {reserve_pct:g} is above soc_max_pct = {high_pct:g}",
    "refused.schedule": "the schedule before stays. {errors}",
    "refused.schedule_changed": (
        "the schedule was changed elsewhere since you opened it. Reload to see that change, or save once more to "
        "replace it by yours"
    ),
    "refused.config_errors": "the configuration has errors: {first}",
    "refused.fault": "a fault is latched ({what}). Press “Clear the fault” first.",
    "refused.owners_hand": "the owner chose {mode:mode}, and the owner’s hand comes first",
    "refused.owners_stop": "the owner stopped the charger, and only the owner can start something",
    "refused.nothing_to_charge": "the car has {soc_pct:.0f} % already, {end_pct:g} % are asked for",
    "refused.nothing_to_discharge": "the car has only {soc_pct:.0f} %, {end_pct:g} % are asked for",
    "refused.no_clock": (
        "until needs the time of day, which is not known; press “use this device's time” (v2h clock set) first"
    ),
    "refused.prices_no_clock": (
        "prices with dates need the time of day, which is not known; "
        "press “use this device's time” (v2h clock set) first"
    ),
    "refused.trips_no_clock": (
        "trips of a calendar need the time of day, which is not known; "
        "press “use this device's time” (v2h clock set) first"
    ),
    "refused.plan_no_clock": (
        "a plan needs the time of day, which is not known; press “use this device's time” (v2h clock set) first"
    ),
    "answer.plan": "The plan is made.",
    "refused.prices": "the prices before stay. {error}",
    "refused.bad_time": "at = {value} is not an ISO time with offset such as {example}",
    "refused.time_server": "a time server keeps the clock; your device is {off_s:.0f} s off",
    "refused.clock_cannot_be_set": "the clock is {off_s:.0f} s off and cannot be set here ({error})",
    "refused.clock_no_answer": "the program that sets the clock did not answer",
    # A state of the session that does not end in time (chademo/states.py, chademo/refusals.py, chademo/session.py).
    "late.wake": "the car sends nothing; is the plug in, and the car awake?",
    "late.handshake": "the car gives no charge permission",
    "late.converter": "the converter does not get ready",
    "late.lock": "the plug does not lock on an empty cable",
    "late.insulation_test": "the cable does not reach the test voltage",
    "late.calibration": "the converter does not hold the voltages of the calibration",
    "late.calibration_at": "the converter does not hold the voltages of the calibration: it is at {converter_v:.0f} V",
    "late.bleed": "the cable does not empty after the test",
    "late.contactors_open": "c1 and c2 do not open",
    "late.contactor_check": "the converter does not reach 50 V with c1 and c2 open",
    "late.car_contactors": "the car does not close its contactors",
    "late.voltage_match": "the converter does not reach the battery voltage",
    "late.ready": "the car asks for no current: full, too cold, or at a limit of its own",
    "late.stop": "the current does not stop",
    "late.welding_check": "the car does not open its contactors or the cable stays charged",
    "late.car_releases": "the cable stays charged after d2 fell: the car's contactors do not open",
    "late.car_opens": "the car does not open its contactors",
    "late.d2_off": "d2 does not fall",
    "late.unlock": "the cable is not measured empty: the plug stays locked",
    "late.farewell": "the farewell does not end",
    "late.make_safe": "guard does not report safe outputs",
    "late.no_permission_bit": "K is on, but the car's permission bit (102.5.0) is missing",
    "late.k_off": "the car's permission bit (102.5.0) is set, but K is off: is its wire whole?",
    "late.no_permission": "the car gives no charge permission within {within_s:.0f} s: neither K nor 102.5.0",
    "late.converter_status": "the converter does not get ready: status word {status:#06x}",
    "late.cable_live": "{cable_v:.0f} V on the cable before the car may join",
    "late.converter_live": "{converter_v:.0f} V at the converter's output before it may join the cable",
    "late.test_voltage": (
        "the cable does not stand at {test_v:.0f} V: {cable_v:.0f} V on the cable, {converter_v:.0f} V at the converter"
    ),
    "late.test_voltage_on_cable": "the cable does not stand at {test_v:.0f} V: {cable_v:.0f} V on the cable",
    "late.test_voltage_at_converter": (
        "the cable does not stand at {test_v:.0f} V: {converter_v:.0f} V at the converter"
    ),
    "late.kept_closed": "guard keeps {contactors} closed",
    "late.closed_before_d2": "the car says that its contactors are closed (102.5.3 = 0) before d2",
    "late.cable_not_known_empty": "the cable is not known to be empty before the car may join",
    "late.no_battery_voltage": "no battery voltage comes to the cable after d2",
    "late.unlock_unknown": "the cable voltage is not known: the plug stays locked",
    "late.unlock_live": "{cable_v:.0f} V on the cable: the plug stays locked",
    "late.d2": "d2 is not reached in time after the car's permission",
    "late.battery_not_seen": "the car has closed its contactors, the cable shows no battery",
    # The same of a CCS session (ccs/power_states.py).
    "late.ccs_link": "no car answers over the charging cable; is the plug in, and the car awake?",
    "late.ccs_hello": "the car does not send its charge parameters",
    "late.ccs_cable_check": "the car does not ask for the cable check",
    "late.ccs_precharge": "the car does not ask for the precharge",
    "late.ccs_power": "the car does not start the power after the precharge",
    # What is watched while a session runs (chademo/supervision.py, chademo/transitions.py).
    "watch.car_lost": "the car is silent for {age_s:.1f} s",
    "watch.car_never_heard": "the car is silent",
    "watch.car_fault": "the car reports {faults}",
    "watch.car_system_fault": "the car reports a fault of the charging system",
    "watch.stop_request": "the car asks for a stop before energy",
    "watch.k_off_frames_on": "the permission line K is off although the car's frames say on",
    "watch.k_on_frames_off": "the permission line K is on although the car's frames say off",
    "watch.k_before_can": "charge permission is on before the car has spoken",
    "watch.not_in_park": "the car is not in park",
    "watch.car_ended": "the car ended the session",
    "watch.k_off": "the car took its charge permission away",
    "watch.guard_lost": "guard is silent",
    "watch.converter_lost": "the converter has not reported its {what} for {age_s:.1f} s{odd}",
    "watch.converter_never_heard": "the converter has not reported its {what} yet{odd}",
    "watch.odd_reading": "; {odd}",
    "converter_object.current": "current (2108)",
    "converter_object.voltage": "voltage (2107)",
    "converter_object.status": "status (2101)",
    "converter_object.enable_word": "enable word (2100)",
    "converter_object.voltage_setpoint": "voltage setpoint (2109)",
    "converter_object.current_setpoint": "current setpoint (210A)",
    "converter_object.temperature": "temperature (2104)",
    "converter_object.warning_word": "warning word (2150)",
    "watch.converter_off": "the converter switched itself off",
    "watch.converter_status": "the converter's status word has unexpected bits {odd:#06x}",
    "watch.converter_warning": "the converter's word 2150 is {word:#010x} instead of 0",
    "watch.setpoint_unheeded": "the converter holds a setpoint of {set_a} A instead of {commanded_a:.1f} A",
    "watch.over_temperature": "the converter is at {temperature_c} degC",
    "watch.over_voltage": "{cable_v} V at the cable, limit {limit_v:.0f} V",
    "watch.test_over_voltage": "{highest_v:.0f} V in the insulation test instead of {test_v:.0f} V",
    "watch.under_voltage": "{drawn_a} A are drawn from a battery of {battery_v} V, limit {limit_v:.0f} V",
    "watch.battery_gone": "{cable_v:.0f} V at the cable although the car's contactors should be closed",
    "watch.battery_unlike": "the battery has {battery_v:.0f} V, {assumed_v:.0f} V were assumed",
    "watch.current_gone": "no current flows at the charging ceiling: the car is full, or it has opened its contactors",
    "watch.car_closed": "the car reports closed contactors, or does not report them: the cable is not calibrated",
    "watch.car_open": "the car has opened its contactors (102.5.3 = 1)",
    "watch.unflagged_unmeasured": (
        "a car of protocol {protocol} does not report its contactors: it needs a measured cable "
        "(calibrate [cable] in v2h.toml with a meter)"
    ),
    "watch.contactors_welded": (
        "c1 and c2 are commanded open, and the converter sees {converter_v:.0f} V behind them: they are welded"
    ),
    "watch.cable_follows": (
        "c1 and c2 are commanded open, and the cable follows the converter to {cable_v:.0f} V: they are welded"
    ),
    "watch.cable_lost": "the cable voltage is no longer measured",
    "watch.current_remains": "the converter still gives {measured_a} A although the session has ended",
    "watch.current_deviation": "the converter gives {measured_a} A instead of {commanded_a:.1f} A",
    "watch.request_over": "the car asks for {asked_a:.0f} A, {available_a:.0f} A are available",
    "watch.cable_against_converter": "{cable_v:.0f} V at the cable, {converter_v:.0f} V at the converter",
    # The same of a CCS session (ccs/power_supervision.py, ccs/power_transitions.py).
    "watch.ccs_lost": "the program ccs is silent",
    "watch.ccs_broken": "the connection to the car broke, or its messages were out of order (the log of ccs says more)",
    "watch.ccs_demand_lost": "the car has not asked for current for {age_s:.1f} s",
    "watch.ccs_again": "the car negotiates again and does not come to an end",
    "watch.ccs_pilot": "the control pilot went to state {pilot}",
    "watch.ccs_pilot_lost": "the pilot box is silent",
    "watch.ccs_isolation": "the insulation monitor reports a fault",
    "watch.ccs_isolation_low": "the insulation at the test voltage is too low for a start",
    "watch.ccs_monitor_lost": "the insulation monitor does not measure",
    "watch.ccs_backfeed": "{drawn_a} A flow out of the car, although CCS only charges",
    # Why the car cannot be served (chademo/transitions.py, chademo/packs.py).
    "incompatible.needs_unknown": "the car does not say what it needs",
    "incompatible.target": "the car wants {target_v:.0f} V, we can give {available_v:.0f} V",
    "incompatible.lowest": "the car's battery begins at {lowest_v} V, we at {from_v:.0f} V",
    "incompatible.highest": "the car's battery ends at {highest_v} V, we begin at {from_v:.0f} V",
    "incompatible.battery": "the car's battery has {battery_v:.0f} V, we begin at {from_v:.0f} V",
    "incompatible.pack_unlike": (
        "the car reports a battery of {capacity_kwh:.1f} kWh, v2h.toml names a {named}: its voltage cannot be "
        "guessed (check pack_kwh, or calibrate [cable])"
    ),
    # Why a start is refused (chademo/refusals.py).
    "refusal.guard_not_ready": "guard is not ready",
    "refusal.guard_not_met": "guard has not heard charger yet",
    "refusal.can_down": "the converter's CAN bus is down",
    "refusal.outputs_on": "still on: {outputs}",
    "refusal.k_on": "the car's permission line K is on before a session: check plug and line",
    "refusal.cable_not_measured": (
        "the cable voltage is not measured: calibrate [cable] in v2h.toml, or name the car's battery there "
        "([car] cells_in_series) and accept assumed voltages"
    ),
    "refusal.cable_live": "{cable_v:.0f} V on the cable before the start",
    "refusal.cable_measured_too_short": "the cable voltage has not been measured for a second yet",
    # The same of a CCS session (ccs/power_transitions.py).
    "refusal.ccs_cable_not_measured": (
        "the cable voltage is not measured, and CCS assumes none: calibrate [cable] in v2h.toml with a meter"
    ),
    "refusal.ccs_monitor": "the insulation monitor does not measure: check its supply and its line",
    "refusal.ccs_isolation": "the insulation monitor reports a fault: do not use this cable",
    "refusal.ccs_silent": "the program ccs does not answer",
    "refusal.ccs_no_car": "no car is plugged in: the control pilot is in state {pilot}",
    # What a CCS plug is doing (ccs/state_words.py), and the doors (programs/ccs.py, programs/charger.py).
    "ccs.resting": "a car is plugged in, and no session is wanted: the control pilot is off",
    "ccs.no_car": "no car is plugged in: the control pilot is in state {pilot}",
    "ccs.no_box": "the pilot box is silent: check its USB cable and its supply",
    "ccs.no_modem": "the modem (plc0) is not there: check its USB cable and its supply",
    "ccs.link_off": "the modem rests before the next try to find the car",
    "ccs.link_key": "the modem gets a new key (SLAC)",
    "ccs.link_listen": "waits for the car's modem (SLAC)",
    "ccs.link_matched": "both modems are in one network (SLAC is done); waits for the car to connect",
    "ccs.link_failed": "the modems did not find each other (SLAC has failed)",
    "ccs.hello": "the car and the charger agree on the protocol and the payment",
    "ccs.parameters": "the car and the charger exchange their limits",
    "ccs.cable_check": "cable check: the insulation is measured",
    "ccs.precharge": "precharge: the voltage of the cable is brought to that of the battery",
    "ccs.start": "the car asks for power",
    "ccs.energy": "the car charges",
    "ccs.stop": "the car ends the charge",
    "ccs.welding": "the car tests its contactors",
    "ccs.end": "the car has ended the session",
    "ccs.failed": "the session broke: {why}",
    "ccs.box_open": "the pilot box is open ({url})",
    "ccs.box_missing": "the pilot box does not answer at {url}: {error}",
    "ccs.box_line": "the pilot box sent a line that cannot be read: {why}",
    "ccs.modem_open": "the modem's interface {interface} is open",
    "ccs.modem_missing": "the modem's interface {interface} cannot be used: {error}",
    "ccs.monitor_open": "the insulation monitor is open ({url})",
    "ccs.monitor_missing": "the insulation monitor does not answer at {url}: {error}",
    "ccs.no_calibration": (
        "a session with a CCS car does not calibrate the cable: set scale_v_per_v of [cable] in v2h.toml"
    ),
    # Clearing a fault, and unlocking the plug by a person's word (chademo/refusals.py, chademo/endings.py,
    # programs/charger.py, bus/messages.py).
    "clear.no_fault": "no fault is latched",
    "clear.guard_silent": "not cleared yet: guard does not answer; try again in a few seconds",
    "clear.making_safe": "not cleared yet: guard is still making safe; try again in a few seconds",
    "clear.found_locked": (
        "not cleared yet: the plug was found locked, and the cable's sensor has shown no live cable since; it "
        "unlocks {after_s:.0f} s after d1 and d2 went off"
    ),
    "clear.cable_unknown": "not cleared: the plug is still locked, because the cable voltage is not known",
    "clear.cable_not_empty": (
        "not cleared: the plug is still locked, because the cable voltage is {cable_v:.0f} V and not known to be empty"
    ),
    "unlock.not_locked": "the plug is not locked",
    "unlock.guard_not_ready": (
        "not unlocked: guard does not answer or is still making safe; try again in a few seconds"
    ),
    "unlock.measured": (
        "not unlocked: {cable_v:.0f} V are measured on the cable, and a person's word does not count "
        "against a measurement; the plug unlocks by itself at 10 V or less"
    ),
    "unlock.too_early": (
        "not unlocked: d1 and d2 have been off for {off_s:.0f} s, and the cable needs {needed_s:.0f} s "
        "to empty by itself; confirm again then"
    ),
    "unlock.word_too_old": "not taken: the word from the panel is {age_s:.1f} s old; hold on/off again",
    "unlock.unlocks": "the plug unlocks; clear the fault when it is out",
    "unlock.given_at_the_panel": (
        "Nothing was cleared: the word that unlocks the plug is given at the charger's panel alone. Wait until the "
        "start signals have been off for at least 120 s, make sure that nobody touches the plug, then hold on/off "
        "there for 10 s. A cable that is measured live stays locked."
    ),
    # The course of a session, its ends by guard, and its remarks (chademo/progress.py, chademo/session.py,
    # chademo/endings.py, chademo/cable.py, chademo/charger.py).
    "session.not_started": "not started",
    "session.starting": "starting",
    "session.energy_may_flow": "energy may flow",
    "session.stopped": "stopped",
    "session.fault_cleared": "fault cleared",
    "safe.trip_at_start": "after a restart: {trip}",
    "safe.found_on": "after a restart: outputs were on",
    "safe.tripped": "guard made safe: {trip}",
    "safe.outputs_lost": "guard has switched off {outputs}",
    # The calibration of the cable (chademo/calibration.py). The first part is why there is no line.
    "calibration.not_rising": (
        "the ADC’s pin does not follow the converter ({pins_v} V): check adc_channel, and that c1 and c2 close"
    ),
    "calibration.scale": "{scale:.1f} V on the cable for 1 V at the ADC’s pin is no plausible scale: check adc_channel",
    "calibration.noise": "the ADC’s readings at one voltage differ by {noise_v:.1f} V",
    "calibration.bent": "the readings lie up to {bent_v:.1f} V beside a straight line",
    "calibration.zero": (
        "the new line shows {empty_v:.1f} V on the empty cable, where the converter shows {converter_v:.1f} V"
    ),
    "calibration.no_adc": "the ADC gave {count} readings, which are too few: “v2h selftest” says whether it answers",
    "calibration.too_long": "the calibration was not finished within the {within_s:.0f} s that a car waits",
    "calibration.empties": "measured: scale {scale:.2f}, offset {offset_v:.2f} V; the cable is emptied",
    "calibration.done": "The cable is calibrated: {scale:.2f} V for 1 V at the ADC’s pin, offset {offset_v:.2f} V.",
    "calibration.failed": (
        "The cable is not calibrated: {why:clause}. Nothing was changed. Try again with the car plugged in, awake and "
        "ready to charge."
    ),
    "calibration.not_idle": (
        "the charger is in step “{state:word}”: stop the session or clear the fault, then try again"
    ),
    "calibration.refused": "The cable is not calibrated: {why:clause}.",
    "calibration.has_one": (
        "the cable has a calibration: set cable.scale_v_per_v to 0 on the page, start the programs again, and try again"
    ),
    "calibration.adc_silent": "the ADC does not answer: “v2h selftest” says more",
    "calibration.begins": (
        "The calibration begins: the car must be plugged in, awake and ready to charge. It takes half a minute; leave "
        "the plug alone. Stop ends it."
    ),
    "calibration.said": "{said}",
    "calibration.kept": (
        "{said:clause}. It takes effect at the next start of the programs, marked as calibrated by the converter."
    ),
    "calibration.not_kept": "{said:clause}. But it could not be kept: {why:clause}. Enter the two values on the page.",
    "remark.cable_assumed": "this session's cable and battery voltages are assumed, not measured",
    "remark.cable_by_converter": (
        "the cable was calibrated by the converter: the two are not independent, so the plug unlocks only when both "
        "have shown an empty cable"
    ),
    "remark.converter_odd": "a reading of the converter is not believed: {odd}",
    "remark.adc_reading": "the cable's ADC reads {volts_v:.0f} V, which no cable here carries; not believed",
    "remark.adc_fell": "the cable's ADC fell from {from_v:.0f} to {to_v:.0f} V within a second; not believed",
    "remark.adc_fell_alone": (
        "the cable's ADC fell to nothing at once, and the converter did not show it; not believed"
    ),
    # Ports, checks and the stop of the owner (programs/charger.py, programs/charger_reports.py).
    "fan.driven": "the fan is driven; no sensor shows whether it turns",
    "fan.not_driven": "the fan cannot be driven: {error}",
    "can.wrong_controller": "{why}",
    "can.waiting": "waiting for {url}: {error}",
    "can.open": "the bus {url} is open",
    "can.car_lost": "the car's bus is lost: {error}",
    "can.converter_lost": "the converter's bus is lost: {error}",
    "can.forged": "a program of this board sends CAN frames as the {sender:word} ({count} so far): they are dropped. If"
    " nobody tests with cansend, flash the card again and change the passwords",
    "can.car_refuses": "nobody acknowledges on the car's bus: frames are dropped",
    "can.converter_refuses": "nobody acknowledges on the converter's bus: frames are dropped",
    "can.car_accepts": "the car's bus takes frames again",
    "can.converter_accepts": "the converter's bus takes frames again",
    "converter.refuses": "{refusal}",
    "checks.before_welding": "insulation {insulation:word}, lock {lock:word}, cable voltage {cable_v:word}",
    "checks.with_welding": (
        "insulation {insulation:word}, lock {lock:word}, cable voltage {cable_v:word}, welding {welding:word}"
    ),
    "stop.by": "stop by {source:word}",
    "stop.unreadable": "stop by somebody, unreadable: {error}",
    # The present price on the page (web/view/price.py).
    "price.line": "{now} {source}",
    "price.now": "Price now: {prices:joined} {currency} a kWh.",
    "price.of": "{direction:word} {price:g}",
    "price.none": "No price is known for now.",
    "price.weekly": "From the schedule.",
    "price.dated": "Pushed {age} ago.",
    "price.old": "Pushed {age} ago: does the program that pushes them still run?",
    "price.over": (
        "The prices that were pushed {age} ago do not cover this time, and those of the schedule count: does the "
        "program that pushes them still run?"
    ),
    # Why pushed prices are not used (energy/price_shapes.py).
    "prices.unknown_field": "unknown field {key}; beside import, export and sun only {known} is known",
    "prices.no_list": (
        "{where}: there are no prices; send rates (a list of start, end, value), results of Octopus, "
        "or start, step_min and values"
    ),
    "prices.too_many": "{where} has {count} prices; at most {most} are allowed: send fewer days",
    "prices.overlap": "{entry} overlaps entry {other}: send one price for each time",
    "prices.none_left": "{where}: the time of every price is over; send prices of today and of the days to come",
    "prices.too_far": "{where} reaches to {at}; prices are taken for {days} days ahead: leave out what is later",
    "prices.row_fields": "{entry} needs start, end and value (or price; or valid_from, valid_to and value_inc_vat)",
    "prices.end_first": "{entry}: its end is not after its start",
    "prices.no_quarter": "{entry}: {at} is not on a quarter of an hour; steps of 15, 30 and 60 min are taken",
    "prices.no_moment": (
        "{where}: {key} = {value} is not a date and time with its offset, such as 2026-11-30T16:30:00+00:00"
    ),
    "prices.unit_hint": "; for pence or cents send unit: minor",
    "prices.csv_columns": (
        "line 1: the names of the columns are needed: {columns}; import, export or sun may be left out"
    ),
    "prices.csv_cells": "line {line} has {count} cells; {needed} are needed",
    "prices.csv_number": "line {line}: {value} is not a number",
    # The health of a meter: meter.first or meter.fallback around another (meters/health.py, programs/meter.py).
    "meter.first": "The {role:word} meter ({title}) {health}",
    "meter.fallback": "The {role:word} fallback meter ({title}) {health}",
    "meter.fallback_in_use": "The fallback is used until the first meter has worked well for 10 s.",
    "meter.more": "{said} {more}",
    "meter.remark": "Note that {remark}.",
    "meter.refused": "An answer of the {role:word} meter ({title}) is not used, or not all of it: {why}.",
    "meter.because": ": {why}",
    "meter.waiting": "has not sent a value yet{because}.",
    "meter.silent": "has sent no usable value for {age_s:.0f} s{because}. It is used again when it does.",
    "meter.frozen": (
        "has sent exactly the same value for {age_s:.0f} s and seems not to measure any more. "
        "It is not used. Restart the meter or its gateway."
    ),
    "meter.slow": (
        "sends a new value only every {interval_s:.0f} s, so the car follows the house with this delay. "
        "A meter that sends one every second or faster leaks less to and from the grid."
    ),
    "meter.on_change": (
        "speaks only when its value changes, so a value counts for up to {silence_s:g} s, and the car tests slowly "
        "whether the meter still lives. "
        "Let it repeat its value every second or two, or write silence_s into its table of v2h.toml."
    ),
    "meter.good": "sends a new value every {interval_s:.2g} s.",
    # Why a meter sends no value, within meter.because (meters/).
    "meter.no_answer": "no answer at all",
    "meter.no_connection": "no connection to {place}: {error}",
    "meter.http_silent": "{place} does not answer: {error}",
    "meter.http_status": "{place} answers {resource} with status {status}{hint}",
    "meter.http_password": "; it asks for a login: write user and password, or token",
    "meter.http_login": "; it does not accept this user and password",
    "meter.http_token": "; it does not accept this token",
    "meter.http_letters": "user or token has a letter that HTTP does not permit: copy it again",
    "meter.http_remedy": "; {remedy}",
    "meter.http_long": "{place} answers {resource} with more than {bytes} bytes",
    "meter.modbus_no_connection": "no connection to {place}: is the address right, is it switched on?",
    "meter.modbus_silent": "{place}, unit {unit} does not answer",
    "meter.modbus_broke_off": "{place}, unit {unit} broke off: {error}",
    "meter.modbus_refuses": "{place}, unit {unit} refuses {kind} registers {first:#04x} to {last:#04x}: {answer}",
    "meter.modbus_length": "{count} registers came where {requested} were asked for",
    "meter.modbus_no_number": "its {quantity} at register {register:#04x} is not a number",
    "meter.modbus_none": "its power at register {register:#04x} is {value}, which says that it has no value",
    "meter.modbus_words": (
        "its power at register {register:#04x} is impossible; if it is so every time, its words are swapped: "
        'write words = "{words}"'
    ),
    "meter.modbus_unsigned": (
        'its power at register {register:#04x} is {value}, which is {signed} with a sign: write format = "{form}"'
    ),
    "meter.modbus_scale": "its scale at register {register:#04x} is {value} and not a power of ten from -10 to 10",
    "meter.exception_1": "exception 1: it does not know this kind of request; try the other function, input or holding",
    "meter.exception_2": "exception 2: it has no such registers; check the register numbers and the unit",
    "meter.exception_3": "exception 3: it does not give so many registers at once",
    "meter.exception_4": "exception 4: the meter has failed",
    "meter.exception_5": "exception 5: it needs more time for this request",
    "meter.exception_6": "exception 6: the meter or its gateway is busy",
    "meter.exception_10": "exception 10: the gateway cannot reach the meter; check the gateway and the unit",
    "meter.exception_11": "exception 11: the gateway gets no answer from the meter; check its wires and the unit",
    "meter.exception_other": "exception {code}",
    "meter.broker_no_connection": "no connection to the broker {place}: {error}",
    "meter.broker_certificate": (
        "the certificate of the broker {place} is not proved: {error}. "
        'Write ca = "NAME.pem", and put that file into the folder meters beside v2h.toml'
    ),
    "meter.broker_no_ca": "there is no certificate {name} in the folder meters, or it is not one: {error}",
    "meter.broker_half": "the broker has sent nothing on {topic} for {seconds:.0f} s, which belongs to the sum",
    "meter.broker_gone": "the broker {place} is gone: {error}",
    "meter.broker_refuses": "the broker {place} refuses us: {reason}. Are user and password right?",
    "meter.broker_topic_refused": "the broker {place} does not let us read {topic}",
    "meter.broker_nothing_new": "the broker has sent nothing new on {topic} yet",
    "meter.sma_no_network": "the multicast of the home network cannot be joined: {error}",
    "meter.sma_nothing": "nothing is heard of an SMA or TQ meter: does it send, and does the switch pass multicast?",
    "meter.sma_serial": "nothing is heard of the meter {serial}; heard of {others}",
    "meter.sma_several": "several meters send, {serials}: write serial",
    "meter.no_json": "it sent {sent}, which is neither JSON nor a number",
    "meter.no_number": "{where} is {value} and not a number",
    "meter.several": '{where} has several channels; path = "{where}.*" adds them up',
    "meter.not_valid": "its {channel}clamp says that it is not valid",
    "meter.errors": "it reports {errors} itself",
    "meter.no_unit": "its unit {unit} is not W, kW or MW",
    "meter.dotted": (
        "there is no {wanted} in its answer; a name that has a dot itself stands within quotation marks: {name}"
    ),
    "meter.phases_odd": (
        "its phases add up to {sum_w:.0f} W beside a total of {total_w:.0f} W, so only the total is used"
    ),
    "meter.implausible": (
        "it reports {power} W, and no house has more than {most_kw:g} kW: check its scale, path or registers"
    ),
    "meter.implausible_value": (
        "it reports {value} {unit}, which is impossible: check registers, path and the order of words"
    ),
    "meter.whole_message": "the message",
    "meter.no_power": "there is no {wanted} in its answer {answer}",
    # Captures of the CAN buses (capture/recorder.py).
    "capture.busy": "A capture is being written.",
    "capture.begun": (
        "The last 10 minutes of both CAN buses are being written; they are in the log's files in a moment."
    ),
    "capture.kept": "The CAN buses before '{why}' are kept as {name}",
    "capture.kept_ccs": "What the CCS car and the charger said before '{why}' is kept as {name}",
    "capture.failed": "The CAN buses could not be kept: {error}",
    # The file of the log (programs/datalog.py, programs/web.py).
    "log.moved_aside": "The log could not be read ({why}): it is kept as {name}, and a new one is begun",
    "log.unwritten": (
        "The log cannot be written ({error}): what happens now is kept in memory only, for some hours at most. "
        "Is the card full or worn out?"
    ),
    "log.card_full": (
        "The card is almost full: {free_mib:.0f} MiB are free, and {least_mib:.0f} are needed for captures and copies. "
        "Flash a larger card, or delete what else lies on it."
    ),
    # The data partition of the card (datalog/partition.py).
    "data.missing": (
        "The card’s data partition is missing: the charger runs with default settings and no schedule, and keeps "
        "nothing. Switch it off and on; if this stays, flash a new card and restore your backup."
    ),
    "data.broken": (
        "The card’s data partition cannot be repaired or made new: the charger runs with default settings and no "
        "schedule, and keeps nothing. The card is worn out: flash a new one and restore your backup."
    ),
    "data.stopped": (
        "The card’s data partition was stopped by an error: nothing new is kept, and changes are refused. "
        "Save a backup on the page Settings, then switch the charger off and on; if this comes again, flash a new card."
    ),
    "data.mended": (
        "The card’s data partition had errors, which were mended at this start. Look whether settings and schedule are "
        "as you left them, and save a backup; if this comes again, flash a new card."
    ),
    "data.repaired": (
        "The card’s data partition was damaged and was repaired at this start: files may be missing. Nothing starts by "
        "itself until you choose. Look at settings and schedule first, and flash a new card soon."
    ),
    "data.remade": (
        "The card’s data partition was beyond repair and was made new at this start: the log is lost. {saved:ended} "
        "Nothing starts by itself until you choose. Flash a new card soon."
    ),
    "data.kept": "Saved from it: {what:joined}",
    "data.kept_nothing": "Nothing could be saved from it: restore your backup",
    "data.settings": "the settings",
    "data.schedule": "the schedule",
    "data.password": "password and tokens",
    # The version that runs, and the card's two roots (datalog/start_news.py).
    "slots.in_force": "Version {version} is in force: programs and page have run well since this start.",
    "slots.not_started": (
        "Version {other} did not start in three tries: the charger went back to version {version}, which works as "
        "before. Keep it, or install another update."
    ),
    "slots.unhealthy": (
        "Version {other} was given up, because its programs or its page did not run: the charger went back to version "
        "{version}, which works as before. Keep it, or install another update."
    ),
    "slots.half_written": (
        "The update was not written completely: the charger went back to version {version}, which works as before. "
        "Install the update again."
    ),
    "slots.no_fallback": (
        "The file uboot.env on the card is damaged: the charger starts, but does not go back by itself to the version "
        "of before when an update fails. Save a backup and flash the card again before the next update."
    ),
    "slots.unknown": "(unknown)",
    "day.deleted": "The totals of {day} are deleted; the chart keeps its data.",
    "day.unknown": "There are no totals of {day}: the page Log lists the days.",
    "day.bad": "day = {day} is not a date such as 2026-11-22.",
    "day.kept": "The totals of {day} could not be deleted ({error}): try again later.",
    "log.damaged": "The log cannot be read ({why}): datalog checks the whole file",
    # The owner's password, sessions and tokens (web/auth_pages.py, web/auth_store.py, programs/web.py).
    "owner.password_paired": "The owner's password was set from the browser at {address} after pairing at the panel",
    "owner.pairing_asked": "A browser at {address} asks to set the owner's password; it waits for a press at the panel",
    "owner.pairing_contested": (
        "Two browsers asked to set the owner's password, at {first} and at {second}: neither may. "
        "Hold both buttons again and open /pair in one browser; if it happens again, find out who is on your network."
    ),
    "owner.pairing_confirmed": "The browser was confirmed at the panel: it may set the owner's password",
    "owner.password_news": "The owner's password was {news:word}",
    "owner.password_left": "v2h.toml still holds a password: the step at boot could not take it over",
    "owner.wrong_password": "Wrong passwords from {address}: {count}, with less than an hour between two.",
    "owner.no_password": "Nobody can log in until a password is set: {trouble}",
    "owner.logged_out_for_now": "A browser was logged out for now only: {trouble}",
    "owner.password_changed": "The owner's password was changed on the page from the browser at {address}",
    "owner.session_ended": "A browser was logged out on the page",
    "owner.sessions_ended": "Every browser was logged out on the page",
    "owner.ended_for_now": "What was revoked or logged out on the page has ended for now only: {trouble}",
    "owner.token_made": "An API token was made on the page; its scope is {scope}",
    "owner.token_revoked": "An API token was revoked on the page",
    "owner.file_not_written": (
        "{path} cannot be written ({error}): until it can, what was revoked works again after a restart, "
        "and who logged in since is logged out by it"
    ),
    "owner.file_bad": "{path}: {error}; moved aside as {aside}",
    # v2h.toml on the page (web/site_edits.py).
    "site.edited": (
        "v2h.toml was edited on the page from the browser at {address}: {changes}. It takes effect at the next start "
        "of the programs"
    ),
    "site.given_back": (
        "The edits of [{table}] were removed on the page from the browser at {address}: the card's file holds at the "
        "next start"
    ),
    "site.card_newer": (
        "{key}: the card's v2h.toml is newer than the edit on the page. The card's value holds, and the edit {value} "
        "was dropped"
    ),
    "site.edit_wrong": "{key}: the edit {value} of the page was dropped: {why}",
    "site.card_wrong": "v2h.toml on the card has an error, so nothing can be edited here: {first}",
    "site.not_seen": (
        "v2h.toml or its edits have changed since you opened this page. Look at the values below and change them again"
    ),
    "site.unknown_key": "{key} is no key of the table {table} that this page can change",
    "site.no_number": "{key} = {value} is not a number",
    "site.too_long": "{key} is longer than {longest} characters",
    "site.unfit": "this cannot be stored: {why}",
    "site.not_written": "{path} cannot be written ({error}), so nothing was changed",
    "site.edits_bad": "The page's edits of v2h.toml are not used, and the card's file holds alone: {trouble}",
    # What web answers to a command by itself (web/commands.py, web/rest_requests.py).
    "command.unknown_key": "unknown key {key} in command '{command}'; known: {known}",
    "command.bad_value": "{key} = {value} is not {allowed}",
    "command.missing_key": "command '{command}' needs the key '{key}'",
    "command.no_answer": "No answer in time: the program that decides is not running or not on the bus",
    "restore.failed": "{what}: {why}",
    "restore.nothing": "nothing was restored",
    "restore.only_settings": "only the settings were restored",
    # Updates of the card (update/, oneshot/install_update.py).
    "update.bad_name": "{name} is no name of an update: letters, digits, . _ + and -, and .raucb at the end",
    "update.bad_size": "size_b = {size} is not a whole number from {least_b} to {most_b}: no update has this size",
    "update.bad_sha256": "sha256 = {sha256} is not 64 hexadecimal digits in lower case",
    "update.no_room": (
        "There is no room on the card's data partition: {needed_mb:.0f} MB must be free, {free_mb:.0f} MB are. "
        "Delete recordings, or use a larger card"
    ),
    "update.not_writable": (
        "The data partition cannot be written ({error}), so there is no place for an update. "
        "Start the charger again; if that does not help, write the card again"
    ),
    "update.not_stated": "No update was stated: state its name, size and SHA-256 first",
    "update.bad_piece": "The piece has {length_b} bytes; 1 to {most_b} are allowed",
    "update.bad_offset": "The piece is for offset {offset_b}, and {have_b} bytes are there: go on at {have_b}",
    "update.beyond_end": "The piece ends at {end_b}, behind the end of the file at {size_b}",
    "update.other_sha256": (
        "{name} arrived with another SHA-256 than was stated, and was deleted. Upload it again; "
        "if that does not help, build or download it again"
    ),
    "update.not_whole": "No update is there as a whole. Upload it first",
    "update.uploading": "{have_mb:.1f} of {size_mb:.1f} MB of {name} are there",
    "update.uploaded": "{name} is there as a whole. Install it while the charger rests",
    "update.no_card": "This machine cannot be updated: it runs from no card of this project with two slots",
    "update.two_cards": (
        "Two disks carry the id of this card, so the update could reach the wrong one. "
        "Take the other one out, or give it another id"
    ),
    "update.ordered": "{address} ordered the installation of {name}",
    "update.restart_ordered": "{address} ordered a restart, with which the installed version comes into force",
    "update.charger_silent": (
        "It is not known whether there is a session, because charger does not answer. Try again when it does"
    ),
    "update.session_open": (
        "There is a session with the car (step “{state:word}”). Press stop, and try again when the charger rests"
    ),
    "update.installing_already": "An update is being installed already. Wait until it has ended",
    "update.installing": "{name} is being installed: {pct:.0f} %",
    "update.installed": "Version {version} is installed. It comes into force when you start the charger again",
    "update.restarting": "The charger starts again. The page is back in a minute or two",
    "update.nothing_to_start": "No update waits for a restart",
    "update.not_confirmed": (
        "Version {version} runs only since a short time, and another update would overwrite the version of before, "
        "which is known to run well. Wait until the log says that version {version} is in force (five minutes), or go "
        "back first"
    ),
    "update.no_way_back": "The other slot holds no version that has run well. Install an update instead",
    "update.back_ordered": "{address} ordered a restart with version {version}, which the other slot holds",
    "update.read": "You have read why version {other} was given up. The page shows it no longer",
    "update.nothing_to_read": "There is nothing to read: no version was given up",
    "update.broke_off": "The installation broke off. The version in force stays; start the installation again",
    "update.other_board": "The update is for another board than this one. Choose the file for the BeagleBone Green",
    "update.older": (
        "The update is older than the version in force, and an older one can bring back mended faults. "
        "Choose a newer file, or write the card again"
    ),
    "update.foreign": (
        "The update is not signed with a key that this card knows. Choose a file from where the card came from; "
        "the card is unchanged"
    ),
    "update.torn": "The file is not a whole update, perhaps only a part of one. Build or download it again",
    "update.certificate_time": (
        "The signature's certificate does not hold at the charger's time of day. Set the clock, and try again"
    ),
    "update.damaged": "The update is damaged: a block has another checksum than was signed. Build or download it again",
    "update.too_large": "The update is larger than its slot. Write the card again with a new image",
    "update.rauc": "The update was refused: {why}",
    "update.development": (
        "Development key: this card takes updates that the machine signed on which it was built. "
        "Do not pass such a card on"
    ),
    # Files of the owner that cannot be used (manager/owner_files.py, manager/clock_setter.py).
    "file.wrong": "{file}: {errors}",
    "file.newer_keys": (
        "{file} holds what only a newer version knows: {keys}. It is not used and stays in the file, "
        "until that version is in force again"
    ),
    "file.settings_bad": "{error}; the site's values are used instead",
    "file.set_aside": (
        "{file} was set aside as {aside}, because manager ended {count} times with it by an unknown error. Nothing "
        "starts until you choose a mode. Please report this with the file"
    ),
    "file.prices_bad": "{error}; the weekly prices count until prices are pushed again",
    "file.schedule_bad": "{error}; the schedule before stays",
    "file.stop_bad": "{error}; taken as stopped",
    "clock.not_written": (
        "It could not be written to the card that the clock is right ({error}). "
        "After a restart without a network you may have to set the time of day again."
    ),
}
