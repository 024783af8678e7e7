"""The sentences about a session with the car (v2h.bus.catalogue) in German: id -> text, with the same values."""

SESSION_TEXTS: dict[str, str] = {
    # Ein Zustand, der nicht rechtzeitig endet (chademo/states.py, chademo/refusals.py, chademo/session.py).
    "late.wake": "das Auto sendet nichts; steckt der Stecker, und ist das Auto wach?",
    "late.handshake": "das Auto gibt keine Ladefreigabe",
    "late.converter": "der Wandler wird nicht bereit",
    "late.lock": "der Stecker verriegelt am spannungsfreien Kabel nicht",
    "late.insulation_test": "das Kabel erreicht die Prüfspannung nicht",
    "late.calibration": "der Wandler hält die Spannungen der Kalibrierung nicht",
    "late.calibration_at": "der Wandler hält die Spannungen der Kalibrierung nicht: Er hat {converter_v:.0f} V",
    "late.bleed": "das Kabel entlädt sich nach der Prüfung nicht",
    "late.contactors_open": "c1 und c2 öffnen nicht",
    "late.contactor_check": "der Wandler erreicht bei offenen c1 und c2 keine 50 V",
    "late.car_contactors": "das Auto schließt seine Schütze nicht",
    "late.voltage_match": "der Wandler erreicht die Batteriespannung nicht",
    "late.ready": "das Auto fordert keinen Strom an: Es ist voll, zu kalt oder an einer eigenen Grenze",
    "late.stop": "der Strom hört nicht auf",
    "late.welding_check": "das Auto öffnet seine Schütze nicht, oder das Kabel bleibt geladen",
    "late.car_releases": "das Kabel bleibt geladen, nachdem d2 abfiel: Die Schütze des Autos öffnen nicht",
    "late.car_opens": "das Auto öffnet seine Schütze nicht",
    "late.d2_off": "d2 fällt nicht ab",
    "late.unlock": "das Kabel ist nicht spannungsfrei gemessen: Der Stecker bleibt verriegelt",
    "late.farewell": "die Verabschiedung endet nicht",
    "late.make_safe": "guard meldet keine sicheren Ausgänge",
    "late.no_permission_bit": "K ist ein, aber das Freigabebit des Autos (102.5.0) fehlt",
    "late.k_off": "das Freigabebit des Autos (102.5.0) ist gesetzt, aber K ist aus: Ist die Leitung ganz?",
    "late.no_permission": "das Auto gibt innerhalb von {within_s:.0f} s keine Ladefreigabe: weder K noch 102.5.0",
    "late.converter_status": "der Wandler wird nicht bereit: Statuswort {status:#06x}",
    "late.cable_live": "{cable_v:.0f} V am Kabel, bevor sich das Auto zuschalten darf",
    "late.converter_live": "{converter_v:.0f} V am Ausgang des Wandlers, bevor er ans Kabel darf",
    "late.test_voltage": (
        "das Kabel hat keine {test_v:.0f} V: {cable_v:.0f} V am Kabel, {converter_v:.0f} V am Wandler"
    ),
    "late.test_voltage_on_cable": "das Kabel hat keine {test_v:.0f} V: {cable_v:.0f} V am Kabel",
    "late.test_voltage_at_converter": "das Kabel hat keine {test_v:.0f} V: {converter_v:.0f} V am Wandler",
    "late.kept_closed": "guard hält {contactors} geschlossen",
    "late.closed_before_d2": "das Auto meldet vor d2, dass seine Schütze geschlossen sind (102.5.3 = 0)",
    "late.cable_not_known_empty": (
        "es ist nicht bekannt, dass das Kabel spannungsfrei ist, bevor sich das Auto zuschalten darf"
    ),
    "late.no_battery_voltage": "nach d2 kommt keine Batteriespannung ans Kabel",
    "late.unlock_unknown": "die Kabelspannung ist nicht bekannt: Der Stecker bleibt verriegelt",
    "late.unlock_live": "{cable_v:.0f} V am Kabel: Der Stecker bleibt verriegelt",
    "late.d2": "d2 wird nach der Freigabe des Autos nicht rechtzeitig erreicht",
    "late.battery_not_seen": "das Auto hat seine Schütze geschlossen, am Kabel erscheint keine Batterie",
    # Dasselbe bei CCS (ccs/power_states.py).
    "late.ccs_link": "kein Auto antwortet über das Ladekabel; steckt der Stecker, und ist das Auto wach?",
    "late.ccs_hello": "das Auto sendet seine Ladeparameter nicht",
    "late.ccs_cable_check": "das Auto verlangt die Kabelprüfung nicht",
    "late.ccs_precharge": "das Auto verlangt die Vorladung nicht",
    "late.ccs_power": "das Auto beginnt nach der Vorladung nicht mit dem Laden",
    # Was während einer Sitzung überwacht wird (chademo/supervision.py, chademo/transitions.py).
    "watch.car_lost": "das Auto schweigt seit {age_s:.1f} s",
    "watch.car_never_heard": "das Auto schweigt",
    "watch.car_fault": "das Auto meldet {faults}",
    "watch.car_system_fault": "das Auto meldet einen Fehler des Ladesystems",
    "watch.stop_request": "das Auto verlangt einen Stopp, bevor Energie fließt",
    "watch.k_off_frames_on": "die Freigabeleitung K ist aus, obwohl die Nachrichten des Autos „ein“ melden",
    "watch.k_on_frames_off": "die Freigabeleitung K ist ein, obwohl die Nachrichten des Autos „aus“ melden",
    "watch.k_before_can": "die Ladefreigabe ist ein, bevor das Auto etwas gesendet hat",
    "watch.not_in_park": "das Auto steht nicht in Parkstellung",
    "watch.car_ended": "das Auto hat die Sitzung beendet",
    "watch.k_off": "das Auto hat seine Ladefreigabe zurückgezogen",
    "watch.guard_lost": "guard schweigt",
    "watch.converter_lost": "der Wandler meldet seit {age_s:.1f} s nicht: {what}{odd}",
    "watch.converter_never_heard": "der Wandler hat noch nicht gemeldet: {what}{odd}",
    "watch.odd_reading": "; {odd}",
    "converter_object.current": "Strom (2108)",
    "converter_object.voltage": "Spannung (2107)",
    "converter_object.status": "Status (2101)",
    "converter_object.enable_word": "Freigabewort (2100)",
    "converter_object.voltage_setpoint": "Spannungssollwert (2109)",
    "converter_object.current_setpoint": "Stromsollwert (210A)",
    "converter_object.temperature": "Temperatur (2104)",
    "converter_object.warning_word": "Warnwort (2150)",
    "watch.converter_off": "der Wandler hat sich selbst abgeschaltet",
    "watch.converter_status": "das Statuswort des Wandlers hat unerwartete Bits {odd:#06x}",
    "watch.converter_warning": "das Wort 2150 des Wandlers ist {word:#010x} statt 0",
    "watch.setpoint_unheeded": "der Wandler hält einen Sollwert von {set_a} A statt {commanded_a:.1f} A",
    "watch.over_temperature": "der Wandler hat {temperature_c} °C",
    "watch.over_voltage": "{cable_v} V am Kabel, Grenze {limit_v:.0f} V",
    "watch.test_over_voltage": "{highest_v:.0f} V bei der Isolationsprüfung statt {test_v:.0f} V",
    "watch.under_voltage": ("einer Batterie mit {battery_v} V werden {drawn_a} A entnommen, Grenze {limit_v:.0f} V"),
    "watch.battery_gone": "{cable_v:.0f} V am Kabel, obwohl die Schütze des Autos geschlossen sein sollten",
    "watch.battery_unlike": "die Batterie hat {battery_v:.0f} V, angenommen waren {assumed_v:.0f} V",
    "watch.current_gone": (
        "an der Ladegrenze fließt kein Strom: Das Auto ist voll, oder es hat seine Schütze geöffnet"
    ),
    "watch.car_closed": (
        "das Auto meldet geschlossene Schütze, oder es meldet sie nicht: Das Kabel wird nicht kalibriert"
    ),
    "watch.car_open": "das Auto hat seine Schütze geöffnet (102.5.3 = 1)",
    "watch.unflagged_unmeasured": (
        "ein Auto mit Protokoll {protocol} meldet seine Schütze nicht: Dafür muss das Kabel gemessen werden "
        "([cable] in v2h.toml mit einem Messgerät kalibrieren)"
    ),
    "watch.contactors_welded": (
        "c1 und c2 sollen offen sein, und der Wandler misst dahinter {converter_v:.0f} V: Sie sind verschweißt"
    ),
    "watch.cable_follows": (
        "c1 und c2 sollen offen sein, und das Kabel folgt dem Wandler auf {cable_v:.0f} V: Sie sind verschweißt"
    ),
    "watch.cable_lost": "die Kabelspannung wird nicht mehr gemessen",
    "watch.current_remains": "der Wandler liefert noch {measured_a} A, obwohl die Sitzung beendet ist",
    "watch.current_deviation": "der Wandler liefert {measured_a} A statt {commanded_a:.1f} A",
    "watch.request_over": "das Auto verlangt {asked_a:.0f} A, verfügbar sind {available_a:.0f} A",
    "watch.cable_against_converter": "{cable_v:.0f} V am Kabel, {converter_v:.0f} V am Wandler",
    # Dasselbe bei CCS (ccs/power_supervision.py, ccs/power_transitions.py).
    "watch.ccs_lost": "das Programm ccs ist verstummt",
    "watch.ccs_broken": (
        "die Verbindung zum Auto ist abgerissen, oder seine Nachrichten waren nicht in der Reihenfolge (das Protokoll "
        "von ccs sagt mehr)"
    ),
    "watch.ccs_demand_lost": "das Auto hat seit {age_s:.1f} s keinen Strom verlangt",
    "watch.ccs_again": "das Auto verhandelt neu und kommt zu keinem Ende",
    "watch.ccs_pilot": "der Control Pilot ging in den Zustand {pilot}",
    "watch.ccs_pilot_lost": "die Pilotbox ist verstummt",
    "watch.ccs_isolation": "der Isolationswächter meldet einen Fehler",
    "watch.ccs_isolation_low": "die Isolation ist bei der Prüfspannung für einen Start zu gering",
    "watch.ccs_monitor_lost": "der Isolationswächter misst nicht",
    "watch.ccs_backfeed": "{drawn_a} A fließen aus dem Auto, obwohl CCS nur lädt",
    # Warum das Auto nicht geladen werden kann (chademo/transitions.py, chademo/packs.py).
    "incompatible.needs_unknown": "das Auto sagt nicht, was es braucht",
    "incompatible.target": "das Auto will {target_v:.0f} V, wir können {available_v:.0f} V liefern",
    "incompatible.lowest": "die Batterie des Autos beginnt bei {lowest_v} V, wir bei {from_v:.0f} V",
    "incompatible.highest": "die Batterie des Autos endet bei {highest_v} V, wir beginnen bei {from_v:.0f} V",
    "incompatible.battery": "die Batterie des Autos hat {battery_v:.0f} V, wir beginnen bei {from_v:.0f} V",
    "incompatible.pack_unlike": (
        "das Auto meldet eine Batterie von {capacity_kwh:.1f} kWh, v2h.toml nennt {named}: Ihre Spannung lässt sich "
        "nicht annehmen (pack_kwh prüfen, oder [cable] kalibrieren)"
    ),
    # Warum ein Start abgelehnt wird (chademo/refusals.py).
    "refusal.guard_not_ready": "guard ist nicht bereit",
    "refusal.guard_not_met": "guard hat charger noch nicht gehört",
    "refusal.can_down": "der CAN-Bus des Wandlers ist ausgefallen",
    "refusal.outputs_on": "noch eingeschaltet: {outputs}",
    "refusal.k_on": "die Freigabeleitung K des Autos ist vor einer Sitzung ein: Stecker und Leitung prüfen",
    "refusal.cable_not_measured": (
        "die Kabelspannung wird nicht gemessen: Kalibrieren Sie [cable] in v2h.toml, oder nennen Sie dort die Batterie "
        "des Autos ([car] cells_in_series), und nehmen Sie angenommene Spannungen hin"
    ),
    "refusal.cable_live": "{cable_v:.0f} V am Kabel vor dem Start",
    "refusal.cable_measured_too_short": "die Kabelspannung wird noch keine Sekunde lang gemessen",
    # Dasselbe bei CCS (ccs/power_transitions.py).
    "refusal.ccs_cable_not_measured": (
        "die Kabelspannung wird nicht gemessen, und bei CCS wird keine angenommen: Kalibrieren Sie [cable] in v2h.toml "
        "mit einem Messgerät"
    ),
    "refusal.ccs_monitor": "der Isolationswächter misst nicht: Prüfen Sie seine Versorgung und seine Leitung",
    "refusal.ccs_isolation": "der Isolationswächter meldet einen Fehler: Verwenden Sie dieses Kabel nicht",
    "refusal.ccs_silent": "das Programm ccs antwortet nicht",
    "refusal.ccs_no_car": "kein Auto ist angesteckt: Der Control Pilot ist im Zustand {pilot}",
    # Was ein CCS-Stecker tut (ccs/state_words.py), und die Anschlüsse (programs/ccs.py, programs/charger.py).
    "ccs.resting": "ein Auto ist angesteckt, und es wird keine Sitzung verlangt: Der Control Pilot ist aus",
    "ccs.no_car": "kein Auto ist angesteckt: Der Control Pilot ist im Zustand {pilot}",
    "ccs.no_box": "die Pilotbox ist stumm: Prüfen Sie ihr USB-Kabel und ihre Versorgung",
    "ccs.no_modem": "das Modem (plc0) fehlt: Prüfen Sie sein USB-Kabel und seine Versorgung",
    "ccs.link_off": "das Modem ruht vor dem nächsten Versuch, das Auto zu finden",
    "ccs.link_key": "das Modem erhält einen neuen Schlüssel (SLAC)",
    "ccs.link_listen": "wartet auf das Modem des Autos (SLAC)",
    "ccs.link_matched": "beide Modems sind in einem Netz (SLAC ist fertig); wartet auf die Verbindung des Autos",
    "ccs.link_failed": "die Modems haben einander nicht gefunden (SLAC ist gescheitert)",
    "ccs.hello": "Auto und Ladegerät einigen sich auf Protokoll und Bezahlung",
    "ccs.parameters": "Auto und Ladegerät tauschen ihre Grenzen aus",
    "ccs.cable_check": "Kabelprüfung: Die Isolation wird gemessen",
    "ccs.precharge": "Vorladung: Die Spannung des Kabels wird der Batterie angeglichen",
    "ccs.start": "das Auto verlangt Leistung",
    "ccs.energy": "das Auto lädt",
    "ccs.stop": "das Auto beendet das Laden",
    "ccs.welding": "das Auto prüft seine Schütze",
    "ccs.end": "das Auto hat die Sitzung beendet",
    "ccs.failed": "die Sitzung brach ab: {why}",
    "ccs.box_open": "die Pilotbox ist geöffnet ({url})",
    "ccs.box_missing": "die Pilotbox antwortet nicht an {url}: {error}",
    "ccs.box_line": "die Pilotbox hat eine Zeile gesendet, die nicht zu lesen ist: {why}",
    "ccs.modem_open": "die Schnittstelle {interface} des Modems ist geöffnet",
    "ccs.modem_missing": "die Schnittstelle {interface} des Modems ist nicht zu gebrauchen: {error}",
    "ccs.monitor_open": "der Isolationswächter ist geöffnet ({url})",
    "ccs.monitor_missing": "der Isolationswächter antwortet nicht an {url}: {error}",
    "ccs.no_calibration": (
        "eine Sitzung mit einem CCS-Auto kalibriert das Kabel nicht: Setzen Sie scale_v_per_v von [cable] in v2h.toml"
    ),
    # Quittieren eines Fehlers, und Entriegeln auf das Wort einer Person (chademo/refusals.py, chademo/endings.py,
    # programs/charger.py, bus/messages.py).
    "clear.no_fault": "es steht kein Fehler an",
    "clear.guard_silent": "noch nicht quittiert: guard antwortet nicht; versuchen Sie es in einigen Sekunden wieder",
    "clear.making_safe": (
        "noch nicht quittiert: guard stellt noch den sicheren Zustand her; versuchen Sie es in einigen Sekunden wieder"
    ),
    "clear.found_locked": (
        "noch nicht quittiert: Der Stecker war verriegelt vorgefunden, und der Sensor des Kabels hat seitdem keine "
        "Spannung gezeigt; er wird {after_s:.0f} s nach dem Abschalten von d1 und d2 entriegelt"
    ),
    "clear.cable_unknown": (
        "nicht quittiert: Der Stecker ist noch verriegelt, weil die Kabelspannung nicht bekannt ist"
    ),
    "clear.cable_not_empty": (
        "nicht quittiert: Der Stecker ist noch verriegelt, weil die Kabelspannung {cable_v:.0f} V beträgt und das "
        "Kabel nicht als spannungsfrei bekannt ist"
    ),
    "unlock.not_locked": "der Stecker ist nicht verriegelt",
    "unlock.guard_not_ready": (
        "nicht entriegelt: guard antwortet nicht oder stellt noch den sicheren Zustand her; versuchen Sie es in "
        "einigen Sekunden wieder"
    ),
    "unlock.measured": (
        "nicht entriegelt: Am Kabel werden {cable_v:.0f} V gemessen, und die Bestätigung einer Person zählt nicht "
        "gegen eine Messung; bei 10 V oder weniger wird der Stecker von selbst entriegelt"
    ),
    "unlock.too_early": (
        "nicht entriegelt: d1 und d2 sind seit {off_s:.0f} s aus, und das Kabel braucht {needed_s:.0f} s, um sich "
        "selbst zu entladen; bestätigen Sie dann noch einmal"
    ),
    "unlock.word_too_old": (
        "nicht angenommen: Die Bestätigung vom Bedienfeld ist {age_s:.1f} s alt; halten Sie Ein/Aus noch einmal"
    ),
    "unlock.unlocks": "der Stecker wird entriegelt; quittieren Sie den Fehler, wenn er gezogen ist",
    "unlock.given_at_the_panel": (
        "Nichts wurde quittiert: Die Bestätigung, die den Stecker entriegelt, wird nur am Bedienfeld des Ladegeräts "
        "gegeben. Warten Sie, bis die Startsignale seit mindestens 120 s aus sind, stellen Sie sicher, dass niemand "
        "den Stecker berührt, und halten Sie dann dort Ein/Aus 10 s lang. Ein Kabel, an dem Spannung gemessen wird, "
        "bleibt verriegelt."
    ),
    # Der Verlauf einer Sitzung, sein Ende durch guard, und Bemerkungen (chademo/progress.py, chademo/session.py,
    # chademo/endings.py, chademo/cable.py, chademo/charger.py).
    "session.not_started": "nicht gestartet",
    "session.starting": "startet",
    "session.energy_may_flow": "Energie kann fließen",
    "session.stopped": "angehalten",
    "session.fault_cleared": "Fehler quittiert",
    "safe.trip_at_start": "nach einem Neustart: {trip}",
    "safe.found_on": "nach einem Neustart: Ausgänge waren eingeschaltet",
    "safe.tripped": "guard hat den sicheren Zustand hergestellt: {trip}",
    "safe.outputs_lost": "guard hat abgeschaltet: {outputs}",
    # Die Kalibrierung des Kabels (chademo/calibration.py). Der erste Teil: warum es keine Gerade gibt.
    "calibration.not_rising": (
        "der Eingang des ADC folgt dem Wandler nicht ({pins_v} V): Prüfen Sie adc_channel, und ob c1 und c2 schließen"
    ),
    "calibration.scale": (
        "{scale:.1f} V am Kabel je 1 V am Eingang des ADC ist keine plausible Skalierung: Prüfen Sie adc_channel"
    ),
    "calibration.noise": "die Messwerte des ADC bei einer Spannung unterscheiden sich um {noise_v:.1f} V",
    "calibration.bent": "die Messwerte liegen bis zu {bent_v:.1f} V neben einer Geraden",
    "calibration.zero": (
        "die neue Gerade zeigt {empty_v:.1f} V am spannungsfreien Kabel, und der Wandler zeigt dort {converter_v:.1f} V"
    ),
    "calibration.no_adc": (
        "der ADC lieferte {count} Messwerte, das sind zu wenige: „v2h selftest“ sagt, ob er antwortet"
    ),
    "calibration.too_long": "die Kalibrierung war nicht in den {within_s:.0f} s fertig, die ein Auto wartet",
    "calibration.empties": "gemessen: Skalierung {scale:.2f}, Versatz {offset_v:.2f} V; das Kabel wird entladen",
    "calibration.done": (
        "Das Kabel ist kalibriert: {scale:.2f} V je 1 V am Eingang des ADC, Versatz {offset_v:.2f} V."
    ),
    "calibration.failed": (
        "Das Kabel ist nicht kalibriert: {why:clause}. Nichts wurde geändert. Versuchen Sie es noch einmal, wenn das "
        "Auto angesteckt, wach und ladebereit ist."
    ),
    "calibration.not_idle": (
        "das Ladegerät ist im Schritt „{state:word}“: Beenden Sie die Sitzung, oder quittieren Sie den Fehler, und "
        "versuchen Sie es dann wieder"
    ),
    "calibration.refused": "Das Kabel wird nicht kalibriert: {why:clause}.",
    "calibration.has_one": (
        "das Kabel hat schon eine Kalibrierung: Setzen Sie cable.scale_v_per_v auf der Seite auf 0, starten Sie die "
        "Programme neu, und versuchen Sie es wieder"
    ),
    "calibration.adc_silent": "der ADC antwortet nicht: „v2h selftest“ sagt mehr",
    "calibration.begins": (
        "Die Kalibrierung beginnt: Das Auto muss angesteckt, wach und ladebereit sein. Sie dauert eine halbe Minute; "
        "lassen Sie den Stecker in Ruhe. „Stopp“ beendet sie."
    ),
    "calibration.said": "{said}",
    "calibration.kept": (
        "{said:clause}. Das wirkt ab dem nächsten Start der Programme und ist als mit dem Wandler kalibriert vermerkt."
    ),
    "calibration.not_kept": (
        "{said:clause}. Das konnte aber nicht gespeichert werden: {why:clause}. Tragen Sie die beiden Werte auf der "
        "Seite ein."
    ),
    "remark.cable_assumed": ("Kabel- und Batteriespannung dieser Sitzung sind angenommen und nicht gemessen"),
    "remark.cable_by_converter": (
        "das Kabel wurde mit dem Wandler kalibriert: Die beiden Messungen sind nicht unabhängig, deshalb wird der "
        "Stecker erst entriegelt, wenn beide ein spannungsfreies Kabel gezeigt haben"
    ),
    "remark.converter_odd": "ein Messwert des Wandlers wird nicht geglaubt: {odd}",
    "remark.adc_reading": (
        "der ADC des Kabels misst {volts_v:.0f} V, die hier kein Kabel führt; das wird nicht geglaubt"
    ),
    "remark.adc_fell": (
        "der ADC des Kabels fiel innerhalb einer Sekunde von {from_v:.0f} auf {to_v:.0f} V; das wird nicht geglaubt"
    ),
    "remark.adc_fell_alone": (
        "der ADC des Kabels fiel auf einmal auf nichts, und der Wandler zeigte das nicht; das wird nicht geglaubt"
    ),
    # Anschlüsse, Prüfungen und der Stopp des Betreibers (programs/charger.py, programs/charger_reports.py).
    "fan.driven": "der Lüfter wird angesteuert; kein Sensor zeigt, ob er sich dreht",
    "fan.not_driven": "der Lüfter lässt sich nicht ansteuern: {error}",
    "can.wrong_controller": "{why}",
    "can.waiting": "Warten auf {url}: {error}",
    "can.open": "der Bus {url} ist geöffnet",
    "can.car_lost": "der Bus des Autos ist ausgefallen: {error}",
    "can.converter_lost": "der Bus des Wandlers ist ausgefallen: {error}",
    "can.forged": (
        "ein Programm dieser Platine sendet CAN-Nachrichten als {sender:word} (bisher {count}): Sie werden verworfen. "
        "Wenn niemand mit cansend testet, beschreiben Sie die Karte neu, und ändern Sie die Passwörter"
    ),
    "can.car_refuses": "am Bus des Autos bestätigt niemand: Nachrichten gehen verloren",
    "can.converter_refuses": "am Bus des Wandlers bestätigt niemand: Nachrichten gehen verloren",
    "can.car_accepts": "der Bus des Autos nimmt wieder Nachrichten an",
    "can.converter_accepts": "der Bus des Wandlers nimmt wieder Nachrichten an",
    "converter.refuses": "{refusal}",
    "checks.before_welding": ("Isolation {insulation:word}, Verriegelung {lock:word}, Kabelspannung {cable_v:word}"),
    "checks.with_welding": (
        "Isolation {insulation:word}, Verriegelung {lock:word}, Kabelspannung {cable_v:word}, Verschweißen "
        "{welding:word}"
    ),
    "stop.by": "Stopp durch {source:word}",
    "stop.unreadable": "Stopp durch jemanden, nicht lesbar: {error}",
}
