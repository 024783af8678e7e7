"""The message bus: every topic and message (messages), the MQTT client, and paho imported only when it is used.

May import: no other room. Used by: all programs, and by the rooms that decide on messages (energy, panel, web).
"""
