"""Queues, agents, skills, offers and the matching of waiting contacts with idle agents.

Pure: no clock, no dice, no I/O. Time comes in as integer milliseconds, decisions go out as events.
"""
