"""What any test may ask for, and the rule that where FIRSTLINE_NO_SKIPS is 1 (in CI) nothing is skipped."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
NO_SKIPS = os.environ.get("FIRSTLINE_NO_SKIPS") == "1"
SERVERS = "./dev setup --servers installs it"

# Deadlines measure the machine, not us. Where nothing may be skipped, nothing may be left to chance either.
settings.register_profile("here", deadline=None)
settings.register_profile("strict", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("strict" if NO_SKIPS else "here")


def skip_for_want_of(what: str, remedy: str) -> None:
    """Skip this test, with a reason that the last lines of the run repeat."""
    pytest.skip(f"for want of {what} ({remedy})")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of case files and data sets that some checkouts have beside them."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        skip_for_want_of("the shared folder", "it goes beside the checkout")
    return folder


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """The program of a real broker. Debian keeps it where an ordinary user's PATH does not look."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    program = shutil.which("mosquitto", path=path)
    if program is None:
        skip_for_want_of("mosquitto", SERVERS)
    return Path(str(program))


@pytest.fixture(scope="session")
def asyncapi_parser() -> Path:
    """A folder from which `node` finds `@asyncapi/parser`: the working directory to run it in."""
    folder = Path(os.environ.get("FIRSTLINE_ASYNCAPI_PARSER") or Path.home() / ".cache/firstline/asyncapi")
    if shutil.which("node") is None or not (folder / "node_modules/@asyncapi/parser").is_dir():
        skip_for_want_of("the AsyncAPI parser", SERVERS)
    return folder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that start servers to one worker, so that they do not disturb each other's timing."""
    for item in items:
        if item.get_closest_marker("server"):
            item.add_marker(pytest.mark.xdist_group("servers"))


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped, without pytest's own prefix."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure where nothing may be skipped."""
    report = yield
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"Nothing may be skipped here, but this was: {reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure where nothing may be skipped."""
    report = yield
    if NO_SKIPS and report.skipped:
        report.outcome, report.longrepr = "failed", f"Nothing may be skipped here, but this was: {reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was skipped, and what would bring it."""
    skips = Counter(reason(report) for report in terminalreporter.stats.get("skipped", ()))
    if skips:
        terminalreporter.write_line("skipped: " + "; ".join(f"{count} {why}" for why, count in sorted(skips.items())))
