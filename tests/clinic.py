"""A small centre that tests take apart, with every kind of node and entry in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from router.centre import Centre, load
from router.errors import CentreFault

BASE = """\
centre:
  id: clinic
  zone: Europe/Paris
  languages: [en, fr]
  horizon: {from: 2026-01-01, to: 2027-01-01}
calendars:
  desk:
    zone: Europe/Paris
    week: {mon-fri: [09:00-17:00]}
    closed: [2026-07-14]
prompts:
  hello: {en: Hello., fr: Bonjour.}
  ask: {en: Key your number., fr: Tapez votre numéro.}
  menu: {en: Press 1 or 2., fr: Tapez 1 ou 2.}
flows:
  front:
    start: hours
    nodes:
      hours: {node: hours, calendar: desk, open: welcome, closed: bye}
      welcome: {node: say, prompts: [hello], next: number}
      number:
        node: collect
        prompts: [ask]
        into: patient
        digits_min: 4
        digits_max: 8
        next: choice
        failure: nurse
      choice:
        node: menu
        prompts: [menu]
        options: {1: status, 2: french, '*': choice}
        failure: nurse
      french: {node: set_language, language: fr, next: nurse}
      status:
        node: case_status
        prompts: {open: hello, accepted: hello, resolved: hello}
        next: bye
        none: nurse
      nurse: {node: hand_over, queue: nurses, priority: 2}
      bye: {node: hang_up, prompts: [hello]}
entry_points:
  line: {addresses: ['100'], service_line: care, flow: front}
  other: {addresses: ['101'], service_line: care, language: fr, flow: front}
skills:
  advice: Gives advice
queues:
  nurses:
    requirements: {advice: 2}
    match_language: true
    offer: 15s
    case_type: visit
agents:
  nurse: {count: 2, skills: {advice: 3}, languages: [en, fr]}
  head: {skills: {advice: 5}, languages: [fr]}
teams:
  doctors: {service_line: care}
case_types:
  visit: {team: doctors, target: 8h, calendar: desk}
reasons:
  fever: A fever
"""
LINES = BASE.splitlines()


def line_of(text: str) -> int:
    """The number of the one line of BASE that holds `text`."""
    numbers = [number for number, line in enumerate(LINES, 1) if text in line]
    assert 1 == len(numbers), f"{text!r} stands in lines {numbers}"
    return numbers[0]


def loaded(folder: Path, text: str = BASE, **others: str) -> Centre:
    """The centre of `centre.yaml` with this text, and of other files by the names before `.yaml`."""
    for name, content in {"centre": text, **others}.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return load(folder)


def faults_of(folder: Path, text: str = BASE, **others: str) -> list[str]:
    """Every fault as it is printed, with files named from the folder."""
    with pytest.raises(CentreFault) as caught:
        loaded(folder, text, **others)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def dump(sections: object) -> str:
    """Sections as YAML, in the order they are in."""
    return yaml.safe_dump(sections, sort_keys=False, allow_unicode=True)
