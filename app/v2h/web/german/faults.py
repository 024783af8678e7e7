"""The fault table (v2h.bus.faults) in German: id -> what happened, and what to do."""

_AGAIN = "Quittieren Sie den Fehler, und starten Sie neu"
_SWITCH = "schalten Sie die Stromversorgung des Ladegeräts aus und wieder ein"
_LOOKED_AT = "schalten Sie die Stromversorgung des Ladegeräts aus, und lassen Sie es prüfen"
_WAIT = "Ziehen Sie nicht am Stecker: Warten Sie zwei Minuten, und quittieren Sie dann den Fehler"
_BACK = "wenn er wiederkommt,"

FAULTS: dict[str, tuple[str, str]] = {
    "car_fault": ("Das Auto meldet einen Fehler.", "Sehen Sie auf seine eigene Anzeige."),
    "car_system_fault": (
        "Das Auto erkennt einen Fehler des Ladesystems.",
        "Sehen Sie auf seine Anzeige, quittieren Sie den Fehler, und versuchen Sie einen neuen Start.",
    ),
    "not_in_park": ("Das Auto steht nicht in Parkstellung.", "Legen Sie die Parkstellung ein, und starten Sie neu."),
    "car_lost": ("Das Auto ist verstummt.", "Prüfen Sie, ob der Stecker fest sitzt, und starten Sie dann neu."),
    "converter_lost": (
        "Der Wandler antwortet nicht oder nicht auf alle Anfragen.",
        f"Wenn das so bleibt, {_SWITCH}.",
    ),
    "converter_off": ("Der Wandler hat sich selbst abgeschaltet.", f"{_AGAIN}; {_BACK} {_SWITCH}."),
    "converter_status": (
        "Der Wandler meldet einen Zustand, der hier nicht vorkommen darf.",
        f"{_AGAIN}; {_BACK} {_SWITCH}.",
    ),
    "converter_warning": (
        "Der Wandler warnt vor etwas.",
        f"Sein Warnwort steht im Protokoll. {_AGAIN}; {_BACK} {_SWITCH}.",
    ),
    "setpoint_unheeded": (
        "Der Wandler übernimmt seine Sollwerte nicht.",
        f"Vor dem nächsten Start {_SWITCH}; {_BACK} {_LOOKED_AT}.",
    ),
    "test_over_voltage": (
        "Der Wandler hat die Prüfspannung überschritten.",
        "Starten Sie nicht neu: Schalten Sie die Stromversorgung des Ladegeräts aus, und lassen Sie es prüfen, vor "
        "allem den Wandler.",
    ),
    "under_voltage": (
        "Aus einer leeren Batterie wurde Strom entnommen.",
        "Laden Sie das Auto, und lassen Sie es weniger tief entladen: „Entladen bis“ in den Einstellungen.",
    ),
    "battery_gone": (
        "Die Batteriespannung ist am Kabel verschwunden.",
        "Sobald der Stecker entriegelt ist, ziehen Sie ihn, stecken Sie ihn wieder ein, bis er einrastet, und starten "
        "Sie.",
    ),
    "battery_unlike": (
        "Die Batterie hat eine andere Spannung als angenommen.",
        "Prüfen Sie cells_in_series und pack_kwh in v2h.toml, oder kalibrieren Sie den ADC.",
    ),
    "cable_lost": (
        "Die Kabelspannung wird nicht mehr gemessen.",
        "„v2h selftest“ sagt, ob der ADC antwortet; ohne ihn gibt es keinen Start.",
    ),
    "contactors_welded": (
        "Die eigenen Schütze c1 und c2 des Ladegeräts öffnen nicht.",
        "Starten Sie nicht neu: Schalten Sie die Stromversorgung des Ladegeräts aus, und lassen Sie es prüfen, vor "
        "allem c1 und c2.",
    ),
    "over_temperature": (
        "Der Wandler ist zu heiß.",
        "Lassen Sie ihn abkühlen, und halten Sie seine Luftwege frei.",
    ),
    "over_voltage": (
        "Die Spannung liegt über der Grenze der Batterie.",
        f"{_AGAIN}; {_BACK} {_LOOKED_AT}.",
    ),
    "current_deviation": ("Der Strom folgt nicht dem Sollwert.", f"{_AGAIN}; {_BACK} {_SWITCH}."),
    "current_remains": (
        "Nach dem Ende der Sitzung fließt noch Strom.",
        f"Vor dem nächsten Start {_SWITCH}; {_BACK} {_LOOKED_AT}.",
    ),
    "cable_against_converter": (
        "Kabel und Wandler messen verschiedene Spannungen.",
        "Kalibrieren Sie den Kanal des Kabels vor dem nächsten Start.",
    ),
    "guard_lost": (
        "Das Programm guard, das die Relais überwacht, antwortet nicht.",
        "Es startet von selbst neu: Quittieren Sie den Fehler, sobald die Seite zeigt, dass es läuft.",
    ),
    "guard_tripped": (
        "guard hat den sicheren Zustand hergestellt.",
        "Sein Grund steht im Protokoll. Quittieren Sie den Fehler, wenn der Grund beseitigt ist.",
    ),
    "outputs_lost": ("guard hat einen Ausgang abgeschaltet.", f"Das Protokoll sagt, welchen. {_AGAIN}."),
    "found_at_start": (
        "Nach einem Neustart waren Relais eingeschaltet; der sichere Zustand wurde hergestellt.",
        f"{_AGAIN}.",
    ),
    "incompatible": (
        "Auto und Ladegerät passen nicht zusammen.",
        "Das Protokoll sagt, was das Auto braucht; wenn das nicht stimmen kann, ziehen Sie den Stecker, und stecken "
        "Sie ihn wieder ein.",
    ),
    "k_before_can": (
        "Das Auto gibt die Ladung frei, bevor es etwas gesendet hat.",
        "Ziehen Sie den Stecker, und stecken Sie ihn wieder ein.",
    ),
    "late_converter": ("Der Wandler wird nicht bereit.", f"Vor dem nächsten Start {_SWITCH}."),
    "late_lock": (
        "Der Stecker verriegelt am spannungsfreien Kabel nicht.",
        "Ziehen Sie ihn, stecken Sie ihn wieder ein, bis er einrastet, und starten Sie neu.",
    ),
    "late_insulation_test": (
        "Isolationsprüfung nicht bestanden: Das Kabel erreicht die Prüfspannung nicht.",
        "Verwenden Sie dieses Kabel nicht, und berühren Sie kein beschädigtes.",
    ),
    "late_calibration": (
        "Der Wandler hält die Spannungen nicht, die zum Kalibrieren des Kabels nötig sind.",
        f"Verwenden Sie kein beschädigtes Kabel. Sonst {_SWITCH}, und kalibrieren Sie noch einmal.",
    ),
    "late_bleed": ("Das Kabel entlädt sich nach der Isolationsprüfung nicht.", f"{_WAIT}."),
    "late_car_contactors": (
        "Das Auto schließt seine Schütze nicht.",
        "Ziehen Sie den Stecker, stecken Sie ihn wieder ein, und starten Sie.",
    ),
    "late_voltage_match": (
        "Der Wandler erreicht die Spannung der Batterie nicht.",
        f"{_AGAIN}; {_BACK} {_SWITCH}.",
    ),
    "late_stop": ("Der Strom hat nicht rechtzeitig aufgehört.", f"{_WAIT}; {_BACK} {_LOOKED_AT}."),
    "late_welding_check": ("Das Auto öffnet seine Schütze nicht, oder das Kabel bleibt geladen.", f"{_WAIT}."),
    "late_unlock": ("Das Kabel ist nicht spannungsfrei gemessen: Der Stecker bleibt verriegelt.", f"{_WAIT}."),
    "late_test_done": (
        "Die Schütze haben nach der Isolationsprüfung nicht geöffnet; der sichere Zustand wurde hergestellt.",
        f"{_AGAIN}; {_BACK} {_LOOKED_AT}.",
    ),
    "late_contactor_check": (
        "Der Wandler erreicht bei offenen Schützen keine 50 V.",
        f"{_AGAIN}; {_BACK} {_SWITCH}.",
    ),
    "late_car_releases": (
        "Die Schütze des Autos bleiben geschlossen, nachdem das Startsignal abfiel.",
        f"{_WAIT}.",
    ),
    "late_car_opens": ("Das Auto öffnet seine Schütze nicht.", f"{_WAIT}."),
    "late_open": (
        "Die Schütze haben nicht ordnungsgemäß geöffnet; der sichere Zustand wurde hergestellt.",
        f"{_WAIT}; {_BACK} {_LOOKED_AT}.",
    ),
    "late_d2_off": (
        "Das Startsignal ist nicht ordnungsgemäß abgefallen; der sichere Zustand wurde hergestellt.",
        f"{_AGAIN}; {_BACK} {_SWITCH}.",
    ),
    "late_farewell": ("Die Sitzung ist nicht ordnungsgemäß beendet worden.", f"{_AGAIN}; {_BACK} {_SWITCH}."),
    "late_make_safe": ("guard meldet keine sicheren Relais.", "Schalten Sie die Stromversorgung des Ladegeräts aus."),
    "ccs_lost": (
        "Das Programm, das mit einem CCS-Auto spricht, antwortet nicht.",
        "Es startet von selbst neu: Quittieren Sie den Fehler, sobald die Seite zeigt, dass es läuft.",
    ),
    "ccs_backfeed": ("Aus einem Auto, das nur geladen wird, floss Strom.", f"{_AGAIN}; {_BACK} {_LOOKED_AT}."),
    "pilot_lost": (
        "Die Pilotbox antwortet nicht.",
        "Prüfen Sie ihr USB-Kabel und ihre Versorgung, quittieren Sie den Fehler, und starten Sie neu.",
    ),
    "isolation_fault": (
        "Die Isolation von Kabel oder Auto ist zu gering.",
        "Verwenden Sie dieses Kabel nicht, und berühren Sie kein beschädigtes. Wenn der Fehler mit einem anderen Auto "
        "wiederkommt, lassen Sie das Ladegerät prüfen.",
    ),
    "isolation_monitor_lost": (
        "Der Isolationswächter misst nicht.",
        "Prüfen Sie seine Versorgung und seine Leitung, quittieren Sie den Fehler, und starten Sie neu.",
    ),
    "late_d2": ("Der Start hat länger gedauert, als das Auto erlaubt.", f"{_AGAIN}."),
}
"""In the order of the English table."""
