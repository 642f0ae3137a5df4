"""Measurements of the product, each beside a named floor that is measured in the same run.

    python -m benchmarks live        events a second and milliseconds through the whole service
    python -m benchmarks core        rows a second, microseconds to match and bytes of the routing core
    python -m benchmarks simulate    contacts a second of the simulator
    python -m benchmarks start       milliseconds until `firstline --help` has answered

Seconds and milliseconds belong to the machine; what carries over to another one are the ratios. See docs/benchmarks.md.
"""
