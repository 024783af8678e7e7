"""The card's two roots: which one starts next, which one runs, what is known of each, and when a start counts as good.

mbr.py, health.py and notice.py are pure; the others read and write files.
"""
