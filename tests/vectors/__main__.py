"""`python -m tests.vectors {routing,sla,fcr,planning} FILE`.

A line per case, then `N passed, N failed`. Exits 0 only when none failed, 1 when some did, and 2 for a file that is
missing or not of the right shape, or for wrong arguments.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.vectors import ShapeFault, read_document

KINDS = ("routing", "sla", "fcr", "planning")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play one file and print its verdicts. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.vectors", description="Play a file of test vectors.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    # Only what is played is imported, so that one kind can be run while another's product code is broken.
    play = import_module(f"tests.vectors.{options.kind}").play
    try:
        verdicts = list(play(read_document(options.file)))
    except ShapeFault as fault:
        print(f"{options.file}: not a file of {options.kind} vectors: {fault}", file=sys.stderr)
        return 2
    print(*verdicts, sep="\n")
    failed = sum(verdict.status != "pass" for verdict in verdicts)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
