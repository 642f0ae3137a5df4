"""Menu trees: the flow graph and the session that walks it, keys and silence in, prompts and route out.

Pure: no clock, no dice, no I/O. Time comes in as integer milliseconds, decisions go out as events.
"""
