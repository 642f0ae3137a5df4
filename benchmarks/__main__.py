"""`python -m benchmarks NAME [--json] [...]`: run one benchmark and print what it found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import core, live, matching, simulate, start, waiting
from benchmarks.figures import Report
from router.errors import FirstlineError


def main(arguments: Sequence[str] | None = None) -> int:
    """0 measured, 2 bad arguments (argparse says which), otherwise the exit code of what went wrong."""
    options = _parser().parse_args(arguments)
    try:
        report = _measure(options)
    except FirstlineError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.exit_code
    if options.json:
        print(report.as_json())
    else:
        report.print_table()
    return 0


def _measure(options: argparse.Namespace) -> Report:
    match options.name:
        case "live":
            return live.measure(options.events, options.rate, options.seconds, options.broker, options.repeat)
        case "core":
            return core.measure(options.contacts, options.waiting, options.agents, options.repeat)
        case "matching":
            return matching.measure(options.agents, options.plot)
        case "simulate":
            return simulate.measure(options.days, options.repeat)
        case "waiting":
            return waiting.measure(options.days)
        case _:
            return start.measure(options.repeat)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("benchmarks", description="Measure Firstline beside named floors.")
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")

    measured = _add(names, "live", "events through the whole service: how many a second, and how fast each", 3)
    measured.add_argument("--events", type=_count, default=20_000, help="how many to send as fast as they are taken")
    measured.add_argument("--rate", type=_count, default=500, help="how many a second to send when timing each")
    measured.add_argument("--seconds", type=_count, default=10, help="for how long to send those")
    measured.add_argument("--broker", choices=live.BROKERS, default="mosquitto", help="which broker to start")

    measured = _add(names, "core", "the routing core: rows a second, time to match, memory", 5)
    measured.add_argument("--contacts", type=_count, default=10_000, help="how many contacts to route")
    measured.add_argument("--waiting", type=_count, default=100_000, help="how many to let wait when weighing memory")
    measured.add_argument("--agents", type=_count, default=10_000, help="how many agents to keep busy meanwhile")

    measured = _add(names, "matching", "the time for one decision, from a hundred agents to a hundred thousand")
    measured.add_argument("--agents", type=_count, nargs="+", default=matching.SIZES, help="the sizes of the floors")
    measured.add_argument("--plot", type=Path, help="draw the figures into this file (.svg, .png or .pdf)")

    measured = _add(names, "simulate", "the simulator: contacts a second", 3)
    measured.add_argument("--days", type=_count, default=5, help="how many days to simulate in each centre")

    measured = _add(names, "waiting", "the expected wait that is told: how often it holds, beside what others tell")
    measured.add_argument("--days", type=_count, default=10, help="how many days to simulate in each centre")

    _add(names, "start", "`firstline --help`, from nothing to its last line", 9)
    return parser


def _add(
    names: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str, repeat: int = 0
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = names.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    if repeat:
        parser.add_argument("--repeat", type=_count, default=repeat, help=f"how often to measure (default {repeat})")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
