"""Cases, process teams, calendars and due times: what happens to what the first line cannot finish.

Pure: no clock, no dice, no I/O. Time comes in as integer milliseconds, decisions go out as events.
"""
