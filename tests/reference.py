"""Every generated page of docs/reference. `./dev docs` writes them again, and a test compares them."""

from __future__ import annotations

from router import contract
from router.centre import manual as centre
from router.cli import manual as commands
from router.measures import manual as measures
from tests import states
from tests.conftest import ROOT


def pages() -> dict[str, str]:
    """Each page by its path in the project, as the code would write it now."""
    return {
        "docs/reference/centre.md": centre.manual(),
        "docs/reference/commands.md": commands.manual(),
        "docs/reference/measures.md": measures.manual(),
        "docs/reference/states.md": states.page(),
        **contract.documents(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).write_text(text, "utf-8")
