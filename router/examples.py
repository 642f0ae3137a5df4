"""Finds the example centres: in the checkout beside our packages, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from router.errors import UsageFault

HERE: Final = Path(__file__).parent


def example(name: str) -> Path:
    """The folder of the example centre `name`, for instance "shared-service-centre".

    The wheel carries `examples/` as `router/example_centres/`. Raises UsageFault with the names there are.
    """
    carried = HERE / "example_centres"
    centres = carried if carried.is_dir() else HERE.parent / "examples"
    if not (centres / name).is_dir():
        names = ", ".join(sorted(folder.name for folder in centres.iterdir() if folder.is_dir()))
        raise UsageFault(f"There is no example centre '{name}'; there are {names}.")
    return centres / name
