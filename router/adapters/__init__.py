"""Where the service meets the world: each module here implements a wall of `router.ports` with somebody's library.

A library's errors end here: what leaves this package is a `router.errors.FirstlineError` whose sentence says whose
fault it was and what to do.
"""
