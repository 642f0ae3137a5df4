"""Whose fault it was is in the type.

    FirstlineError
    ├── CentreFault      the centre's files: lists every fault with its place           exit 2
    ├── UsageFault       a command line, an option or a data file that cannot be used   exit 2
    ├── JournalFault     a journal that is damaged, newer than us, or in use            exit 4
    └── BrokerFault      a broker or a port that cannot be had                          exit 5

What a sender got wrong is not an exception that ends anything: it is answered to the sender, who is told whether
it was *malformed* (`router.contract`), *illegal* or *stale* (`Refused`, see `router.engine`), or *early*
(`router.intake`). A broken invariant is an assertion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file: where, what, and what to do about it. Lines count from 1; 0 means the whole file."""

    file: str
    line: int
    field: str
    message: str
    hint: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        field = f" {self.field}:" if self.field else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}:{field} {self.message}{hint}"


class FirstlineError(Exception):
    """Anything that stops a command, said in one sentence with what to do. `exit_code` is the command's."""

    exit_code = 70


class CentreFault(FirstlineError):
    """The centre's files are wrong; `faults` lists all of them, `deferred` says what they keep from being judged."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault], deferred: Sequence[str] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join([*map(str, faults), *(f"not judged yet: {sentence}" for sentence in deferred)]))


class UsageFault(FirstlineError):
    """An argument or a data file cannot be used."""

    exit_code = 2


class JournalFault(FirstlineError):
    """The journal cannot be read or written as it is. Nothing in it was changed."""

    exit_code = 4


class BrokerFault(FirstlineError):
    """The broker, or the port we were to listen on, cannot be had."""

    exit_code = 5
