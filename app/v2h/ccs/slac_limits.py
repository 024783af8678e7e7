"""The numbers of the matching (slac.py), each with its source, and the quirks of modems and cars that it bears.

The names TT_ are those of HomePlug GreenPHY and ISO 15118-3; the values are those of the open charger EVerest
(slac.hpp), since we have not read the standards.
"""

from v2h.ccs.homeplug import GROUPS

SET_KEY_S, SET_KEY_TRIES = 0.5, 3
"""Ours: a modem answers within some ms; one that restarts from a key before does not hear the first request."""
LISTEN_S = 40.0
"""TT_EVSE_SLAC_init, 20 to 50 s."""
JOIN_S = 12.0
"""TT_match_join. A car's modem restarts with the new key; cars were seen to speak 4 to 6 s after the match."""
START_S = 10.0
"""Ours, as TT_EVSE_match_session. The nominal TT_match_sequence is 0.4 s; to wait longer costs nothing."""
SOUNDS_S = 0.6
"""TT_EVSE_match_MNBC, from the first announcement or sound. The car waits 1.2 s for the result."""
RESPONSE_S, RESULT_TRIES = 0.2, 3
"""TT_match_response, and the two repetitions that the standard allows."""
MATCH_S = 10.0
"""TT_EVSE_match_session. Cars were seen to choose 7 ms to 0.9 s after their response."""
SOUNDS, TIMEOUT_100MS, RESPONSE_HERE = 10, 6, 1
"""What PARM.CNF asks for: ten sounds within 600 ms, and the result to the car itself."""
MOST_CARS = 4
"""Cars that may be in a step at the same time; one more is not answered until one of them is forgotten."""
ASSUMED_DB = bytes([9] * (GROUPS - 3) + [15, 19, 25])
"""Told to the car when the modem reports no attenuation: the values with which pyPLC's users were matched."""
LEAST_DB = 1
"""A mean of 0 dB is raised to this. A Hyundai Ioniq takes 0 for a defect and stays silent."""
NOT_REQUIRED = 4
"""Result of VALIDATE.CNF: we do not want the car to toggle its pilot."""
MATCH_CNF_LENGTH = 0x56
NO_ID = bytes(17)

QUIRKS = {
    "set_key_failed": "the modem says that it did not take the key; such modems were seen to have taken it",
    "set_key_unanswered": "the modem does not confirm the key; matching goes on, because some modems never confirm",
    "no_attenuation": "the modem reports no attenuation (AR7420 does not); the car gets assumed values",
    "sounds_missing": "not all sounds were heard; the result is the mean of those that were",
    "response_missing": "the car did not confirm our result; it may choose us all the same",
}
"""What modems and cars do otherwise than the standard says, and what follows. The ids are remarks of slac.py."""
