"""Which release of Firstline this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def release() -> str:
    """The installed release; in a checkout that was never installed, a word that says so."""
    try:
        return version("firstline")
    except PackageNotFoundError:
        return "uninstalled"
