"""The sentences of the programs (v2h.bus.catalogue) in German: id -> text, with the same values and formats."""

PROGRAM_TEXTS: dict[str, str] = {
    # Was jetzt geschieht, und warum (energy/policy.py).
    "idle.config_errors": "Ruhe, bis die Konfiguration berichtigt ist: {first}{more:brackets}.",
    "more_errors": "und {count} weitere",
    "idle.fault": "Durch einen Fehler angehalten: {what}. Drücken Sie „Fehler quittieren“ und starten Sie dann neu.",
    "idle.fault_goes_on": (
        "Durch einen Fehler angehalten: {what}. Drücken Sie „Fehler quittieren“; danach startet {mode:mode} nach "
        "Zeitplan von selbst."
    ),
    "idle.nothing_ordered": "Ruhe: Es liegt kein Auftrag vor.",
    "idle.until": "Ruhe: {mode:mode} war bis {until:when} befohlen.",
    "idle.as_ordered": "Ruhe, wie befohlen.",
    "idle.scheduled": "Ruhe: {because}.",
    "idle.stopped": "Von Ihnen angehalten. Wählen Sie eine Betriebsart, oder setzen Sie den Zeitplan fort.",
    "idle.clock_unknown": (
        "Ruhe: Der Zeitplan wartet, weil die Uhrzeit nicht bekannt ist. "
        "Verbinden Sie das Netzwerk, oder drücken Sie „Uhrzeit dieses Geräts verwenden“."
    ),
    "idle.ended_by_fault": "Durch einen Fehler angehalten: {what}.",
    "idle.order_unheard": "Es wird gewartet: Die befohlene Ladung geht weiter, sobald das Ladegerät antwortet.",
    "idle.order_waits": (
        "Ruhe: Die befohlene Ladung geht weiter, sobald die Uhrzeit bekannt ist, falls ihr Ende dann noch nicht vorbei "
        "ist. Verbinden Sie das Netzwerk, drücken Sie „Uhrzeit dieses Geräts verwenden“, oder wählen Sie eine "
        "Betriebsart."
    ),
    "idle.order_lost": (
        "Ruhe: Die befohlene Ladung ging bei einem Neustart verloren. Wählen Sie eine Betriebsart, oder setzen Sie den "
        "Zeitplan fort."
    ),
    "idle.shutting_down": "Die Anlage wird heruntergefahren.",
    "waiting.charger_silent": "Es wird gewartet: Das Ladegerät antwortet nicht.",
    "waiting.no_meter_yet": (
        "Es wird gewartet: Der Netzzähler hat noch keinen Wert gesendet. Der Start folgt, sobald er sendet."
    ),
    "waiting.no_meter": (
        "Es wird gewartet: seit {age_s:.0f} s kein Wert vom Netzzähler. Der Start folgt, sobald er wieder antwortet."
    ),
    "starting": "{mode:mode} startet, Schritt „{state:word}“{detail:brackets}.",
    "starting.asked": "{mode:mode} startet: Das Ladegerät ist beauftragt{detail:brackets}.",
    "starting.after": (
        "{mode:mode} beginnt, wenn die letzte Sitzung beendet ist, Schritt „{state:word}“{detail:brackets}."
    ),
    "holding.no_soc": "0 W werden gehalten: Das Auto meldet seinen Ladestand nicht.",
    "holding.rests": "0 W werden gehalten, wie geplant.",
    "holding.no_meter_yet": "0 W werden gehalten: Es gibt noch keinen Wert vom Netzzähler.",
    "holding.no_meter": (
        "0 W werden gehalten: seit {age_s:.0f} s kein Wert vom Netzzähler. Es geht weiter, sobald er antwortet."
    ),
    "matching.car_full": "Das Auto ist voll genug ({soc_pct:.0f} %): Der Überschuss geht ins Netz.",
    "matching.storing_at_limit": (
        "Überschuss wird bis zur Grenze gespeichert: {power_w:kw} ins Auto, {grid_w:kw} gehen ins Netz."
    ),
    "matching.no_surplus": "Warten auf Überschuss: Das Haus braucht alles selbst.",
    "matching.car_empty": (
        "Das Auto hat {soc_pct:.0f} % und behält {floor_pct:.0f} %: Das Haus bezieht Strom aus dem Netz."
    ),
    "matching.not_stored": "Überschuss wird wie geplant verkauft: {grid_w:kw} ins Netz.",
    "matching.hold": "Keine Entladung, solange andere laden: Das Haus bezieht Strom aus dem Netz.",
    "matching.held_by": "{by} lässt das Auto nicht entladen: Das Haus bezieht Strom aus dem Netz.",
    "matching.covering_at_limit": (
        "Das Haus wird bis zur Grenze versorgt: {power_w:kw} aus dem Auto, {grid_w:kw} aus dem Netz."
    ),
    "matching.sold": "Das Haus braucht nichts: Der Überschuss geht ins Netz.",
    "matching.balanced": "Ausgeglichen: Das Haus braucht nichts vom Auto.",
    "matching.covering": "Das Haus wird versorgt: {power_w:kw} aus dem Auto.",
    "matching.storing": "Überschuss wird gespeichert: {power_w:kw} ins Auto.",
    "fixed.charged": "Auf {soc_pct:.0f} % geladen: fertig.",
    "fixed.discharged": "Auf {soc_pct:.0f} % entladen: fertig.",
    "fixed.nothing_to_do": "Nichts zu tun: {why}.",
    "fixed.charged_holding": "Auf {soc_pct:.0f} % geladen: 0 W werden gehalten.",
    "fixed.discharged_holding": "Auf {soc_pct:.0f} % entladen: 0 W werden gehalten.",
    "fixed.rising": "{said:clause}, jetzt {power_w:kw}.",
    "fixed.charging": "Laden: {power_w:kw} ins Auto, bis {end_pct:g} %.",
    "fixed.discharging": "Entladen: {power_w:kw} aus dem Auto, bis {end_pct:g} %.",
    # Warum keine Sitzung beginnt (energy/start_limiter.py).
    "waits": "{mode:mode} wartet: {why}.",
    "start.nothing_useful": "es gibt nichts Nützliches zu tun",
    "start.refused": (
        "das Auto hat {count} Starts in Folge beendet{reason:brackets}: Stecken Sie es neu an, oder wählen Sie eine "
        "Betriebsart"
    ),
    "start.ended_by_itself": ("die Sitzung endete von selbst ({reason}); nächster Versuch innerhalb einer Minute"),
    "start.no_reason": "kein Grund angegeben",
    "start.too_many": ("{count} Starts innerhalb einer Stunde sind genug; nächster Versuch in {wait_min:.0f} min"),
    # Was hinter dem Satz steht (energy/explain.py).
    "with_more": "{said:clause}; {more}.",
    "until": "bis {until:when}",
    "next": "danach: {what}",
    "next.entry": "{mode:mode} ab {time:when}{entry:brackets}",
    "entry.one_off": "Einzeltermin{name:quoted}",
    "entry.ready_by": "Abfahrt{name:quoted}",
    "entry.window": "Zeitfenster{name:quoted}",
    "entry.plan": "Plan",
    "scheduled.nothing": "nichts ist geplant",
    "scheduled.otherwise": "Betriebsart des Zeitplans, wenn nichts anderes gilt",
    "scheduled.one_off": "Einzeltermin{name:quoted} bis {until:when}",
    "scheduled.ready_by": "damit {time:when} {soc_pct:g} % erreicht sind",
    "scheduled.below": "{why}, solange eine kWh höchstens {price:g} kostet",
    "scheduled.window": "Zeitfenster{name:quoted} bis {until:when}",
    "plan.soc_unknown": (
        "Der Ladestand des Autos ist nicht bekannt: Geplant wird, als wäre seine Batterie mit {capacity_kwh:g} kWh "
        "leer."
    ),
    "plan.capacity_unknown": (
        "Die Größe der Batterie des Autos ist nicht bekannt: Geplant wird für {capacity_kwh:g} kWh."
    ),
    "plan.charge_unknown": "Der Ladestand ist unbekannt: Angenommen wird die Hälfte dessen, was genutzt werden darf.",
    "plan.load_unknown": "Das Protokoll kennt den Verbrauch dieses Hauses noch nicht: Angenommen sind {load_w:.0f} W.",
    "plan.assumed": "{what:sentences}",
    "plan.no_price": (
        "Es gibt keinen Plan: Für die nächste Stunde ist kein Bezugspreis bekannt. Tragen Sie Preise in den Zeitplan "
        "ein oder senden Sie sie"
    ),
    "plan.impossible": "Es gibt keinen Plan: {why}",
    # Der Plan in Geld: warum das Auto in einem Zeitabschnitt etwas tut (energy/plan/plan.py). Preise gelten je kWh.
    "planned.because": "Plan: {why:clause}",
    "planned.as_without": (
        "wie ohne Plan, denn ein Plan würde nur {saved:.2f} sparen: Verbrauch und Sonne sind weniger sicher als das"
    ),
    "planned.away": "das Auto ist unterwegs",
    "planned.fixed": "über diese Zeit hat der Zeitplan entschieden",
    "planned.target": "es lädt für ein Ziel: {price:.3f} je kWh ist bis dahin der beste Preis",
    "planned.charge": "Bezug zu {price:.3f} lohnt sich: Eine kWh in der Batterie ist {worth:.3f} wert",
    "planned.discharge": "Einspeisung zu {price:.3f} lohnt sich: Eine kWh in der Batterie ist {worth:.3f} wert",
    "planned.cover": "Bezug zu {price:.3f} kostet mehr als eine kWh aus der Batterie, die {worth:.3f} wert ist",
    "planned.store": "Einspeisung zu {price:.3f} bringt weniger als eine kWh in der Batterie, die {worth:.3f} wert ist",
    "planned.spare": (
        "Einspeisung zu {price:.3f} bringt nicht mehr als Speichern, und die Sonne kann weniger liefern als erwartet"
    ),
    "planned.empty": "die Batterie ist an ihrer unteren Grenze",
    "planned.full": "die Batterie ist voll genug",
    "planned.rest": ("kein Preis deckt Verluste und Verschleiß: Eine kWh in der Batterie ist {worth:.3f} wert"),
    # Die erfundene Woche der Vorführung (rig/past_week.py).
    "demo.made_up": (
        "Dies ist eine Vorführung. Die Woche vor dieser Zeile ist erfunden; Auto, Wandler und Haus sind simuliert."
    ),
    # Was die Seite hinzufügt (web/view/).
    "page.plugged_in": "Angesteckt: Das Auto antwortet.",
    "page.plug_since": "Ob angesteckt, ist nicht bekannt. Das Auto antwortete zuletzt {when}.",
    "page.plug_no_answer": "Ob angesteckt, ist nicht bekannt. Das Auto antwortete auf den Start {when} nicht.",
    "page.ccs": "CCS: {text}. Abgleich (SLAC): {link}, Pilot: {pilot}.",
    "page.ccs_soc": "{said} Das Auto meldet {soc_pct:.0f} %.",
    "page.ccs_silent": "CCS: Das Programm ccs antwortet nicht.",
    "page.plug_unknown": (
        "Ob angesteckt, ist nicht bekannt. Nur Nachrichten des Autos zeigen es, und es gab noch keine."
    ),
    "page.at": "um {time:when}",
    "page.ago": "vor {lasted}",
    "page.goal_at": "{end_pct:g} % gegen {time:when}, in {lasted}: noch {energy_kwh:.1f} kWh.",
    "page.goal_in": "{end_pct:g} % in etwa {lasted}: noch {energy_kwh:.1f} kWh.",
    "page.goal_energy": "Noch {energy_kwh:.1f} kWh bis {end_pct:g} %.",
    "page.goal_unknown": (
        "Die Zeit bis {end_pct:g} % ist nicht bekannt: Das Auto hat die Größe seiner Batterie nicht gemeldet."
    ),
    "page.fault_goes_on": "Sobald er quittiert ist, startet {mode:mode} nach Zeitplan von selbst.",
    "page.unlock_wait": "Die Bestätigung einer Person am Bedienfeld zählt in {minutes}:{seconds:02d} min.",
    "page.unlock_counts": "Die Bestätigung einer Person am Bedienfeld zählt jetzt.",
    "page.unlock_by_converter": (
        "Das Kabel wurde mit dem Wandler kalibriert, deshalb entriegelt sein Sensor allein den Stecker nicht. {wait}"
    ),
    "page.unlock_measured_by_converter": (
        "Am Kabel werden {cable_v:.0f} V gemessen: Gegen eine Messung zählt keine Bestätigung. "
        "Das Kabel wurde mit dem Wandler kalibriert: Der Stecker braucht vielleicht die Bestätigung einer Person, "
        "sobald das Kabel spannungsfrei ist."
    ),
    "page.unlock_measured": (
        "Am Kabel werden {cable_v:.0f} V gemessen: Gegen eine Messung zählt keine Bestätigung. "
        "Der Stecker wird von selbst entriegelt, sobald das Kabel spannungsfrei ist."
    ),
    "page.session_runs": "Sitzung seit {began:when}, sie läuft; bisher {energy}.",
    "page.session_ended": "Sitzung von {lasted}: {why:clause}; {energy}.",
    "page.session_cut": "Sitzung von {lasted} oder länger: Ihr Ende fehlt im Protokoll; {energy}.",
    "page.session_runs_on": "Sitzung seit vor {began:when}, sie läuft; seitdem {energy}.",
    "page.session_no_start": (
        "Sitzung von {lasted} oder länger: {why:clause}; ihr Anfang fehlt im Protokoll; seitdem {energy}."
    ),
    "page.session_energy": "{charged_kwh:.1f} kWh ins Auto, {discharged_kwh:.1f} kWh aus ihm",
    "page.session_energy_unknown": "ihre Energie steht noch nicht im Protokoll",
    "page.lately_no_start": "Eine Sitzung ist zu Ende: {why:clause}.",
    "page.lately_ended": "Sitzung von {lasted}: {why:clause}.",
    "page.gone": (
        "Diese Seite hat keine Verbindung: Das Ladegerät antwortet nicht. Zum Anhalten drücken Sie die Taste am "
        "Ladegerät."
    ),
    "order.held": "gehalten auf {power_w:.0f} W von {by}",
    "order.held_until": "gehalten auf {power_w:.0f} W von {by} bis {until:when}",
    "idle.setpoint_over": "Ruhe: Die Vorgabe von {by} ist zu Ende.",
    "fixed.zero": "Hält 0 W, wie vorgegeben.",
    "order.discharge_slot": "eine Zeit zum Entladen wurde angekündigt",
    "order.export_slot": "eine Zeit zum Einspeisen wurde angekündigt",
    "order.cover_slot": "eine Zeit ohne Speichern wurde angekündigt",
    "order.cheap_slot": "eine günstige Zeit wurde angekündigt",
    "order.asked_by": "{by} hat es verlangt",
    # Was nach einem Neustart aus einer Ladung von Hand wird (energy/kept_order.py, energy/controller.py).
    "order.goes_on": "Die befohlene Ladung geht nach einem Neustart weiter.",
    "order.over": "Die befohlene Ladung geht nach einem Neustart nicht weiter, weil ihr Ende vorbei ist.",
    "order.lost": (
        "Die befohlene Ladung ging bei einem Neustart verloren: {why}. "
        "Das Ladegerät bleibt in Ruhe, bis Sie eine Betriebsart wählen oder den Zeitplan fortsetzen."
    ),
    "order.no_end": "der Strom war aus oder die Platine wurde neu gestartet, und die Ladung hatte kein „Bis“",
    "order.too_old": "sie wurde vor mehr als 7 Tagen befohlen",
    "order.odd_end": "ihr Ende liegt mehr als 7 Tage in der Zukunft; geht die Uhr richtig?",
    "mode_ended.next_entry": "{mode:mode} galt bis zum nächsten Eintrag des Zeitplans: {entry}",
    # Antworten auf Befehle (manager/owner_commands.py, programs/manager.py).
    "answer.event": "{command:word} ({source:word}): {answer}",
    "answer.refused": "Nicht übernommen: {why}",
    "answer.idle": "Betriebsart Ruhe: Die Sitzung endet.{warning}",
    "answer.setting": "{setting:word} {value}",
    "answer.applied": "Übernommen: {values}.{warning}",
    "answer.nothing_changed": "Nichts wurde geändert.",
    "stop.meanwhile": (
        "Von Ihnen angehalten, während dieses Programm neu startete; es bleibt angehalten, bis Sie etwas starten."
    ),
    "answer.stopped": "Angehalten; es bleibt angehalten, bis Sie etwas starten.{warning}",
    "answer.resumed": "Der Zeitplan geht weiter.{warning}",
    "answer.not_written": (
        " Das konnte nicht auf die Karte geschrieben werden ({error}): Bis das gelingt, vergisst es ein Neustart."
    ),
    "answer.trips": "{count} Fahrten des Kalenders gelten.",
    "answer.same_trips": "{count} Fahrten des Kalenders gelten, dieselben wie zuvor.",
    "trips.all_day": "{count} ganztägige Termine, weil sie keine Uhrzeit haben",
    "trips.no_soc": "{count} Termine ohne Prozentangabe im Titel; senden Sie für diese soc_pct mit",
    "trips.unread": "{count} Termine, die nicht lesbar sind oder sich auf eine nicht unterstützte Art wiederholen",
    "refused.trips_no_clock": (
        "Fahrten aus einem Kalender brauchen die Uhrzeit, und sie ist nicht bekannt; "
        "drücken Sie zuerst „Uhrzeit dieses Geräts verwenden“ (v2h clock set)"
    ),
    "answer.trips_left_out": "{text} Ausgelassen: {left_out:joined}.",
    "answer.setpoint": "Es gilt: {what}.{warning}",
    "answer.setpoint_without_effect": " Die Vorgabe wirkt jetzt nicht, weil das Auto für ein Ziel geladen wird.",
    "answer.no_setpoint": "Keine Vorgabe eines anderen Programms gilt.",
    "answer.no_slot": "Keine Zeit ist angekündigt.",
    "answer.slot": "Angekündigte Zeit: {kind:word} bis {until:when}.{warning}",
    "answer.slot_later": " Der neuere Auftrag einer anderen Steuerung gilt.",
    "answer.slot_without_effect": " Sie wirkt jetzt nicht, weil der Betreiber etwas anderes gewählt hat.",
    "answer.waits": "Wartet: {what}. Der neuere Auftrag einer anderen Steuerung gilt.",
    "answer.mode": "In Kraft: {order}.{warning}",
    "answer.order": "{mode:mode}",
    "answer.order_with": "{order}, höchstens {amps:g} A",
    "answer.order_up_to": "{order}, bis auf {soc_pct:g} %",
    "answer.order_down_to": "{order}, hinunter bis {soc_pct:g} %",
    "answer.order_until": "{order}, bis {until:when}",
    "answer.schedule": (
        "Der Zeitplan ist in Kraft. Wöchentliche Zeitfenster: {windows}, Einzeltermine: {one_offs}, Abfahrten: "
        "{targets}, Preise: {prices}.{warning}"
    ),
    "answer.dear": (
        " Ein Preis von {price:g} {currency} je kWh: Ist das in Hundertsteln gemeint? 24,5 schreibt man 0,245."
    ),
    "answer.prices": "Die Preise sind in Kraft: {parts}.{warning}",
    "answer.prices_part": "{direction:word} von {start:when} bis {end:when}",
    "answer.clock_set": "Die Uhr ist gestellt und gilt als richtig: Es ist {time:when}.",
    "answer.nothing_cleared": "Nichts wurde quittiert: Das Ladegerät antwortet nicht.",
    "refused.not_written": "es konnte nicht auf die Karte geschrieben werden ({error})",
    "refused.settings": "{errors}",
    "setting.unknown": "unbekannte Einstellung {key}; bekannt sind: {known:joined}",
    "setting.meant": "unbekannte Einstellung {key}; meinten Sie {meant}?",
    "setting.not_flat": (
        'unbekannte Einstellung {key}; schreiben Sie die Schlüssel der Einstellungen selbst, wie in {{"fuse_a": 60}}'
    ),
    "setting.wrong": "{key} = {wrong}",
    "setting.zone": "{value} ist keine Zeitzone wie Europe/London",
    "setting.zone_meant": "{value} ist keine Zeitzone wie Europe/London; meinten Sie {meant}?",
    "setting.currency": "{value} sind nicht drei Großbuchstaben wie EUR",
    "setting.too_close": (
        "soc_min_pct = {low_pct:g} liegt nicht mindestens {apart_pct:g} % unter soc_max_pct = {high_pct:g}"
    ),
    "setting.reserve_above": "reserve_soc_pct = {reserve_pct:g} liegt über soc_max_pct = {high_pct:g}",
    "refused.schedule": "der bisherige Zeitplan bleibt. {errors}",
    "refused.schedule_changed": (
        "der Zeitplan wurde anderswo geändert, seit Sie ihn geöffnet haben. Laden Sie die Seite neu, um diese Änderung "
        "zu sehen, oder speichern Sie noch einmal, um sie durch Ihre zu ersetzen"
    ),
    "refused.config_errors": "die Konfiguration hat Fehler: {first}",
    "refused.fault": "ein Fehler steht an ({what}). Drücken Sie zuerst „Fehler quittieren“.",
    "refused.owners_hand": "der Betreiber hat {mode:mode} gewählt, und die Hand des Betreibers geht vor",
    "refused.owners_stop": "der Betreiber hat das Ladegerät angehalten, und nur er kann etwas starten",
    "refused.nothing_to_charge": "das Auto hat schon {soc_pct:.0f} %, verlangt sind {end_pct:g} %",
    "refused.nothing_to_discharge": "das Auto hat nur {soc_pct:.0f} %, verlangt sind {end_pct:g} %",
    "refused.no_clock": (
        "„Bis“ braucht die Uhrzeit, und sie ist nicht bekannt; drücken Sie zuerst „Uhrzeit dieses Geräts verwenden“ "
        "(v2h clock set)"
    ),
    "refused.prices_no_clock": (
        "Preise mit Datum brauchen die Uhrzeit, und sie ist nicht bekannt; "
        "drücken Sie zuerst „Uhrzeit dieses Geräts verwenden“ (v2h clock set)"
    ),
    "refused.plan_no_clock": (
        "ein Plan braucht die Uhrzeit, die nicht bekannt ist; drücken Sie zuerst „Uhrzeit dieses Geräts verwenden“"
        " (v2h clock set)"
    ),
    "answer.plan": "Der Plan ist gemacht.",
    "refused.prices": "die bisherigen Preise bleiben. {error}",
    "refused.bad_time": "at = {value} ist keine ISO-Zeit mit Zeitverschiebung wie {example}",
    "refused.time_server": "ein Zeitserver stellt die Uhr; Ihr Gerät weicht um {off_s:.0f} s ab",
    "refused.clock_cannot_be_set": ("die Uhr weicht um {off_s:.0f} s ab und lässt sich hier nicht stellen ({error})"),
    "refused.clock_no_answer": "das Programm, das die Uhr stellt, hat nicht geantwortet",
    # Der jetzige Preis auf der Seite (web/view/price.py).
    "price.line": "{now} {source}",
    "price.now": "Preis jetzt: {prices:joined} {currency} je kWh.",
    "price.of": "{direction:word} {price:g}",
    "price.none": "Für jetzt ist kein Preis bekannt.",
    "price.weekly": "Aus dem Zeitplan.",
    "price.dated": "Vor {age} gesendet.",
    "price.old": "Vor {age} gesendet: Läuft das Programm noch, das die Preise sendet?",
    "price.over": (
        "Die vor {age} gesendeten Preise gelten nicht für diese Zeit, und es zählen die des Zeitplans: Läuft das "
        "Programm noch, das sie sendet?"
    ),
    # Warum gesendete Preise nicht verwendet werden (energy/price_shapes.py).
    "prices.unknown_field": "unbekanntes Feld {key}; neben import, export und sun ist nur {known} bekannt",
    "prices.no_list": (
        "{where}: Es gibt keine Preise; senden Sie rates (eine Liste aus start, end, value), results von Octopus "
        "oder start, step_min und values"
    ),
    "prices.too_many": "{where} hat {count} Preise; höchstens {most} sind erlaubt: Senden Sie weniger Tage",
    "prices.overlap": "{entry} überschneidet sich mit Eintrag {other}: Senden Sie für jede Zeit einen Preis",
    "prices.none_left": (
        "{where}: Die Zeit aller Preise ist vorbei; senden Sie Preise von heute und von den nächsten Tagen"
    ),
    "prices.too_far": (
        "{where} reicht bis {at}; Preise werden für {days} Tage im Voraus angenommen: Lassen Sie spätere weg"
    ),
    "prices.row_fields": (
        "{entry} braucht start, end und value (oder price; oder valid_from, valid_to und value_inc_vat)"
    ),
    "prices.end_first": "{entry}: Das Ende liegt nicht nach dem Anfang",
    "prices.no_quarter": (
        "{entry}: {at} liegt nicht auf einer Viertelstunde; angenommen werden Schritte von 15, 30 und 60 min"
    ),
    "prices.no_moment": (
        "{where}: {key} = {value} ist keine Zeit mit Datum und Zeitverschiebung, wie 2026-11-30T16:30:00+00:00"
    ),
    "prices.unit_hint": "; für Pence oder Cent senden Sie unit: minor",
    "prices.csv_columns": "Zeile 1: Die Namen der Spalten fehlen: {columns}; import, export oder sun darf fehlen",
    "prices.csv_cells": "Zeile {line} hat {count} Zellen; nötig sind {needed}",
    "prices.csv_number": "Zeile {line}: {value} ist keine Zahl",
    # Die Messwerte eines Zählers (meters/health.py, programs/meter.py).
    "meter.first": "Der Zähler „{role:word}“ ({title}) {health}",
    "meter.fallback": "Der Ersatzzähler „{role:word}“ ({title}) {health}",
    "meter.fallback_in_use": "Der Ersatz wird verwendet, bis der erste Zähler 10 s lang gut gearbeitet hat.",
    "meter.more": "{said} {more}",
    "meter.remark": "Hinweis: {remark}.",
    "meter.refused": ("Eine Antwort des Zählers „{role:word}“ ({title}) wird nicht oder nicht ganz verwendet: {why}."),
    "meter.because": ": {why}",
    "meter.waiting": "hat noch keinen Wert gesendet{because}.",
    "meter.silent": (
        "hat seit {age_s:.0f} s keinen brauchbaren Wert gesendet{because}. Er wird wieder verwendet, sobald er sendet."
    ),
    "meter.frozen": (
        "sendet seit {age_s:.0f} s genau denselben Wert und scheint nicht mehr zu messen. "
        "Er wird nicht verwendet. Starten Sie den Zähler oder sein Gateway neu."
    ),
    "meter.slow": (
        "sendet nur alle {interval_s:.0f} s einen neuen Wert, so dass das Auto dem Haus mit dieser Verzögerung folgt. "
        "Mit einem Zähler, der jede Sekunde oder schneller sendet, fließt weniger aus dem Netz und ins Netz."
    ),
    "meter.on_change": (
        "sendet nur, wenn sich sein Wert ändert, deshalb gilt ein Wert bis zu {silence_s:g} s lang, und das Auto prüft "
        "langsam, ob der Zähler noch arbeitet. "
        "Lassen Sie ihn seinen Wert alle ein bis zwei Sekunden wiederholen, oder tragen Sie silence_s in seine Tabelle "
        "in v2h.toml ein."
    ),
    "meter.good": "sendet alle {interval_s:.2g} s einen neuen Wert.",
    # Warum ein Zähler keinen Wert sendet (meters/).
    "meter.no_answer": "gar keine Antwort",
    "meter.no_connection": "keine Verbindung zu {place}: {error}",
    "meter.http_silent": "{place} antwortet nicht: {error}",
    "meter.http_status": "{place} beantwortet {resource} mit dem Status {status}{hint}",
    "meter.http_password": "; er verlangt eine Anmeldung: Tragen Sie user und password oder token ein",
    "meter.http_login": "; er nimmt diesen Benutzer mit diesem Passwort nicht an",
    "meter.http_token": "; er nimmt dieses Token nicht an",
    "meter.http_letters": (
        "Benutzer oder Token enthält ein Zeichen, das HTTP nicht erlaubt: Kopieren Sie ihn noch einmal"
    ),
    "meter.http_remedy": "; {remedy}",
    "meter.http_long": "{place} beantwortet {resource} mit mehr als {bytes} Bytes",
    "meter.modbus_no_connection": ("keine Verbindung zu {place}: Stimmt die Adresse, und ist das Gerät eingeschaltet?"),
    "meter.modbus_silent": "{place}, Unit {unit} antwortet nicht",
    "meter.modbus_broke_off": "{place}, Unit {unit} hat abgebrochen: {error}",
    "meter.modbus_refuses": (
        "{place}, Unit {unit} verweigert die {kind}-Register {first:#04x} bis {last:#04x}: {answer}"
    ),
    "meter.modbus_length": "{count} Register kamen, {requested} waren verlangt",
    "meter.modbus_no_number": "seine Größe {quantity} im Register {register:#04x} ist keine Zahl",
    "meter.modbus_none": (
        "seine Leistung im Register {register:#04x} ist {value}; das bedeutet, dass er keinen Wert hat"
    ),
    "meter.modbus_words": (
        "seine Leistung im Register {register:#04x} ist unmöglich; wenn das jedes Mal so ist, sind seine Wörter "
        'vertauscht: Tragen Sie words = "{words}" ein'
    ),
    "meter.modbus_unsigned": (
        "seine Leistung im Register {register:#04x} ist {value}, mit Vorzeichen gelesen {signed}: Tragen Sie "
        'format = "{form}" ein'
    ),
    "meter.modbus_scale": (
        "seine Skalierung im Register {register:#04x} ist {value} und keine Zehnerpotenz von -10 bis 10"
    ),
    "meter.exception_1": (
        "Ausnahme 1: Er kennt diese Art der Anfrage nicht; versuchen Sie die andere Funktion, input oder holding"
    ),
    "meter.exception_2": ("Ausnahme 2: Er hat keine solchen Register; prüfen Sie die Registernummern und die Unit"),
    "meter.exception_3": "Ausnahme 3: Er gibt nicht so viele Register auf einmal",
    "meter.exception_4": "Ausnahme 4: Der Zähler ist gestört",
    "meter.exception_5": "Ausnahme 5: Er braucht mehr Zeit für diese Anfrage",
    "meter.exception_6": "Ausnahme 6: Der Zähler oder sein Gateway ist beschäftigt",
    "meter.exception_10": ("Ausnahme 10: Das Gateway erreicht den Zähler nicht; prüfen Sie das Gateway und die Unit"),
    "meter.exception_11": (
        "Ausnahme 11: Das Gateway bekommt vom Zähler keine Antwort; prüfen Sie seine Leitungen und die Unit"
    ),
    "meter.exception_other": "Ausnahme {code}",
    "meter.broker_no_connection": "keine Verbindung zum Broker {place}: {error}",
    "meter.broker_certificate": (
        "das Zertifikat des Brokers {place} ist nicht bestätigt: {error}. "
        'Tragen Sie ca = "NAME.pem" ein, und legen Sie diese Datei in den Ordner meters neben v2h.toml'
    ),
    "meter.broker_no_ca": "im Ordner meters gibt es kein Zertifikat {name}, oder es ist keines: {error}",
    "meter.broker_half": ("der Broker hat seit {seconds:.0f} s nichts zu {topic} gesendet, das zur Summe gehört"),
    "meter.broker_gone": "die Verbindung zum Broker {place} ist abgebrochen: {error}",
    "meter.broker_refuses": "der Broker {place} weist uns ab: {reason}. Stimmen Benutzer und Passwort?",
    "meter.broker_topic_refused": "der Broker {place} lässt uns {topic} nicht lesen",
    "meter.broker_nothing_new": "der Broker hat zu {topic} noch nichts Neues gesendet",
    "meter.sma_no_network": "der Multicast des Heimnetzes ist nicht erreichbar: {error}",
    "meter.sma_nothing": (
        "von einem Zähler von SMA oder TQ ist nichts zu hören: Sendet er, und leitet der Switch Multicast weiter?"
    ),
    "meter.sma_serial": "vom Zähler {serial} ist nichts zu hören; gehört wurden {others}",
    "meter.sma_several": "mehrere Zähler senden, {serials}: Tragen Sie serial ein",
    "meter.no_json": "er hat {sent} gesendet, das ist weder JSON noch eine Zahl",
    "meter.no_number": "{where} ist {value} und keine Zahl",
    "meter.several": '{where} hat mehrere Kanäle; path = "{where}.*" zählt sie zusammen',
    "meter.not_valid": "seine {channel}Messzange meldet, dass sie nicht gültig ist",
    "meter.errors": "er meldet selbst {errors}",
    "meter.no_unit": "seine Einheit {unit} ist nicht W, kW oder MW",
    "meter.dotted": (
        "in seiner Antwort gibt es kein {wanted}; ein Name, der selbst einen Punkt hat, steht in Anführungszeichen: "
        "{name}"
    ),
    "meter.phases_odd": (
        "seine Phasen ergeben zusammen {sum_w:.0f} W neben einer Summe von {total_w:.0f} W, deshalb wird nur die Summe "
        "verwendet"
    ),
    "meter.implausible": (
        "er meldet {power} W, und kein Haus hat mehr als {most_kw:g} kW: Prüfen Sie scale, path oder die Register"
    ),
    "meter.implausible_value": (
        "er meldet {value} {unit}, das ist unmöglich: Prüfen Sie Register, path und die Reihenfolge der Wörter"
    ),
    "meter.whole_message": "die Nachricht",
    "meter.no_power": "in seiner Antwort {answer} gibt es kein {wanted}",
    # Aufzeichnungen der CAN-Busse (capture/recorder.py).
    "capture.busy": "Eine Aufzeichnung wird gerade geschrieben.",
    "capture.begun": (
        "Die letzten 10 Minuten beider CAN-Busse werden geschrieben; sie stehen gleich bei den Dateien des Protokolls."
    ),
    "capture.kept": "Die CAN-Busse vor „{why}“ sind als {name} aufgehoben",
    "capture.kept_ccs": "Was das CCS-Auto und die Ladestation vor „{why}“ gesagt haben, ist als {name} aufgehoben",
    "capture.failed": "Die CAN-Busse konnten nicht aufgehoben werden: {error}",
    # Die Datei des Protokolls (programs/datalog.py, programs/web.py).
    "log.moved_aside": (
        "Das Protokoll war nicht lesbar ({why}): Es ist als {name} aufgehoben, und ein neues ist begonnen"
    ),
    "log.unwritten": (
        "Das Protokoll kann nicht geschrieben werden ({error}): Was jetzt geschieht, steht nur im Speicher, höchstens "
        "einige Stunden lang. Ist die Karte voll oder verbraucht?"
    ),
    "log.card_full": (
        "Die Karte ist fast voll: {free_mib:.0f} MiB sind frei, und {least_mib:.0f} werden für Aufzeichnungen und "
        "Kopien gebraucht. Nehmen Sie eine größere Karte, oder löschen Sie, was sonst darauf liegt."
    ),
    # Die Datenpartition der Karte (datalog/partition.py).
    "data.missing": (
        "Die Datenpartition der Karte fehlt: Das Ladegerät läuft mit voreingestellten Werten und ohne Zeitplan, und es "
        "behält nichts. Schalten Sie es aus und ein; bleibt es dabei, schreiben Sie eine neue Karte und spielen Sie "
        "Ihre Sicherung ein."
    ),
    "data.broken": (
        "Die Datenpartition der Karte lässt sich weder reparieren noch neu anlegen: Das Ladegerät läuft mit "
        "voreingestellten Werten und ohne Zeitplan, und es behält nichts. Die Karte ist verschlissen: Schreiben Sie "
        "eine neue und spielen Sie Ihre Sicherung ein."
    ),
    "data.stopped": (
        "Die Datenpartition der Karte wurde durch einen Fehler angehalten: Neues wird nicht behalten, und Änderungen "
        "werden abgelehnt. Speichern Sie auf der Seite Einstellungen eine Sicherung und schalten Sie das Ladegerät "
        "dann aus und ein; kommt es wieder, schreiben Sie eine neue Karte."
    ),
    "data.mended": (
        "Die Datenpartition der Karte hatte Fehler, die bei diesem Start behoben wurden. Sehen Sie nach, ob "
        "Einstellungen und Zeitplan so sind, wie Sie sie verlassen haben, und speichern Sie eine Sicherung; kommt es "
        "wieder, schreiben Sie eine neue Karte."
    ),
    "data.repaired": (
        "Die Datenpartition der Karte war beschädigt und wurde bei diesem Start repariert: Dateien können fehlen. "
        "Nichts beginnt von selbst, bis Sie wählen. Sehen Sie zuerst nach Einstellungen und Zeitplan, und schreiben "
        "Sie bald eine neue Karte."
    ),
    "data.remade": (
        "Die Datenpartition der Karte war nicht zu reparieren und wurde bei diesem Start neu angelegt: Das Protokoll "
        "ist verloren. {saved:ended} Nichts beginnt von selbst, bis Sie wählen. Schreiben Sie bald eine neue Karte."
    ),
    "data.kept": "Daraus gerettet: {what:joined}",
    "data.kept_nothing": "Daraus war nichts zu retten: Spielen Sie Ihre Sicherung ein",
    "data.settings": "die Einstellungen",
    "data.schedule": "der Zeitplan",
    "data.password": "Passwort und Token",
    "slots.in_force": "Version {version} gilt: Programme und Seite laufen seit diesem Start einwandfrei.",
    "slots.not_started": (
        "Version {other} ist in drei Versuchen nicht gestartet: Das Ladegerät ist zu Version {version} zurückgekehrt, "
        "die wie zuvor arbeitet. Behalten Sie sie, oder spielen Sie eine andere Aktualisierung ein."
    ),
    "slots.unhealthy": (
        "Version {other} wurde aufgegeben, weil ihre Programme oder ihre Seite nicht liefen: Das Ladegerät ist zu "
        "Version {version} zurückgekehrt, die wie zuvor arbeitet. Behalten Sie sie, oder spielen Sie eine andere "
        "Aktualisierung ein."
    ),
    "slots.half_written": (
        "Die Aktualisierung wurde nicht vollständig geschrieben: Das Ladegerät ist zu Version {version} zurückgekehrt, "
        "die wie zuvor arbeitet. Spielen Sie die Aktualisierung noch einmal ein."
    ),
    "slots.no_fallback": (
        "Die Datei uboot.env auf der Karte ist beschädigt: Das Ladegerät startet, kehrt aber nicht selbst zur vorigen "
        "Version zurück, wenn eine Aktualisierung misslingt. Sichern Sie die Einstellungen und beschreiben Sie die "
        "Karte vor der nächsten Aktualisierung neu."
    ),
    "slots.unknown": "(unbekannt)",
    "day.deleted": "Die Summen vom {day} sind gelöscht; das Diagramm behält seine Daten.",
    "day.unknown": "Vom {day} gibt es keine Summen: Die Seite „Protokoll“ führt die Tage auf.",
    "day.bad": "day = {day} ist kein Datum wie 2026-11-22.",
    "day.kept": "Die Summen vom {day} konnten nicht gelöscht werden ({error}): Versuchen Sie es später wieder.",
    "log.damaged": "Das Protokoll ist nicht lesbar ({why}): datalog prüft die ganze Datei",
    # Passwort, Anmeldungen und Token des Betreibers (web/auth_pages.py, web/auth_store.py, programs/web.py).
    "owner.password_paired": (
        "Das Passwort des Betreibers wurde vom Browser {address} nach Bestätigung am Bedienfeld gesetzt"
    ),
    "owner.pairing_asked": (
        "Ein Browser mit der Adresse {address} möchte das Passwort des Betreibers setzen; er wartet auf einen "
        "Tastendruck am Bedienfeld"
    ),
    "owner.pairing_contested": (
        "Zwei Browser wollten das Passwort des Betreibers setzen, {first} und {second}: Keiner darf es. "
        "Halten Sie noch einmal beide Tasten, und öffnen Sie /pair in einem Browser; wenn das wieder geschieht, finden "
        "Sie heraus, wer in Ihrem Netz ist."
    ),
    "owner.pairing_confirmed": (
        "Der Browser wurde am Bedienfeld bestätigt: Er darf das Passwort des Betreibers setzen"
    ),
    "owner.password_news": "Das Passwort des Betreibers: {news:word}",
    "owner.password_left": (
        "v2h.toml enthält noch ein Passwort: Der Schritt beim Hochfahren konnte es nicht übernehmen"
    ),
    "owner.wrong_password": (
        "Falsche Passwörter von {address}: {count}, mit weniger als einer Stunde zwischen je zweien."
    ),
    "owner.no_password": "Niemand kann sich anmelden, bis ein Passwort gesetzt ist: {trouble}",
    "owner.logged_out_for_now": "Ein Browser ist nur vorläufig abgemeldet: {trouble}",
    "owner.password_changed": "Das Passwort des Betreibers wurde vom Browser {address} auf der Seite geändert",
    "owner.session_ended": "Ein Browser wurde auf der Seite abgemeldet",
    "owner.sessions_ended": "Alle Browser wurden auf der Seite abgemeldet",
    "owner.ended_for_now": "Was auf der Seite widerrufen oder abgemeldet wurde, ist nur vorläufig beendet: {trouble}",
    "owner.token_made": "Auf der Seite wurde ein API-Token erzeugt; es darf „{scope}“",
    "owner.token_revoked": "Auf der Seite wurde ein API-Token widerrufen",
    "owner.file_not_written": (
        "{path} kann nicht geschrieben werden ({error}): Bis das gelingt, gilt Widerrufenes nach einem Neustart "
        "wieder, und wer sich seitdem angemeldet hat, ist danach abgemeldet"
    ),
    "owner.file_bad": "{path}: {error}; als {aside} beiseite gelegt",
    # v2h.toml auf der Seite (web/site_edits.py).
    "site.edited": (
        "v2h.toml wurde vom Browser {address} auf der Seite geändert: {changes}. Das wirkt ab dem nächsten Start der "
        "Programme"
    ),
    "site.given_back": (
        "Die Änderungen an [{table}] wurden vom Browser {address} auf der Seite entfernt: Ab dem nächsten Start gilt "
        "die Datei der Karte"
    ),
    "site.card_newer": (
        "{key}: v2h.toml auf der Karte ist neuer als die Änderung auf der Seite. Der Wert der Karte gilt, und die "
        "Änderung {value} wurde verworfen"
    ),
    "site.edit_wrong": "{key}: Die Änderung {value} der Seite wurde verworfen: {why}",
    "site.card_wrong": ("v2h.toml auf der Karte hat einen Fehler, deshalb lässt sich hier nichts ändern: {first}"),
    "site.not_seen": (
        "v2h.toml oder ihre Änderungen sind nicht mehr so wie beim Öffnen dieser Seite. Sehen Sie sich die Werte unten "
        "an, und ändern Sie sie noch einmal"
    ),
    "site.unknown_key": "{key} ist kein Schlüssel der Tabelle {table}, den diese Seite ändern kann",
    "site.no_number": "{key} = {value} ist keine Zahl",
    "site.too_long": "{key} ist länger als {longest} Zeichen",
    "site.unfit": "das lässt sich nicht speichern: {why}",
    "site.not_written": "{path} kann nicht geschrieben werden ({error}), deshalb wurde nichts geändert",
    "site.edits_bad": (
        "Die Änderungen der Seite an v2h.toml werden nicht verwendet, und die Datei der Karte gilt allein: {trouble}"
    ),
    # Was web auf einen Befehl selbst antwortet (web/commands.py, web/rest_requests.py).
    "command.unknown_key": "unbekannter Schlüssel {key} im Befehl „{command}“; bekannt: {known}",
    "command.bad_value": "{key} = {value} geht nicht; erlaubt ist {allowed}",
    "command.missing_key": "der Befehl „{command}“ braucht den Schlüssel „{key}“",
    "command.no_answer": (
        "Keine Antwort in der erlaubten Zeit: Das Programm, das entscheidet, läuft nicht oder ist nicht am Bus"
    ),
    "restore.failed": "{what}: {why}",
    "restore.nothing": "nichts wurde wiederhergestellt",
    "restore.only_settings": "nur die Einstellungen wurden wiederhergestellt",
    # Aktualisierungen der Karte (update/, oneshot/install_update.py).
    "update.bad_name": (
        "{name} ist kein Name einer Aktualisierung: Buchstaben, Ziffern, . _ + und -, und .raucb am Ende"
    ),
    "update.bad_size": (
        "size_b = {size} ist keine ganze Zahl von {least_b} bis {most_b}: Keine Aktualisierung ist so groß"
    ),
    "update.bad_sha256": "sha256 = {sha256} sind keine 64 hexadezimalen Ziffern in Kleinbuchstaben",
    "update.no_room": (
        "Auf der Datenpartition der Karte ist kein Platz: {needed_mb:.0f} MB müssen frei sein, {free_mb:.0f} MB sind "
        "es. Löschen Sie Aufzeichnungen, oder nehmen Sie eine größere Karte"
    ),
    "update.not_writable": (
        "Die Datenpartition lässt sich nicht beschreiben ({error}), deshalb gibt es keinen Platz für eine "
        "Aktualisierung. Starten Sie das Ladegerät neu; wenn das nicht hilft, schreiben Sie die Karte neu"
    ),
    "update.not_stated": (
        "Es wurde keine Aktualisierung angekündigt: Nennen Sie zuerst ihren Namen, ihre Größe und ihre SHA-256"
    ),
    "update.bad_piece": "Das Stück hat {length_b} Bytes; erlaubt sind 1 bis {most_b}",
    "update.bad_offset": (
        "Das Stück ist für die Stelle {offset_b}, und {have_b} Bytes sind da: Setzen Sie bei {have_b} fort"
    ),
    "update.beyond_end": "Das Stück endet bei {end_b}, hinter dem Ende der Datei bei {size_b}",
    "update.other_sha256": (
        "{name} kam mit einer anderen SHA-256 an als angekündigt und wurde gelöscht. Laden Sie die Datei noch einmal "
        "hoch; wenn das nicht hilft, bauen oder holen Sie sie neu"
    ),
    "update.not_whole": "Keine Aktualisierung ist vollständig da. Laden Sie sie zuerst hoch",
    "update.uploading": "{have_mb:.1f} von {size_mb:.1f} MB von {name} sind da",
    "update.uploaded": "{name} ist vollständig da. Installieren Sie die Datei, während das Ladegerät ruht",
    "update.no_card": (
        "Dieser Rechner lässt sich nicht aktualisieren: Er läuft von keiner Karte dieses Projekts mit zwei Plätzen"
    ),
    "update.two_cards": (
        "Zwei Datenträger tragen die Kennung dieser Karte, deshalb könnte die Aktualisierung den falschen treffen. "
        "Entfernen Sie den anderen, oder geben Sie ihm eine andere Kennung"
    ),
    "update.ordered": "{address} hat die Installation von {name} bestellt",
    "update.restart_ordered": "{address} hat einen Neustart bestellt, mit dem die installierte Version gilt",
    "update.charger_silent": (
        "Ob eine Sitzung läuft, ist nicht bekannt, weil charger nicht antwortet. "
        "Versuchen Sie es noch einmal, wenn es antwortet"
    ),
    "update.session_open": (
        "Es läuft eine Sitzung mit dem Auto (Schritt „{state:word}“). Drücken Sie Stopp, und versuchen Sie es noch "
        "einmal, wenn das Ladegerät ruht"
    ),
    "update.installing_already": "Eine Aktualisierung wird schon installiert. Warten Sie, bis sie fertig ist",
    "update.installing": "{name} wird installiert: {pct:.0f} %",
    "update.installed": ("Version {version} ist installiert. Sie gilt, sobald Sie das Ladegerät neu starten"),
    "update.restarting": "Das Ladegerät startet neu. Die Seite ist in ein bis zwei Minuten wieder da",
    "update.nothing_to_start": "Keine Aktualisierung wartet auf einen Neustart",
    "update.not_confirmed": (
        "Version {version} läuft erst seit kurzem, und noch eine Aktualisierung würde die Version davor überschreiben, "
        "von der bekannt ist, dass sie gut läuft. Warten Sie, bis das Protokoll sagt, dass Version {version} gilt "
        "(fünf Minuten), oder kehren Sie vorher zurück"
    ),
    "update.no_way_back": (
        "Der andere Platz enthält keine Version, die gut gelaufen ist. Installieren Sie stattdessen eine Aktualisierung"
    ),
    "update.back_ordered": "{address} hat einen Neustart mit Version {version} aus dem anderen Platz bestellt",
    "update.read": "Sie haben gelesen, warum Version {other} aufgegeben wurde. Die Seite zeigt es nicht mehr",
    "update.nothing_to_read": "Es gibt nichts zu lesen: Keine Version wurde aufgegeben",
    "update.broke_off": (
        "Die Installation brach ab. Die bisherige Version bleibt; starten Sie die Installation noch einmal"
    ),
    "update.other_board": (
        "Die Aktualisierung ist für eine andere Platine. Wählen Sie die Datei für das BeagleBone Green"
    ),
    "update.older": (
        "Die Aktualisierung ist älter als die geltende Version, und eine ältere kann behobene Fehler zurückbringen. "
        "Wählen Sie eine neuere Datei, oder schreiben Sie die Karte neu"
    ),
    "update.foreign": (
        "Die Aktualisierung ist nicht mit einem Schlüssel signiert, den diese Karte kennt. Wählen Sie eine Datei von "
        "dort, woher die Karte kam; die Karte ist unverändert"
    ),
    "update.torn": (
        "Die Datei ist keine vollständige Aktualisierung, vielleicht nur ein Teil davon. Bauen oder holen Sie sie neu"
    ),
    "update.certificate_time": (
        "Das Zertifikat der Signatur gilt zur Uhrzeit des Ladegeräts nicht. Stellen Sie die Uhr, und versuchen Sie es "
        "noch einmal"
    ),
    "update.damaged": (
        "Die Aktualisierung ist beschädigt: Ein Block hat eine andere Prüfsumme, als signiert wurde. Bauen oder holen "
        "Sie sie neu"
    ),
    "update.too_large": (
        "Die Aktualisierung ist größer als ihr Platz. Schreiben Sie die Karte mit einem neuen Abbild neu"
    ),
    "update.rauc": "Die Aktualisierung wurde abgelehnt: {why}",
    "update.development": (
        "Entwicklungsschlüssel: Diese Karte nimmt Aktualisierungen an, die der Rechner signiert hat, auf dem sie "
        "gebaut wurde. Geben Sie eine solche Karte nicht weiter"
    ),
    # Dateien des Betreibers, die sich nicht verwenden lassen (manager/owner_files.py, manager/clock_setter.py).
    "file.wrong": "{file}: {errors}",
    "file.newer_keys": (
        "{file} enthält, was nur eine neuere Version kennt: {keys}. Das wird nicht verwendet und bleibt in der Datei, "
        "bis jene Version wieder gilt"
    ),
    "file.settings_bad": "{error}; stattdessen gelten die Werte der Anlage",
    "file.set_aside": (
        "{file} wurde als {aside} beiseite gelegt, weil manager damit {count} Mal durch einen unbekannten Fehler "
        "endete. Nichts startet, bis Sie eine Betriebsart wählen. Bitte melden Sie das mit der Datei"
    ),
    "file.prices_bad": "{error}; die wöchentlichen Preise gelten, bis wieder Preise gesendet werden",
    "file.schedule_bad": "{error}; der bisherige Zeitplan bleibt",
    "file.stop_bad": "{error}; gilt als angehalten",
    "clock.not_written": (
        "Dass die Uhr richtig geht, konnte nicht auf die Karte geschrieben werden ({error}). "
        "Nach einem Neustart ohne Netzwerk müssen Sie die Uhrzeit vielleicht noch einmal stellen."
    ),
}
