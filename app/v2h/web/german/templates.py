"""The fixed texts of templates, scripts and forms in German: English text -> German text.

A text in a trans block of a template has its values as %(name)s, and then a percent sign as %%.
"""

_HOLD = "Halten Sie beide Tasten des Ladegeräts 5 s lang gedrückt, während es in Ruhe ist"

TEMPLATES: dict[str, str] = {
    # Der Rahmen jeder Seite (base.html, parts.html, pages.py)
    "Now": "Jetzt",
    "Schedule": "Zeitplan",
    "Settings": "Einstellungen",
    "Log": "Protokoll",
    "Health": "Zustand",
    "Skip to the content": "Zum Inhalt springen",
    "Connection:": "Verbindung:",
    "as of loading": "Stand beim Laden",
    "Log in again": "Neu anmelden",
    "Pages": "Seiten",
    "This page needs its script to stay up to date and to send commands. Reload for fresh values.": (
        "Diese Seite braucht ihr Skript, um aktuell zu bleiben und Befehle zu senden. Laden Sie sie für frische Werte "
        "neu."
    ),
    "Log in": "Anmelden",
    "V2H appliance %(version)s · local only, nothing leaves the house": (
        "V2H-Anlage %(version)s · nur lokal, nichts verlässt das Haus"
    ),
    "Account": "Konto",
    "Tokens": "Token",
    "Log out": "Abmelden",
    "This is what it said last; what you change now is not taken.": (
        "Hier steht, was es zuletzt gemeldet hat; was Sie jetzt ändern, wird nicht übernommen."
    ),
    # Der Abschnitt der Aktualisierung (settings.html)
    "Update": "Aktualisierung",
    "Version %(version)s is in force.": "Es gilt die Version %(version)s.",
    "The other slot of the card holds version %(version)s.": (
        "Der andere Platz der Karte enthält die Version %(version)s."
    ),
    "Start the charger again": "Das Ladegerät neu starten",
    "The version in the other slot was given up, as the page says at its top.": (
        "Die Version im anderen Platz wurde aufgegeben, wie die Seite oben sagt."
    ),
    "Go back to version %(version)s": "Zur Version %(version)s zurückkehren",
    "A signed file with .raucb at its end. It is checked, and written into the other slot while the charger rests; settings, schedule and log stay.": (  # noqa: E501
        "Eine signierte Datei mit .raucb am Ende. Sie wird geprüft und in den anderen Platz geschrieben, während das "
        "Ladegerät ruht; Einstellungen, Zeitplan und Protokoll bleiben."
    ),
    "Update to install": "Aktualisierung zum Installieren",
    "Upload and install": "Hochladen und installieren",
    "Upload": "Hochladen",
    # now.html
    "Fault": "Fehler",
    "The plug is still locked: nothing has shown that the cable is empty": (
        "Der Stecker ist noch verriegelt: Nichts hat gezeigt, dass das Kabel spannungsfrei ist"
    ),
    "Up to 500 V can stand on its contacts, and pulling it under voltage can kill. Where the cable is not measured, only a person at the charger can unlock it: wait at least 120 s after the relays opened, make sure that nobody touches the plug, then hold on/off at the charger’s panel for 10 s. A cable that is measured live stays locked whatever you hold.": (  # noqa: E501
        "An seinen Kontakten können bis zu 500 V anliegen, und ihn unter Spannung zu ziehen kann töten. Wo das Kabel "
        "nicht gemessen wird, kann nur eine Person am Ladegerät ihn entriegeln: Warten Sie mindestens 120 s, nachdem "
        "die Relais geöffnet haben, stellen Sie sicher, dass niemand den Stecker berührt, und halten Sie dann Ein/Aus "
        "am Bedienfeld des Ladegeräts 10 s lang. Ein Kabel, an dem Spannung gemessen wird, bleibt verriegelt, was "
        "auch immer Sie halten."
    ),
    "Clear the fault": "Fehler quittieren",
    "Only after the cause is gone.": "Erst, wenn die Ursache beseitigt ist.",
    "The cause is gone": "Die Ursache ist beseitigt",
    "The cause is gone: clear it": "Die Ursache ist beseitigt: quittieren",
    "The configuration has errors": "Die Konfiguration hat Fehler",
    "The appliance stays idle until v2h.toml on the card is right:": (
        "Die Anlage bleibt in Ruhe, bis v2h.toml auf der Karte richtig ist:"
    ),
    "Not in order": "Nicht in Ordnung",
    "First start: 1 step is left": "Erster Start: 1 Schritt ist noch zu tun",
    "First start: %(count)s steps are left": "Erster Start: %(count)s Schritte sind noch zu tun",
    "Car battery": "Autobatterie",
    "Charging session, step by step": "Sitzung, Schritt für Schritt",
    "Session:": "Sitzung:",
    "Power": "Leistung",
    "Span of the chart": "Zeitraum des Diagramms",
    "24 hours": "24 Stunden",
    "7 days": "7 Tage",
    "Grid, plus is import": "Netz, plus ist Bezug",
    "Car, plus is charging": "Auto, plus ist Laden",
    "Battery %": "Batterie %",
    # plan.html
    "The plan is off: this is what it would do.": "Der Plan ist aus: So würde er handeln.",
    "Expected for the next hours below, wear and what is left in the battery counted.": (
        "Erwartet für die Stunden unten, Verschleiß und der Rest in der Batterie eingerechnet."
    ),
    "What it saved": "Was er gespart hat",
    "The measured day beside a simulated one without a plan, with the same load and the same prices: an estimate.": (
        "Der gemessene Tag neben einem simulierten ohne Plan, mit demselben Verbrauch und denselben Preisen: eine "
        "Schätzung."
    ),
    "Import price": "Bezugspreis",
    "(dashed: not known yet)": "(gestrichelt: noch nicht bekannt)",
    "The chart is loading.": "Das Diagramm wird geladen.",
    "Today": "Heute",
    "All days": "Alle Tage",
    "What should it do?": "Was soll es tun?",
    "The schedule waits until you choose a mode or let it go on.": (
        "Der Zeitplan wartet, bis Sie eine Betriebsart wählen oder ihn fortsetzen."
    ),
    "Energy and money": "Energie und Geld",
    "Days, months or years": "Tage, Monate oder Jahre",
    "Months": "Monate",
    "Years": "Jahre",
    "Time": "Zeit",
    "Efficiency": "Wirkungsgrad",
    "Cost of charging": "Ladekosten",
    "Sessions": "Ladevorgänge",
    "Began": "Beginn",
    "Lasted": "Dauer",
    "Into the car": "Ins Auto",
    "Out of the car": "Aus dem Auto",
    "Why it ended": "Grund des Endes",
    "No session has been counted yet.": "Es ist noch kein Ladevorgang gezählt.",
    "Energy and money as CSV": "Energie und Geld als CSV",
    "the rows of the table above, and older ones": "die Zeilen der Tabelle oben und ältere",
    "The sessions as CSV": "Die Ladevorgänge als CSV",
    "when, energy, money, and why each ended": "Zeit, Energie, Geld und Grund des Endes",
    "Or once, on": "Oder einmalig am",
    "Trips from a calendar": "Fahrten aus einem Kalender",
    "Each event with a time is a departure at its beginning. “80 %” in its title is the state of charge.": (
        "Jeder Termin mit Uhrzeit ist eine Abfahrt zu seinem Beginn. „80 %“ im Titel ist der Ladestand."
    ),
    "Calendar file (.ics)": "Kalenderdatei (.ics)",
    "% where an event names none": "% für Termine ohne Angabe",
    "Load the calendar": "Kalender laden",
    "Let the schedule go on": "Zeitplan fortsetzen",
    "Modes": "Betriebsarten",
    "current to zero, contactors open, plug unlocked": "Strom auf null, Schütze offen, Stecker entriegelt",
    "cover the house, both ways": "Haus versorgen, in beide Richtungen",
    "Solar": "Solar",
    "Cover": "Versorgen",
    "cover the house, sell the sun": "das Haus versorgen, Sonne verkaufen",
    "Price at most": "Preis höchstens",
    "charge from surplus only": "nur mit Überschuss laden",
    "Charge": "Laden",
    "up to": "bis",
    "Discharge": "Entladen",
    "down to": "bis",
    "with": "mit",
    "%(mode)s with amps": "%(mode)s mit Ampere",
    "%(mode)s %(note)s percent": "%(mode)s %(note)s Prozent",
    "Until": "Bis",
    "leave empty to hold it until you or the schedule change it": (
        "leer lassen: gilt, bis Sie oder der Zeitplan es ändern"
    ),
    "Next": "Danach",
    "Lately": "Zuletzt",
    "Nothing since this page’s program started.": "Nichts, seit das Programm dieser Seite gestartet ist.",
    # log.html
    "log": "Protokoll",
    "Fault.": "Fehler.",
    "Warning.": "Warnung.",
    "Which events": "Welche Ereignisse",
    "No events.": "Keine Ereignisse.",
    "Older events": "Ältere Ereignisse",
    "Days": "Tage",
    "Day": "Tag",
    "Delete a day": "Einen Tag löschen",
    "Delete the totals of a day": "Die Summen eines Tages löschen",
    "For a day in which a meter was wrong. Its totals cannot be brought back.": (
        "Für einen Tag, an dem ein Zähler falsch war. Seine Summen lassen sich nicht wiederherstellen."
    ),
    "Delete its totals": "Seine Summen löschen",
    "Saved": "Gespart",
    "No day has been counted yet.": "Noch kein Tag ist gezählt.",
    "Files": "Dateien",
    "The log as CSV": "Das Protokoll als CSV",
    "for a spreadsheet": "für eine Tabellenkalkulation",
    "The last day as CSV": "Der letzte Tag als CSV",
    "powers and charge, a row a minute": "Leistungen und Ladestand, eine Zeile je Minute",
    "The last 30 days as CSV": "Die letzten 30 Tage als CSV",
    "the same, a row every 15 minutes": "dasselbe, eine Zeile alle 15 Minuten",
    "The whole database": "Die ganze Datenbank",
    "SQLite, up to an hour old": "SQLite, bis zu einer Stunde alt",
    "what a CCS car and the charger said; <code>v2h replay</code> and Wireshark read it": (
        "was ein CCS-Auto und die Ladestation gesagt haben; <code>v2h replay</code> und Wireshark lesen es"
    ),
    "the last minutes of both CAN buses; <code>v2h replay</code> reads it": (
        "die letzten Minuten beider CAN-Busse; <code>v2h replay</code> liest sie"
    ),
    "After a fault the last ten minutes of both CAN buses are kept here.": (
        "Nach einem Fehler werden hier die letzten zehn Minuten beider CAN-Busse aufgehoben."
    ),
    "Keep the CAN buses": "CAN-Busse aufheben",
    "Keep the last ten minutes of both buses": "Die letzten zehn Minuten beider Busse aufheben",
    # health.html
    "health": "Zustand",
    "Numbers": "Werte",
    "Its capacity": "Ihre Kapazität",
    "Power, plus is charging": "Leistung, plus ist Laden",
    "Voltage": "Spannung",
    "Current": "Strom",
    "Asked for": "Sollwert",
    "Session accepts": "Zugelassen",
    "Cable voltage": "Kabelspannung",
    "Converter": "Wandler",
    "Grid reading": "Wert des Netzzählers",
    "Starts in the last hour": "Starts in der letzten Stunde",
    "The log is written": "Das Protokoll wird geschrieben",
    "Free on the card": "Frei auf der Karte",
    "Software": "Software",
    "Meter and matching": "Zähler und Regelung",
    "Nothing measured yet: the figures come once the house is being matched.": (
        "Noch nichts gemessen: Die Werte kommen, sobald das Haus versorgt wird."
    ),
    "Age of the data": "Alter der Daten",
    "What is verified": "Was geprüft ist",
    "The charger has not said what it verifies.": "Das Ladegerät hat nicht gemeldet, was es prüft.",
    "Verified: measured in this session. Assumed: nothing contradicts it, nothing measures it. Not fitted: this charger has no part for it.": (  # noqa: E501
        "Geprüft: in dieser Sitzung gemessen. Angenommen: Nichts widerspricht, nichts misst es. Nicht vorhanden: "
        "Dieses Ladegerät hat kein Bauteil dafür."
    ),
    "Relays and plug": "Relais und Stecker",
    "Programs": "Programme",
    # settings.html, forms.py
    "settings": "Einstellungen",
    "The kept settings are not used: %(error)s": "Die gespeicherten Einstellungen werden nicht verwendet: %(error)s",
    "The manager has not told its settings yet. Reload when it runs.": (
        "Das Programm manager hat seine Einstellungen noch nicht gemeldet. Laden Sie die Seite neu, wenn es läuft."
    ),
    "%(low)s to %(high)s": "%(low)s bis %(high)s",
    "Save the settings": "Einstellungen speichern",
    "Clock": "Uhr",
    'On the appliance it is <b data-t="clock.local">%(time)s</b>.': (
        'Auf der Anlage ist es <b data-t="clock.local">%(time)s</b>.'
    ),
    "Set the clock": "Uhr stellen",
    "Use this device’s time": "Uhrzeit dieses Geräts verwenden",
    "Backup": "Sicherung",
    "Settings and schedule in one file; no password and no token is in it.": (
        "Einstellungen und Zeitplan in einer Datei; kein Passwort und kein Token ist darin."
    ),
    "Save a backup": "Sicherung speichern",
    "Restore": "Wiederherstellen",
    "Backup to restore": "Sicherung zum Wiederherstellen",
    "Restore it": "Wiederherstellen",
    "Installation": "Installation",
    'What the installation allows, the meters and the cable are in <code>v2h.toml</code>: <a href="/site">see and change it</a>. The <a href="/start">steps of the first start</a> say what is still to do.': (  # noqa: E501
        "Was die Installation erlaubt, die Zähler und das Kabel stehen in <code>v2h.toml</code>: <a "
        'href="/site">ansehen und ändern</a>. Die <a href="/start">Schritte des ersten Starts</a> sagen, was noch zu '
        "tun ist."
    ),
    "Who may change things": "Wer etwas ändern darf",
    'You are logged in. <a href="/tokens">Tokens for other programs</a>': (
        'Sie sind angemeldet. <a href="/tokens">Token für andere Programme</a>'
    ),
    'Everyone on this network may look, unless v2h.toml says otherwise; changes need the password. It is set in the two minutes after both buttons were held for 5 seconds, on the page <a href="/pair">Pair</a>.': (  # noqa: E501
        "Jeder in diesem Netzwerk darf lesen, wenn v2h.toml nichts anderes sagt; Änderungen brauchen das Passwort. Es "
        "wird in den zwei Minuten gesetzt, nachdem beide Tasten 5 Sekunden lang gehalten wurden, auf der Seite "
        '<a href="/pair">Koppeln</a>.'
    ),
    "Battery": "Batterie",
    "Currents": "Ströme",
    "Grid": "Netz",
    "Session": "Sitzung",
    "Region": "Region",
    "More": "Weiteres",
    "Discharge down to": "Entladen bis",
    "The floor, in every mode": "Die untere Grenze, in jeder Betriebsart",
    "Charge up to": "Laden bis",
    "V2H and Solar stop here": "V2H und Solar hören hier auf",
    "Reserve": "Reserve",
    "V2H leaves this much for driving; a discharge that you ask for may go below it, down to the floor": (
        "So viel lässt V2H zum Fahren; eine von Ihnen befohlene Entladung darf darunter gehen, bis zur unteren Grenze"
    ),
    "Charge with at most": "Laden mit höchstens",
    "Discharge with at most": "Entladen mit höchstens",
    "Current at the battery": "Strom an der Batterie",
    "Grid target": "Zielwert am Netz",
    "What V2H holds the grid at; plus is import": "Worauf V2H die Netzleistung hält; plus ist Bezug",
    "Export at most": "Höchstens einspeisen",
    "Empty: no limit. 0: never export": "Leer: ohne Grenze. 0: nie einspeisen",
    "Main fuse": "Hauptsicherung",
    "Of each phase; charging steps back before it; empty: not guarded": (
        "Je Phase; das Laden wird vorher gedrosselt; leer: nicht überwacht"
    ),
    "End an idle session after": "Untätigen Ladevorgang beenden nach",
    "It starts again by itself when there is something to do": (
        "Er startet von selbst wieder, wenn es etwas zu tun gibt"
    ),
    "Spare the car’s battery above": "Autobatterie schonen ab",
    "Above this load the car does not discharge: other cars charging": (
        "Über dieser Last entlädt das Auto nicht: andere Autos laden"
    ),
    "Soft start": "Sanftanlauf",
    "From nothing to full current, in charge and discharge": "Von null auf vollen Strom, beim Laden und Entladen",
    "Time zone": "Zeitzone",
    "By name, as Europe/London": "Mit Namen, wie Europe/Berlin",
    "Plan": "Plan",
    "Plan by prices": "Nach Preisen planen",
    "Fills the time that the schedule leaves open, so that the energy costs least": (
        "Füllt die Zeit, die der Zeitplan offen lässt, so dass die Energie am wenigsten kostet"
    ),
    "Wear of the battery": "Verschleiß der Batterie",
    "What each kWh out of the battery costs in wear; the plan discharges only for more": (
        "Was jede kWh aus der Batterie an Verschleiß kostet; der Plan entlädt nur für mehr"
    ),
    "Currency": "Währung",
    "Shown with prices and savings": "Steht bei Preisen und Ersparnis",
    # schedule.html, forms.py
    "schedule": "Zeitplan",
    "Remove this entry": "Diesen Eintrag entfernen",
    "The next seven days": "Die nächsten sieben Tage",
    "The file is not used: %(error)s": "Die Datei wird nicht verwendet: %(error)s",
    "Idle": "Ruhe",
    "Over, or not planned yet": "Vorbei oder noch nicht geplant",
    "As a list, with reasons": "Als Liste, mit Gründen",
    "Nothing planned: add a time below.": "Nichts geplant: Fügen Sie unten eine Zeit hinzu.",
    "The manager has not told its schedule yet.": "Das Programm manager hat seinen Zeitplan noch nicht gemeldet.",
    "Edit": "Bearbeiten",
    "When nothing below applies": "Wenn nichts davon gilt",
    "Save the schedule": "Zeitplan speichern",
    "From": "Von",
    "To": "Bis",
    "Mode": "Betriebsart",
    "Amps": "Ampere",
    "To %": "Bis %",
    "Name": "Name",
    "Ready by": "Abfahrt um",
    "With %": "Mit %",
    "Import, a kWh": "Bezug, je kWh",
    "Export, a kWh": "Einspeisung, je kWh",
    "Mon": "Mo",
    "Tue": "Di",
    "Wed": "Mi",
    "Thu": "Do",
    "Fri": "Fr",
    "Sat": "Sa",
    "Sun": "So",
    # site.html
    "Change [%(table)s], a meter of kind %(kind)s": "[%(table)s] ändern, ein Zähler der Art %(kind)s",
    "Change [%(table)s]": "[%(table)s] ändern",
    "Keep for the next start": "Für den nächsten Start behalten",
    "Remove the edits of [%(table)s]": "Die Änderungen an [%(table)s] entfernen",
    "Not changed: %(error)s": "Nicht geändert: %(error)s",
    "The page’s edits are not used, and the card’s file holds alone: %(trouble)s.": (
        "Die Änderungen der Seite werden nicht verwendet, und die Datei der Karte gilt allein: %(trouble)s."
    ),
    "The card’s file has errors. The charger stays idle, and no edit of the page is used, until the file is right:": (
        "Die Datei der Karte hat Fehler. Das Ladegerät bleibt in Ruhe, und keine Änderung der Seite wird verwendet, "
        "bis die Datei richtig ist:"
    ),
    "What the installation allows, and how it is wired. The file is on the card, and this page does not write to it: an edit is kept beside it and holds over it, key by key. When you change a key in the card’s file later, the card’s value holds again.": (  # noqa: E501
        "Was die Installation erlaubt, und wie sie verdrahtet ist. Die Datei liegt auf der Karte, und diese Seite "
        "schreibt nicht hinein: Eine Änderung wird daneben aufgehoben und hat Vorrang, Schlüssel für Schlüssel. Wenn "
        "Sie später einen Schlüssel in der Datei der Karte ändern, gilt wieder der Wert der Karte."
    ),
    "<b>An edit takes effect at the next start of the programs.</b> To start them now, with no session running: <code>ssh root@v2h.local reboot</code>. A new card does not have the edits: before an update, write them into its <code>v2h.toml</code>.": (  # noqa: E501
        "<b>Eine Änderung wirkt ab dem nächsten Start der Programme.</b> Um sie jetzt zu starten, ohne laufende "
        "Sitzung: <code>ssh root@v2h.local reboot</code>. Eine neue Karte hat die Änderungen nicht: Schreiben Sie "
        "sie vor einer Aktualisierung in deren <code>v2h.toml</code>."
    ),
    "Values that wait for the next start are marked below.": (
        "Werte, die auf den nächsten Start warten, sind unten gekennzeichnet."
    ),
    "Dropped at a start": "Bei einem Start verworfen",
    "I have read this": "Ich habe das gelesen",
    "Keys of [%(table)s]": "Schlüssel von [%(table)s]",
    "Key": "Schlüssel",
    "On the card": "Auf der Karte",
    "Edited here": "Hier geändert",
    "In force": "In Kraft",
    "Default": "Vorgabe",
    "counts until you choose a time zone in Settings": "gilt, bis Sie in den Einstellungen eine Zeitzone wählen",
    "<b>not used: %(note)s</b>": "<b>nicht verwendet: %(note)s</b>",
    "<b>%(value)s at the next start</b>": "<b>%(value)s ab dem nächsten Start</b>",
    "Shown only: this table can be changed only in the file on the card.": (
        "Nur zur Ansicht: Diese Tabelle lässt sich nur in der Datei auf der Karte ändern."
    ),
    "Another kind of meter": "Eine andere Art von Zähler",
    "The keys of a meter depend on its kind. Choose one to see its form above. A meter that needs a password is described in the card’s file.": (  # noqa: E501
        "Die Schlüssel eines Zählers hängen von seiner Art ab. Wählen Sie eine, um oben ihr Formular zu sehen. Ein "
        "Zähler, der ein Passwort braucht, wird in der Datei der Karte beschrieben."
    ),
    "as now": "wie jetzt",
    "Show the keys": "Schlüssel anzeigen",
    "“In force” is what the page’s program read when it started; the others read the same files when they start. Passwords are never shown.": (  # noqa: E501
        "„In Kraft“ ist, was das Programm der Seite bei seinem Start gelesen hat; die anderen lesen bei ihrem Start "
        "dieselben Dateien. Passwörter werden nie gezeigt."
    ),
    # start.html
    "first start": "erster Start",
    "First start": "Erster Start",
    "Not done: %(error)s": "Nicht ausgeführt: %(error)s",
    "%(done)s of %(all)s steps are done. Do them without a car. Nothing here closes a relay or raises a voltage.": (
        "%(done)s von %(all)s Schritten sind erledigt. Führen Sie sie ohne Auto aus. Nichts hier schließt ein Relais "
        "oder erzeugt eine Spannung."
    ),
    "Do not show this on Now any more": "Auf „Jetzt“ nicht mehr zeigen",
    'Hold both buttons of the charger for 5 s while it is idle, then open <a href="/pair">Pair</a> within two minutes.': (  # noqa: E501
        f'{_HOLD}, und öffnen Sie dann innerhalb von zwei Minuten <a href="/pair">Koppeln</a>.'
    ),
    '<a href="/login">Log in</a> to go on.': '<a href="/login">Melden Sie sich an</a>, um weiterzumachen.',
    "Next come the checks at the bench and the first charge: the pages docs/bench.md and docs/install.md.": (
        "Als Nächstes kommen die Prüfungen an der Werkbank und die erste Ladung: die Seiten docs/bench.md und "
        "docs/install.md (englisch)."
    ),
    "Time zone, as Europe/London": "Zeitzone, wie Europe/Berlin",
    "Set the time zone": "Zeitzone setzen",
    'Grid, plus is import: <b data-t="grid">%(power)s</b>, <span data-t="grid_age">%(age)s</span>.': (
        'Netz, plus ist Bezug: <b data-t="grid">%(power)s</b>, <span data-t="grid_age">%(age)s</span>.'
    ),
    'Cable voltage now: <b data-t="cable">%(voltage)s</b>. How to find the scale: the chapter “The cable’s voltage” of docs/install.md.': (  # noqa: E501
        'Kabelspannung jetzt: <b data-t="cable">%(voltage)s</b>. Wie Sie die Skalierung finden: Kapitel <span '
        'lang="en">“The '
        "cable’s voltage”</span> von docs/install.md (englisch)."
    ),
    "Main fuse, A for each phase": "Hauptsicherung, A je Phase",
    "Export at most, W; 0: never export": "Höchstens einspeisen, W; 0: nie einspeisen",
    "Set the limits": "Grenzen setzen",
    "It reads programs, chips, CAN, outputs, K, converter, ADC and panel, and switches nothing. The converter is off between sessions, so “not tested” is right for it.": (  # noqa: E501
        "Sie liest Programme, Chips, CAN, Ausgänge, K, Wandler, ADC und Bedienfeld und schaltet nichts. Der Wandler "
        "ist zwischen Sitzungen aus, deshalb ist „nicht geprüft“ bei ihm richtig."
    ),
    "ok": "in Ordnung",
    "failed": "nicht in Ordnung",
    "not tested": "nicht geprüft",
    "Results of the check": "Ergebnisse der Prüfung",
    "Part": "Teil",
    "Result": "Ergebnis",
    "Found": "Gefunden",
    "As root on the board, <code>v2h selftest</code> also reads the panel’s chip and the whole log.": (
        "Als root auf der Platine liest <code>v2h selftest</code> auch den Chip des Bedienfelds und das ganze "
        "Protokoll."
    ),
    "Check now": "Jetzt prüfen",
    "Change [%(table)s] of v2h.toml, for the next start": "[%(table)s] in v2h.toml ändern, für den nächsten Start",
    'A change of v2h.toml takes effect at the next start of the programs. To start them now, with no session running: <code>ssh root@v2h.local reboot</code>. All keys are on the page <a href="/site">v2h.toml</a>.': (  # noqa: E501
        "Eine Änderung von v2h.toml wirkt ab dem nächsten Start der Programme. Um sie jetzt zu starten, ohne laufende "
        "Sitzung: <code>ssh root@v2h.local reboot</code>. Alle Schlüssel stehen auf der Seite "
        '<a href="/site">v2h.toml</a>.'
    ),
    # login.html, logout.html, pair.html
    "log in": "Anmeldung",
    "log out": "Abmeldung",
    "pair": "Koppeln",
    "Not logged in: %(error)s": "Nicht angemeldet: %(error)s",
    "Pair this browser": "Diesen Browser koppeln",
    "Password": "Passwort",
    'Forgotten? Hold both buttons of the charger for 5 s while it is idle, then <a href="/pair">pair this browser</a> and set a new one.': (  # noqa: E501
        f'Vergessen? {_HOLD}, <a href="/pair">koppeln Sie dann diesen Browser</a>, und setzen Sie ein neues.'
    ),
    "This page speaks plain HTTP: anyone who can listen on your network can read the password on its way. Use one that you use nowhere else, and a network that you trust.": (  # noqa: E501
        "Diese Seite spricht unverschlüsseltes HTTP: Wer in Ihrem Netzwerk mithören kann, kann das Passwort unterwegs "
        "lesen. Verwenden Sie eines, das Sie nirgends sonst verwenden, und ein Netzwerk, dem Sie vertrauen."
    ),
    "This browser can then only look. Other browsers and the API tokens stay as they are.": (
        "Dieser Browser kann danach nur noch lesen. Andere Browser und die API-Token bleiben, wie sie sind."
    ),
    "Set the owner’s password": "Passwort des Betreibers setzen",
    "Not set: %(error)s": "Nicht gesetzt: %(error)s",
    'The pairing window is closed. Hold both buttons of the charger for 5 s while it is idle, until the logo blinks, then <a href="/pair">open this page again</a> within two minutes.': (  # noqa: E501
        f"Die Kopplung ist nicht offen. {_HOLD}, bis das Logo blinkt, und "
        '<a href="/pair">öffnen Sie diese Seite dann wieder</a>, innerhalb von zwei Minuten.'
    ),
    'The pairing window is open, but another site sent this browser here, or it keeps no cookies. If you stand at the charger: <a href="/pair">Set the password from this browser</a>.': (  # noqa: E501
        "Die Kopplung ist offen, aber eine andere Seite hat diesen Browser hierher geschickt, oder er behält keine "
        "Cookies. "
        'Wenn Sie am Ladegerät stehen: <a href="/pair">Passwort von diesem Browser aus setzen</a>.'
    ),
    "<strong>Now press on/off at the charger, shortly.</strong> Its logo blinks fast while it waits for that press. The press starts nothing; it only shows that you are at the charger.": (  # noqa: E501
        "<strong>Drücken Sie jetzt kurz Ein/Aus am Ladegerät.</strong> Sein Logo blinkt schnell, während es auf diesen "
        "Tastendruck wartet. Der Tastendruck startet nichts; er zeigt nur, dass Sie am Ladegerät sind."
    ),
    'Press only while this page asks for it. Then this page goes on by itself; if it does not: <a class="button" href="/pair">I have pressed it</a>': (  # noqa: E501
        "Drücken Sie nur, während diese Seite darum bittet. Dann geht diese Seite von selbst weiter; wenn nicht: "
        '<a class="button" href="/pair">Ich habe gedrückt</a>'
    ),
    "Two browsers asked to set the password, so neither may. The log says from which addresses.": (
        "Zwei Browser wollten das Passwort setzen, deshalb darf es keiner. Das Protokoll nennt ihre Adressen."
    ),
    "Hold both buttons of the charger again for 5 s, then open this page in one browser only. If it happens again, somebody else on your network asks as well: find out who, or take the charger off that network first.": (  # noqa: E501
        "Halten Sie noch einmal beide Tasten des Ladegeräts 5 s lang gedrückt, und öffnen Sie diese Seite dann in nur "
        "einem Browser. Wenn das wieder geschieht, fragt noch jemand in Ihrem Netzwerk an: Finden Sie heraus, wer, "
        "oder trennen Sie das Ladegerät zuerst von diesem Netzwerk."
    ),
    '<a href="/pair">Open this page again</a> to see what is missing.': (
        '<a href="/pair">Öffnen Sie diese Seite wieder</a>, um zu sehen, was fehlt.'
    ),
    "Confirmed at the charger. The window is yours for %(left_s)s s more. A new password logs every browser out and revokes every API token.": (  # noqa: E501
        "Am Ladegerät bestätigt. Sie haben noch %(left_s)s s Zeit. Ein neues Passwort meldet jeden Browser ab und "
        "widerruft jedes API-Token."
    ),
    "New password, 10 characters or more": "Neues Passwort, 10 Zeichen oder mehr",
    "Once more": "Noch einmal",
    "Set it": "Setzen",
    # tokens.html, account.html
    "API tokens": "API-Token",
    "A token lets a program do what you allow it here: the <code>v2h</code> command on a PC, or your home automation. A new password revokes them all.": (  # noqa: E501
        "Mit einem Token darf ein Programm tun, was Sie ihm hier erlauben: der Befehl <code>v2h</code> auf einem PC "
        "oder Ihre Hausautomation. Ein neues Passwort widerruft alle."
    ),
    "Not made: %(error)s": "Nicht erzeugt: %(error)s",
    "Copy it now, it is not shown again:": "Kopieren Sie es jetzt, es wird nicht wieder gezeigt:",
    "What is it for?": "Wofür ist es?",
    "What may it do?": "Was darf es?",
    "No token unlocks the plug.": "Kein Token entriegelt den Stecker.",
    "Make a token": "Token erzeugen",
    "In use": "In Gebrauch",
    "made %(made)s · last used %(used)s": "erzeugt %(made)s · zuletzt verwendet: %(used)s",
    "never": "nie",
    "Revoke %(name)s": "%(name)s widerrufen",
    "Revoke": "Widerrufen",
    "Revoke %(name)s now": "%(name)s jetzt widerrufen",
    "What uses it stops working at once, and it cannot be brought back.": (
        "Was es verwendet, funktioniert sofort nicht mehr, und es lässt sich nicht zurückholen."
    ),
    "account": "Konto",
    "Browsers that are logged in": "Angemeldete Browser",
    "unknown address": "unbekannte Adresse",
    "(this browser)": "(dieser Browser)",
    "since %(since)s · last used %(used)s": "seit %(since)s · zuletzt verwendet: %(used)s",
    "Log out %(name)s, since %(since)s": "%(name)s abmelden, angemeldet seit %(since)s",
    "Log out everywhere": "Überall abmelden",
    "A browser is logged out by itself 30 days after it logged in.": (
        "Ein Browser wird 30 Tage nach seiner Anmeldung von selbst abgemeldet."
    ),
    "Change the password": "Passwort ändern",
    "A new password logs every other browser out and revokes every API token.": (
        "Ein neues Passwort meldet jeden anderen Browser ab und widerruft jedes API-Token."
    ),
    "Old password": "Altes Passwort",
    "Change it": "Ändern",
    # refused.html, foreign.html
    "refused": "abgewiesen",
    "That did not work": "Das hat nicht funktioniert",
    "Back": "Zurück",
    "Not known by this name": "Unter diesem Namen nicht bekannt",
}

SCRIPTS: dict[str, str] = {
    # page.js
    "live": "aktuell",
    "live, every 2 s": "aktuell, alle 2 s",
    "logged out": "abgemeldet",
    "Sending …": "Wird gesendet …",
    "no connection since {time}": "keine Verbindung seit {time}",
    # update.js
    "Checking the file …": "Die Datei wird geprüft …",
    "{error} Press the button again to go on with the upload.": (
        "{error} Drücken Sie den Knopf noch einmal, um das Hochladen fortzusetzen."
    ),
    # edit.js
    "Nothing was changed.": "Nichts wurde geändert.",
    "This file cannot be read: {error}": "Diese Datei ist nicht lesbar: {error}",
    # chart.js
    "The charting library is not installed on the appliance.": (
        "Die Bibliothek für Diagramme ist auf der Anlage nicht installiert."
    ),
    "Nothing is logged for this time.": "Für diese Zeit ist nichts protokolliert.",
    "Grid between {low} and {high}, means over {minutes} minutes.": (
        "Netz zwischen {low} und {high}, Mittelwerte über {minutes} Minuten."
    ),
    "No chart: {error}": "Kein Diagramm: {error}",
    "Grid": "Netz",
    "Car": "Auto",
    "Battery": "Batterie",
}
