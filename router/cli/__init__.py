"""The command `firstline`. Each command lives in a module of its own, imported only when it runs."""

from router.cli.app import main

__all__ = ["main"]
