"""The live board: queues, agents, cases and the last news of one centre, as a picture for the terminal."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from rich import box
from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from acd.model import AgentState
from router.cli.printing import figure
from router.cli.view import QueueView, View
from router.measures import MEASURES, Tally
from router.times import MINUTE_MS, minutes, moment

STATES: Final = {  # what each looks like: its sign, for eyes and terminals that know no colours, and its colour
    AgentState.READY: ("ready", "○", "green"),
    AgentState.RESERVED: ("ringing", "◔", "yellow"),
    AgentState.TALKING: ("talking", "●", "bright_blue"),
    AgentState.WRAP_UP: ("wrap-up", "◑", "magenta"),
    AgentState.PAUSED: ("paused", "‖", "white"),
    AgentState.NOT_RESPONDING: ("not responding", "✗", "red"),
    AgentState.OFFLINE: ("offline", "·", "bright_black"),
}
TILES: Final = ("sl", "asa", "abandoned", "fcr", "flr", "escalated")
BARS: Final = "▁▂▃▄▅▆▇█"
HEAD_HEIGHT: Final = 2
TILES_HEIGHT: Final = 3
QUEUES_HEIGHT: Final = 5
LOWEST: Final = 6
WIDE: Final = 100
"""From how many columns on there is room for everything."""
AGENTS_SHOWN_MAX: Final = 36
AGENT_WIDTH: Final = 16
CASES_WIDTH: Final = 42
DIM: Final = "bright_black"


def picture(view: View, width: int, height: int) -> RenderableType:
    """The board for a terminal of this size. Where it is low, the news are left out first, then some agents."""
    columns = max(1, (width - CASES_WIDTH - 4) // AGENT_WIDTH)
    rows = -(-min(len(view.agents), AGENTS_SHOWN_MAX) // columns)
    above = HEAD_HEIGHT + TILES_HEIGHT + QUEUES_HEIGHT + len(view.queues)
    middle = min(3 + max(rows, len(view.cases)), max(LOWEST, height - above - 1))
    floor = Table.grid(expand=True)
    floor.add_column(ratio=1)
    floor.add_column(width=CASES_WIDTH)
    floor.add_row(_agents(view, columns, middle), _cases(view, middle))
    wide = width >= WIDE
    parts = [_head(view, wide=wide), _tiles(view), _queues(view, wide=wide), floor]
    if (lines := height - above - middle - 3) > 1:
        parts.append(_news(view, lines))
    return Group(*parts)


def _head(view: View, *, wide: bool) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="center", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    length, played = view.end - view.start, max(0, min(view.now, view.end) - view.start)
    state = f"minute {played // MINUTE_MS} of {length // MINUTE_MS}"
    if view.now >= view.end:
        state = "no more calls: everybody finishes"
    grid.add_row(
        Text.assemble(("Firstline ", "bold bright_blue"), (view.centre, "bold")),
        Text(f"{moment(view.now, view.zone):%a %d %b %Y  %H:%M:%S}", "bold"),
        Text.assemble(state, (f"  at {view.speed:g}x" if wide else "", DIM)),
    )
    bar = Table.grid(expand=True)  # a bar alone ends in no new line
    bar.add_row(ProgressBar(length, played, style=DIM, complete_style="bright_blue", finished_style="bright_blue"))
    return Group(grid, bar)


def _tiles(view: View) -> RenderableType:
    grid = Table.grid(expand=True)
    for _ in TILES:
        grid.add_column(ratio=1)
    grid.add_row(*(_tile(name, view.total) for name in TILES))
    return grid


def _tile(name: str, tally: Tally) -> Panel:
    title = "SL" if name == "sl" else MEASURES[name].title.partition(" (")[0]
    return _panel(Align.center(Text(figure(name, tally), "bold")), title, title_align="center")


# --- queues -------------------------------------------------------------------------------------------------------


def _queues(view: View, *, wide: bool) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, expand=True, pad_edge=False, header_style=DIM)
    table.add_column("queue", no_wrap=True)
    for heading in ("waiting", "longest", "offered", "answered", "abandoned", "SL", "ASA"):
        table.add_column(heading, justify="right", no_wrap=True)
    if wide:
        table.add_column("most waiting, by the minute", no_wrap=True)
    top = max((most for queue in view.queues for most in queue.history), default=0)
    for queue in view.queues:
        figures = map(Text, _figures(queue.tally))
        history = [_history(queue, top)] if wide else []
        table.add_row(Text(queue.id, "bold"), *_waiting(queue), *figures, *history)
    waiting = sum(queue.waiting for queue in view.queues)
    longest = minutes(max(queue.longest_ms for queue in view.queues)) if waiting else "-"
    table.add_row("all", str(waiting), longest, *_figures(view.total), style=DIM)
    return table


def _figures(tally: Tally) -> list[str]:
    """How many were offered, answered and gone; service level and ASA."""
    return [str(tally.offered), str(tally.answered), str(tally.abandoned), figure("sl", tally), figure("asa", tally)]


def _waiting(queue: QueueView) -> tuple[Text, Text]:
    if not queue.waiting:
        return Text("0", "green"), Text("-", DIM)
    late = queue.longest_ms > queue.acceptable_wait_ms
    return Text(str(queue.waiting), "bold"), Text(minutes(queue.longest_ms), "bold red" if late else "")


def _history(queue: QueueView, top: int) -> Text:
    return Text("".join(BARS[most * len(BARS) // (top + 1)] for most in queue.history), "bright_blue")


# --- agents, cases, news ------------------------------------------------------------------------------------------


def _agents(view: View, columns: int, height: int) -> RenderableType:
    counts = Counter(state for _, state in view.agents)
    legend = [
        Text.assemble((sign, style), f" {counts[state]} {name}  ")
        for state, (name, sign, style) in STATES.items()
        if counts[state]
    ]
    grid = Table.grid(expand=True)
    for _ in range(columns):
        grid.add_column(ratio=1, no_wrap=True)
    agents = view.agents[: min(AGENTS_SHOWN_MAX, columns * (height - 3))]
    cells = [Text(f"{STATES[state][1]} {agent}", STATES[state][2]) for agent, state in agents]
    rows = -(-len(cells) // columns)
    for row in range(rows):
        grid.add_row(*cells[row::rows])
    title = "agents" if len(agents) == len(view.agents) else f"agents: {len(agents)} of {len(view.agents)}"
    return _panel(Group(Text.assemble(*legend, no_wrap=True, overflow="ellipsis"), grid), title, height=height)


def _cases(view: View, height: int) -> RenderableType:
    table = Table(box=None, expand=True, pad_edge=False, header_style=DIM)
    table.add_column("team", no_wrap=True)
    for heading in ("new", "work", "done", "late"):
        table.add_column(heading, justify="right", no_wrap=True)
    for team in view.cases:
        late = Text(str(team.late), "bold red" if team.late else DIM)
        name = Text(team.id or "the first line", "bold" if team.id else "italic")
        table.add_row(name, *map(str, (team.new, team.at_work, team.solved)), late)
    return _panel(table, "cases", height=height)


def _news(view: View, lines: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style=DIM, no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for clock, text, style in view.news[:lines]:
        grid.add_row(clock, Text(text, style))
    return _panel(grid, "news", subtitle=f"[{DIM}]{view.where}[/]", height=lines + 2)


def _panel(content: RenderableType, title: str, **options: Any) -> Panel:
    look: dict[str, Any] = {"border_style": DIM, "title_align": "left", "subtitle_align": "right", **options}
    return Panel(content, box.ROUNDED, title=f"[{DIM}]{title}[/]", **look)
