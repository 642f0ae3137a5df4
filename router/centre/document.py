"""A centre's folder as one tree of plain values, each of which knows its file and line.

Every `*.yaml` file of the folder gives sections, which are merged id by id. The dialect is YAML 1.2's core schema, in
which `no`, `on`, `07:30` and `2026-01-01` are text (PyYAML's own reading is YAML 1.1, where `no` is false and `07:30`
is 450), without aliases, so that a value has exactly one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path as Folder
from typing import Any, ClassVar, Final

import yaml

from router.errors import CentreFault, Fault

DEPTH_MAX: Final = 32

SMALLEST: Final = "the smallest useful centre is examples/hello"

Path = tuple[str | int, ...]
"""The way from the top of the tree to a value: keys of mappings, and indexes of lists from 0."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands. Lines count from 1; 0 means the whole file."""

    file: str
    line: int


@dataclass(slots=True)
class Document:
    """All sections of a centre's folder, merged, and the place of every value.

    Files that are `broken` gave no sections: of each, the words that stand in it; None where even those are unknown.
    `unread` are sentences about what is passed over in the others, as it stands where there is something already.
    """

    folder: Folder
    tree: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    broken: dict[str, frozenset[str] | None] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def section(self, name: str) -> dict[str, Any]:
        """The entries of a section; empty when no file has it or when it is no mapping."""
        value = self.tree.get(name)
        return value if isinstance(value, dict) else {}

    def value(self, path: Path) -> Any:
        """The value at `path`, or None when there is none."""
        here: Any = self.tree
        for part in path:
            if not holds(here, part):
                return None
            here = here[part]
        return here

    def entries(self, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The way to each entry of a section that is a mapping, and the mapping."""
        for key, entry in self.section(name).items():
            if isinstance(entry, dict):
                yield (name, key), entry

    def may_hold(self, name: str) -> bool:
        """Whether a name may stand in a file that cannot be read."""
        return any(words is None or name in words for words in self.broken.values())

    def place(self, path: Path) -> Place:
        """Where `path` stands, or the nearest thing around it that stands anywhere."""
        for length in range(len(path), 0, -1):
            if (place := self.places.get(path[:length])) is not None:
                return place
        return Place(str(self.folder), 0)

    def fault(self, path: Path, message: str, hint: str) -> Fault:
        """A fault at `path`, to be raised in a `CentreFault` with all the others."""
        place = self.place(path)
        return Fault(place.file, place.line, dotted(path), message, hint)


def holds(value: object, part: str | int) -> bool:
    """Whether a mapping has this key, or a list this index."""
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def dotted(path: Path) -> str:
    """`("queues", "hr", "prompts", 0)` as people read it: `queues.hr.prompts[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read(folder: Folder) -> tuple[Document, list[Fault]]:
    """Read every `*.yaml` file of `folder`, in the order of their names.

    A file that cannot be read is a fault and is left out; raises `CentreFault` when there is nothing to read at all.
    """
    document = Document(folder)
    reader = _Reader(document)
    for file in _files(folder):
        reader.read(file)
    return document, [*reader.faults, *_passed_over(folder)]


def _files(folder: Folder) -> list[Folder]:
    if not folder.exists():
        raise _nothing(folder, "there is no such folder", "a centre is a folder of YAML files")
    if not folder.is_dir():
        raise _nothing(folder, "this is not a folder", "name the folder that holds the centre's files")
    files = [file for file in _looking_like_yaml(folder) if _is_read(file)]
    if not files:
        other = sorted(file.name for file in folder.glob("*.yml"))
        hint = f"rename {other[0]} to end in .yaml" if other else SMALLEST
        raise _nothing(folder, "the folder has no file that ends in .yaml", hint)
    return files


def _looking_like_yaml(folder: Folder) -> list[Folder]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in {".yaml", ".yml"})


def _is_read(file: Folder) -> bool:
    return file.suffix == ".yaml" and file.is_file()


def _passed_over(folder: Folder) -> list[Fault]:
    """A fault for whatever looks like a file of the centre and is not read."""
    faults = []
    for file in _looking_like_yaml(folder):
        if file.suffix != ".yaml":
            message, hint = "this is not read: only files that end in .yaml are", "rename it, or move it elsewhere"
            faults.append(Fault(str(file), 0, "", message, hint))
        elif not file.is_file():
            what = "a folder" if file.is_dir() else "a link to nothing, or no file"
            faults.append(Fault(str(file), 0, "", f"this is {what}: it cannot be read", "move it elsewhere"))
    return faults


def _nothing(folder: Folder, message: str, hint: str) -> CentreFault:
    return CentreFault([Fault(str(folder), 0, "", message, hint)])


class _Refused(Exception):
    """Sound YAML that a centre's files do not use: from which line, and what to write instead."""

    def __init__(self, what: str, event: yaml.Event, hint: str) -> None:
        super().__init__(f"{what} in a centre's files")
        self.line = event.start_mark.line + 1 if event.start_mark else 0
        self.hint = hint


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the core schema of YAML 1.2 (section 10.3.2), no aliases and no tags."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # not those of the base class
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One value. Raises `_Refused`, which ends the reading of the file."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _Refused("aliases are not used", event, "write the value out, or '*' for the key * in quotes")
        if event.tag is not None:
            raise _Refused("tags are not used", event, "leave out what begins with !")
        if self.depth == DEPTH_MAX:
            raise _Refused(f"values are nested more than {DEPTH_MAX} deep", event, "no setting needs that")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_NULL = re.compile(r"^(~|null|Null|NULL|)$")
_BOOL = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^[-+]?[0-9]{1,18}$")  # a longer row of digits is no quantity
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")

_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))

_SCALARS: Final[dict[str, Any]] = {
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": lambda text: float(text) if isfinite(float(text)) else text,
    "tag:yaml.org,2002:str": str,
}


class _Reader:
    """Adds files to a document, one after the other, and gathers what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self.file = ""

    def read(self, file: Folder) -> None:
        self.file = str(file)
        data = self._bytes(file)
        text = None if data is None else self._text(data)
        if text is None or not self._parsed(text):
            self.document.broken[self.file] = None if data is None else _words(data)

    def _parsed(self, text: str) -> bool:
        """Add the sections that `text` holds; False when it cannot hold any."""
        try:
            node = _Loader(text).get_single_node()
        except _Refused as error:
            self._fault(error.line, str(error), error.hint)
            return False
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self._fault(line, f"this is not YAML: {error.problem}", _hint_of_syntax(error, text))
            return False
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            message = f"the character U+{ord(text[error.position]):04X} cannot stand in a YAML file"
            self._fault(line, message, "take it out, or write it as an escape in double quotes")
            return False
        return node is None or self._top(node)

    def _bytes(self, file: Folder) -> bytes | None:
        try:
            return file.read_bytes()
        except OSError as error:
            self._fault(0, f"the file cannot be read: {error.strerror}", "let us read it, or move it elsewhere")
            return None

    def _text(self, data: bytes) -> str | None:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self._fault(line, f"byte 0x{data[error.start]:02X} is not UTF-8", "save the file as UTF-8")
            return None

    def _fault(self, line: int, message: str, hint: str, path: Path = ()) -> None:
        self.faults.append(Fault(self.file, line, dotted(path), message, hint))

    def _top(self, node: yaml.Node) -> bool:
        if isinstance(node, yaml.MappingNode):
            self._merge(node)
        elif not _is_empty(node):
            message = "a file holds sections, such as `queues:`, with their entries indented below"
            self._fault(_line(node), message, SMALLEST)
            return False
        return True

    def _merge(self, node: yaml.MappingNode) -> None:
        """Add a file's sections. A section may be spread over several files; its entries may not."""
        seen: dict[str, yaml.Node] = {}
        for name, key_node, value_node in self._pairs(node, ()):
            if name in seen:
                self._twice((name,), key_node, Place(self.file, _line(seen[name])))
                continue
            seen[name] = key_node
            self._note((name,), key_node)
            if _is_empty(value_node):
                self.document.tree.setdefault(name, {})
            elif isinstance(value_node, yaml.MappingNode) and isinstance(self.document.tree.get(name, {}), dict):
                self._add(self.document.tree.setdefault(name, {}), value_node, (name,))
            elif name in self.document.tree:
                self._twice((name,), key_node, self.document.places[(name,)])
            else:
                self.document.tree[name] = self._value(value_node, (name,))

    def _add(self, values: dict[str, Any], node: yaml.MappingNode, path: Path) -> None:
        """Add the entries of a mapping to `values`, where none of them may be yet."""
        for key, key_node, value_node in self._pairs(node, path):
            here = (*path, key)
            if key in values:
                self._twice(here, key_node, self.document.places[here])
                continue
            self._note(here, key_node)
            values[key] = self._value(value_node, here)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> list[tuple[str, yaml.Node, yaml.Node]]:
        pairs: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                pairs.append((self._characters(key_node, path), key_node, value_node))
            else:
                self._fault(_line(key_node), "a key is a word, not a list or a mapping", "put it in quotes", path)
                self._pass_over(key_node, path)
        return pairs

    def _note(self, path: Path, node: yaml.Node) -> None:
        self.document.places.setdefault(path, Place(self.file, _line(node)))

    def _twice(self, path: Path, node: yaml.Node, first: Place) -> None:
        message = f"`{path[-1]}` is here a second time; the first is at {first.file}:{first.line}"
        self._fault(_line(node), message, "rename one of the two, or join them", path)
        self._pass_over(node, path)

    def _pass_over(self, node: yaml.Node, path: Path) -> None:
        self.document.unread.append(f"what stands in {dotted(path) or 'the file'} at {self.file}:{_line(node)}")

    def _value(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            values: dict[str, Any] = {}
            self._add(values, node, path)
            return values
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path)
        return _SCALARS[node.tag](self._characters(node, path))

    def _characters(self, node: yaml.Node, path: Path) -> str:
        """A scalar's text. JSON writes some characters as two escapes, which are joined; half of one is a fault."""
        try:
            return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            hint = "write the character itself, or both of its halves"
            self._fault(_line(node), "an escape from \\ud800 to \\udfff stands for half a character", hint, path)
            return str(node.value).encode(errors="replace").decode()

    def _sequence(self, node: yaml.SequenceNode, path: Path) -> list[Any]:
        for index, item in enumerate(node.value):
            self._note((*path, index), item)
        return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]


def _words(data: bytes) -> frozenset[str] | None:
    """The words of a file that could be ids, in whatever encoding; None when it has some written in escapes."""
    text = data.replace(b"\0", b"").decode("latin-1")  # ids are ASCII, which UTF-16 spreads over two bytes each
    return None if re.search(r"\\[xuU]", text) else frozenset(re.findall(r"[A-Za-z0-9]+(?:[_-]+[A-Za-z0-9]+)*", text))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _hint_of_syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    line = error.problem_mark.line if error.problem_mark else 0
    around = text.splitlines()[max(0, line - 1) : line + 1]
    if "\\t" in str(error.problem) or any("\t" in one[: len(one) - len(one.lstrip())] for one in around):
        return "indent with spaces, never with tabs"
    if isinstance(error, yaml.composer.ComposerError) and "document" in str(error.problem):
        return "a file holds one document: take the line --- out"
    if any(re.search(r"(^|[\s{,\[])\*", one) for one in around):
        return "write the value out; the key * of a telephone stands in quotes: '*'"
    return "a text with : ? # or a bracket in it stands in quotes"
