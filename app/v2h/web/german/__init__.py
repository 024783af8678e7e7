"""German: the one home of every German word of the page. Other programs, the API, the command line and the log speak
English; a sentence has its German text by the id that travels with it.

tests/unit/web/test_german.py fails for an id, a fault, a template, a script or a setting without words here.
"""
