"""Topics, and the names that may stand in them.

    firstline/v1/{centre}/in/{participant}              inputs, each participant on its own topic
    firstline/v1/{centre}/out/{subject}/{id}/{type}     every row of the journal; subject: contact, agent, case, centre
    firstline/v1/{centre}/reply/{participant}           answers to one sender
    firstline/v1/{centre}/available/{participant}       retained: online or offline
    firstline/v1/{centre}/about                         retained: the rules in force, the clock, the release

A level is 1 to 64 (names) or 128 (ids) of the characters that RFC 3986 calls unreserved, so that no separator and no
wildcard (MQTT 5, section 4.7.1) gets into a topic, and names and ids stand in a URI as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from router.errors import UsageFault

VERSION: Final = "v1"
ENGINE: Final = "engine"
"""The participant that the service itself is."""
UNNAMED: Final = "unnamed"
"""Who is answered where a sender's topic ends in no proper name."""

_ROOT: Final = f"firstline/{VERSION}/{{centre}}"
INPUT: Final = f"{_ROOT}/in/{{participant}}"
_OUTPUTS: Final = f"{_ROOT}/out"
OUTPUT: Final = f"{_OUTPUTS}/{{subject}}/{{id}}/{{type}}"
REPLY: Final = f"{_ROOT}/reply/{{participant}}"
AVAILABLE: Final = f"{_ROOT}/available/{{participant}}"
ABOUT: Final = f"{_ROOT}/about"
"""The topics with their levels in braces, for `format` here and for the reference."""

NAME_PATTERN: Final = r"^[A-Za-z0-9._~-]{1,64}$"
ID_PATTERN: Final = r"^[A-Za-z0-9._~-]{1,128}$"
NAME_RULE: Final = "1 to 64 of the characters A-Z a-z 0-9 . _ ~ -"

_NAME: Final = re.compile(NAME_PATTERN)
_ID: Final = re.compile(ID_PATTERN)


def is_name(text: str) -> bool:
    """Whether this may name a centre or a participant."""
    return _NAME.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether this may be the id of a contact, an agent, a case or an input."""
    return _ID.fullmatch(text) is not None


def input_topic(centre: str, participant: str) -> str:
    """Where a participant sends its inputs. Raises `UsageFault` for a name that cannot stand in a topic."""
    return INPUT.format(centre=_level(centre), participant=_level(participant))


def every_input(centre: str) -> str:
    """The subscription to all inputs."""
    return INPUT.format(centre=_level(centre), participant="+")


def every_output(centre: str) -> str:
    """The subscription to all that is announced."""
    return f"{_outputs(centre)}/#"


def output_topic(centre: str, subject: str, of: str, kind: str) -> str:
    """Where an event of this kind about this contact, agent, case or centre (`of`, its id) is announced."""
    assert is_id(of), "ids are checked where they come in"
    return f"{_outputs(centre)}/{subject}/{of}/{kind}"


def reply_topic(centre: str, participant: str) -> str:
    """Where a participant is answered; one without a proper name is answered as `unnamed`."""
    return REPLY.format(centre=_level(centre), participant=participant if is_name(participant) else UNNAMED)


def available_topic(centre: str, participant: str) -> str:
    """Where a participant is said to be online or offline. Raises `UsageFault` as `input_topic` does."""
    return AVAILABLE.format(centre=_level(centre), participant=_level(participant))


def about_topic(centre: str) -> str:
    """Where the centre says what it runs."""
    return ABOUT.format(centre=_level(centre))


@lru_cache(maxsize=64)
def _outputs(centre: str) -> str:
    return _OUTPUTS.format(centre=_level(centre))


def _level(name: str) -> str:
    if not is_name(name):
        raise UsageFault(f"{name!r} cannot stand in a topic: a centre and a participant are named by {NAME_RULE}")
    return name
