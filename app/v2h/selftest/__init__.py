"""The check of a board without a car, for the command `v2h selftest` and for the page.

It reads and switches nothing. card.py and modem.py judge one part each from files; checks.py has the table of all."""
