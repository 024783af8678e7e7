"""German as a language of v2h.bus.sentences: its texts, the words that travel as values, moments, and the comma."""

import re

from v2h.bus.sentences import Language
from v2h.web.german.faults import FAULTS
from v2h.web.german.page import PAGE_TEXTS
from v2h.web.german.programs import PROGRAM_TEXTS
from v2h.web.german.selftest import SELFTEST_TEXTS
from v2h.web.german.session import SESSION_TEXTS
from v2h.web.german.templates import TEMPLATES

MODES = {
    "idle": "Ruhe",
    "v2h": "V2H",
    "solar": "Solar",
    "cover": "Versorgen",
    "charge": "Laden",
    "discharge": "Entladen",
}
STATES = {
    "wake": "Wecken",
    "handshake": "Abstimmen",
    "converter": "Wandler",
    "lock": "Verriegeln",
    "insulation test": "Isolationsprüfung",
    "calibration": "Kalibrierung",
    "bleed": "Kabel entladen",
    "test done": "Prüfung beendet",
    "contactor check": "Schützprüfung",
    "car contactors": "Schütze des Autos",
    "voltage match": "Spannung angleichen",
    "ready": "Bereit",
    "energy": "Energie",
    "stop": "Stopp",
    "welding check": "Verschweißprüfung",
    "car releases": "Auto gibt frei",
    "car opens": "Auto öffnet",
    "open": "Öffnen",
    "d2 off": "d2 aus",
    "unlock": "Entriegeln",
    "farewell": "Verabschieden",
    "make-safe": "Sicherer Zustand",
    "fault": "Fehler",
}
COMMANDS = {
    "mode": "Betriebsart",
    "stop": "Stopp",
    "resume": "Zeitplan weiter",
    "settings": "Einstellungen",
    "schedule": "Zeitplan",
    "prices": "Preise",
    "clock": "Uhr",
    "slot": "Angekündigte Zeit",
    "setpoint": "Leistungsvorgabe",
    "plan": "Plan",
    "clear-fault": "Fehler quittieren",
    "capture": "Aufzeichnung",
    "calibrate": "Kalibrieren",
    "delete-day": "Tag löschen",
}
OTHERS = {
    # Prüfungen einer Sitzung
    "verified": "geprüft",
    "by the converter": "mit dem Wandler kalibriert",
    "assumed": "angenommen",
    "not fitted": "nicht vorhanden",
    "not measured": "nicht gemessen",
    # Zähler, ihre Rollen und ihr Zustand
    "grid": "Netz",
    "solar": "Solar",
    "charger": "Ladegerät",
    "good": "gut",
    "slow": "langsam",
    "on-change": "bei Änderung",
    "waiting": "wartet",
    "silent": "schweigt",
    "frozen": "eingefroren",
    # Preise
    "import": "Bezug",
    "export": "Einspeisung",
    "sun": "Sonne",
    # angekündigte Zeiten, und wer etwas befohlen hat
    "hold": "nicht entladen",
    "none": "keine",
    "set by v2h.toml on the card": "durch v2h.toml auf der Karte gesetzt",
    "web": "Seite",
    "panel": "Bedienfeld",
    "car": "Auto",
}
DAYS = {"Mon": "Mo", "Tue": "Di", "Wed": "Mi", "Thu": "Do", "Fri": "Fr", "Sat": "Sa", "Sun": "So"}
MONTHS = {
    **{"Jan": "Jan.", "Feb": "Feb.", "Mar": "März", "Apr": "April", "May": "Mai", "Jun": "Juni", "Jul": "Juli"},
    **{"Aug": "Aug.", "Sep": "Sept.", "Oct": "Okt.", "Nov": "Nov.", "Dec": "Dez."},
}
_DAY = re.compile(rf"\b({'|'.join(DAYS)})\b")
_DATE = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)})\b")


def when(moment: str) -> str:
    """'Tue 18:30' -> 'Di 18:30', 'Sun 24 Nov' -> 'So 24. Nov.'. Anything else stays as it is."""
    dated = _DATE.sub(lambda found: f"{found[1]}. {MONTHS[found[2]]}", moment)
    return _DAY.sub(lambda found: DAYS[found[1]], dated)


_FAULT_TEXTS = {f"fault.{name}": what for name, (what, _) in FAULTS.items()} | {
    f"fault.{name}.do": do for name, (_, do) in FAULTS.items()
}
GERMAN = Language(
    "de",
    PROGRAM_TEXTS | SESSION_TEXTS | PAGE_TEXTS | SELFTEST_TEXTS | _FAULT_TEXTS,
    TEMPLATES | COMMANDS | STATES | OTHERS | MODES,
    when,
    ",",
    ("„", "“"),
)
