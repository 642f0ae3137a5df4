"""The layers that DESIGN draws, as import-linter holds them."""

from __future__ import annotations

import pytest
from importlinter import cli

from tests.conftest import ROOT


def test_imports_go_down_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contract of the import linter in pyproject.toml is kept."""
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(ROOT)
    failed = cli.lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert not failed, capsys.readouterr().out
