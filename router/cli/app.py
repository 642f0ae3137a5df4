"""All commands and their options. What they do is imported when they run, so that `--help` answers at once.

Exit codes: 0 done, 1 a target was missed or a story does not hold, 2 bad input, 3 a target cannot be decided, 4 a
journal that cannot be used, 5 a broker or a port that cannot be had, 70 our own fault, 130 ended by Ctrl-C, 141 nobody
read the results to their end.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

app = typer.Typer(
    name="firstline",
    help="A call-centre and case-routing engine, and a simulator that runs the very same routing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

OUR_FAULT: Final = 70
READER_GONE: Final = 141
"""What a shell says of a command that ended for this reason (128 + SIGPIPE): not that its targets are met."""


def _option(name: str, text: str, metavar: str | None = None) -> typer.models.OptionInfo:
    """An option under the one name it has."""
    option: typer.models.OptionInfo = typer.Option(name, help=text, metavar=metavar)
    return option


Centre = Annotated[Path, typer.Argument(help="The centre's folder of YAML files.")]
Json = Annotated[bool, _option("--json", "Print one JSON object instead of text.")]
Journal = Annotated[Path, _option("--journal", "The journal, where everything is kept.", "FILE")]
Seed = Annotated[int, _option("--seed", "The same seed gives the same customers.")]
Contact = Annotated[str, typer.Argument(help="The contact's id.")]
At = Annotated[str | None, _option("--at", "The instant to look at, in the centre's zone; else now.", "INSTANT")]
Past = Annotated[Path | None, _option("--journal", "A journal to read, in use or not; else ask the service.", "FILE")]
Asked = Annotated[str, _option("--http", "Where the service answers.", "HOST:PORT")]
Minutes = Annotated[int, typer.Option("--minutes", min=1, help="How many minutes of the centre's clock.")]


@app.command()
def check(centre: Centre, *, as_json: Json = False) -> None:
    """List every fault in a centre's files, each with file, line, field and a hint."""
    from router.cli.check import run

    raise typer.Exit(run(centre, as_json=as_json))


@app.command()
def serve(
    centre: Centre,
    *,
    journal: Journal = Path("firstline.db"),
    broker: Annotated[str | None, _option("--broker", "An MQTT broker; else one of our own.", "HOST:PORT")] = None,
    broker_port: Annotated[int, typer.Option("--broker-port", min=0, max=65535, help="Our own's port; 0: any.")] = 1883,
    http: Annotated[str, _option("--http", "Where to answer over HTTP.", "HOST:PORT")] = "127.0.0.1:8080",
    start: Annotated[str | None, _option("--start", "What the clock shows first; else now.", "INSTANT")] = None,
    speed: Annotated[float, typer.Option("--speed", min=0.01, max=1000, help="How fast the clock runs.")] = 1.0,
    log_level: Annotated[str, _option("--log-level", "debug, info, warning or error.", "LEVEL")] = "info",
) -> None:
    """Run a centre: contacts and agents come and go over MQTT until the command is ended."""
    from router.cli.serve import run

    run(
        centre,
        journal=journal,
        broker=broker,
        broker_port=broker_port,
        http=http,
        start=start,
        speed=speed,
        log_level=log_level,
    )


@app.command()
def simulate(
    centre: Centre,
    *,
    days: Annotated[int, typer.Option("--days", min=1, help="Consecutive days in a replication.")] = 5,
    first_day: Annotated[str | None, _option("--from", "The first of them; else the first Monday.", "DATE")] = None,
    seed: Seed = 1,
    replications: Annotated[int, typer.Option("--replications", min=1, help="Independent runs.")] = 20,
    target: Annotated[list[str] | None, _option("--target", "What to test: flr >= 0.7", "TARGET")] = None,
    volumes: Annotated[Path | None, _option("--volumes", "Calls per interval (CSV) as the arrivals.", "FILE")] = None,
    time_column: Annotated[str | None, _option("--time-column", "Its column of times.", "NAME")] = None,
    count_column: Annotated[str | None, _option("--count-column", "Its column of counts.", "NAME")] = None,
    index_column: Annotated[str | None, _option("--index-column", "Its column of intervals in a day.", "NAME")] = None,
    interval: Annotated[str | None, _option("--interval", "The length of its intervals.", "DURATION")] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes at once; 0: one for each core.")] = 0,
    as_json: Json = False,
) -> None:
    """Run the centre's routing on made-up or recorded customers, and test targets."""
    from router.cli.simulate import Columns, run

    columns = Columns(time_column, count_column, index_column, interval)
    raise typer.Exit(
        run(centre, days=days, first_day=first_day, seed=seed, replications=replications, targets=target or [],
            volumes=volumes, columns=columns, workers=workers, as_json=as_json)
    )  # fmt: skip


@app.command()
def play(
    centre: Centre,
    *,
    broker: Annotated[str, _option("--broker", "The broker the service is on.", "HOST:PORT")] = "127.0.0.1:1883",
    minutes: Minutes = 60,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Play made-up customers and agents against a live service, and check every contact's story."""
    from router.cli.play import run

    raise typer.Exit(run(centre, broker, minutes, seed, as_json=as_json))


@app.command()
def demo(
    centre: Annotated[Path | None, typer.Argument(help="A centre's folder; else the shared service centre.")] = None,
    *,
    minutes: Minutes = 60,
    speed: Annotated[float, typer.Option("--speed", min=1, max=1000, help="How fast they pass.")] = 60.0,
    seed: Seed = 4,
    plain: Annotated[bool, _option("--plain", "Print lines instead of a board.")] = False,
    picture: Annotated[Path | None, _option("--picture", "Keep the board as it stood last, as SVG.", "FILE")] = None,
    as_json: Json = False,
) -> None:
    """Run the busiest hour of the example centre through a real broker and journal, with a live board."""
    from router.cli.demo import run

    raise typer.Exit(run(centre, minutes, speed, seed, plain=plain, picture=picture, as_json=as_json))


@app.command()
def why(
    contact: Contact,
    *,
    at: At = None,
    journal: Past = None,
    http: Asked = "127.0.0.1:8080",
    as_json: Json = False,
) -> None:
    """Say where a contact is and why: why this agent, what it waits for, or how it ended."""
    from router.cli.why import run

    run(contact, None, journal=journal, http=http, at=at, as_json=as_json)


@app.command("why-not")
def why_not(
    contact: Contact,
    agent: Annotated[str, typer.Argument(help="The agent's id.")],
    *,
    at: At = None,
    journal: Past = None,
    http: Asked = "127.0.0.1:8080",
    as_json: Json = False,
) -> None:
    """Say why an agent was not offered a contact, and what the agent was offered meanwhile."""
    from router.cli.why import run

    run(contact, agent, journal=journal, http=http, at=at, as_json=as_json)


@app.command()
def measures(
    *,
    journal: Journal = Path("firstline.db"),
    interval: Annotated[str, _option("--interval", "What a day is cut into; 24h is the day.", "DURATION")] = "15m",
    queue: Annotated[str | None, _option("--queue", "One queue; else all together.", "QUEUE")] = None,
    measure: Annotated[list[str] | None, _option("--measure", "Which to show; else the usual ones.", "NAME")] = None,
    basis: Annotated[str, _option("--basis", "When contacts count: by completion or arrival.", "BASIS")] = "completion",
    since: Annotated[str | None, _option("--from", "Intervals that begin then or later.", "INSTANT")] = None,
    until: Annotated[str | None, _option("--to", "Intervals that begin before.", "INSTANT")] = None,
    as_json: Json = False,
    as_csv: Annotated[bool, _option("--csv", "Print CSV, a line for each interval.")] = False,
) -> None:
    """Count the measures of a journal again, by intervals of the centre's day; the journal may be in use."""
    from router.cli.measures import run
    from router.intervals import Asked

    asked = Asked(interval, basis, queue, tuple(measure or ()), since, until, "--")
    run(journal, asked, as_json=as_json, as_csv=as_csv)


@app.command("dead-letters")
def dead_letters(
    *,
    journal: Journal = Path("firstline.db"),
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the inputs that were malformed or impossible, each with its reason."""
    from router.cli.dead_letters import run

    run(journal, limit, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a centre's files, for editors."""
    import json

    from router.centre import schema as centre_schema

    print(json.dumps(centre_schema(), indent=2, ensure_ascii=False))


@app.command()
def contract() -> None:
    """Print the AsyncAPI document of the event contract."""
    from router.contract.describing import asyncapi_text

    print(asyncapi_text(), end="")


@app.callback(invoke_without_command=True)
def _version(*, version: Annotated[bool, _option("--version", "Print the version and stop.")] = False) -> None:
    if version:
        from router.cli.release import release

        print(release())
        raise typer.Exit


def main() -> None:
    """Run a command; faults become one sentence on stderr and the exit code that says whose they are."""
    from router.errors import FirstlineError

    try:
        app()
    except FirstlineError as error:
        print(f"firstline: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(READER_GONE)
    except Exception:  # noqa: BLE001 - whatever it is, the traceback and the exit code say that it is ours
        import traceback

        traceback.print_exc()
        print("firstline: this is our own fault, not yours: please report it, with the lines above", file=sys.stderr)
        sys.exit(OUR_FAULT)
