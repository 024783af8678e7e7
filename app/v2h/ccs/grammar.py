"""From a table of types to the states that reader and writer walk through.

A table has one type a line, its fields in the order of the wire:

    "DC_EVStatusType": "EVReady:bool EVErrorCode EVRESSSOC:0..100",

`name:kind` is a field; `kind` may be left out when it is the enum with that name, or the type `nameType`. `?` after a
field: it may be missing. `[3]`: a list of 1 to 3, `[n]`: of 1 to LONGEST_LIST. `a|b`: one of the two. `@name`: an
attribute, which has no start and end of its own; in a message its name has no @. The kind `-`: a part that exists in
the schema and is refused here.

EXI 1.0 chapter 8.5: where n things may come next, the next ceil(log2(n + 1)) bits say which. The extra value stands for
deviations from the schema, and is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from v2h.ccs.bits import BitReader, BitWriter, ExiError
from v2h.ccs.simple import Simple, simple_kind

LONGEST_LIST = 255
"""Length of a list that the schema leaves open (only DIN's does). ISO-2 limits the longest of them that a car sends to
255 (ParameterSet). Longer lists would only cost time: 2 kB of shortest members take 5 ms to decode."""
REFUSED = "-"
REFUSAL = "not supported: this charger has neither certificates nor AC (docs/ccs.md)"
Fields = dict[str, object]


@dataclass(slots=True)
class State:
    """A place between two fields. edges: what may come next, in wire order; None is the end of the type. width: the
    number of bits that say which."""

    edges: tuple["Edge | None", ...]
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.width = len(self.edges).bit_length()


@dataclass(slots=True)
class Edge:
    """One field. kind: a simple type, a type with fields, or None for a refused part. most: the greatest length of a
    list. after: the state after the field; again: the state after a member of a list that may have one more."""

    name: str
    kind: "Simple | Complex | None"
    is_attribute: bool
    is_list: bool
    most: int
    after: State
    again: State = field(default_factory=lambda: State(()))


@dataclass(slots=True)
class Complex:
    """A type with fields."""

    start: State = field(default_factory=lambda: State((None,)))

    def read(self, bits: BitReader) -> Fields:
        """Read the fields up to the end of this type. Raises ExiError."""
        fields: Fields = {}
        lists: dict[str, list[object]] = {}
        state = self.start
        while True:
            code = bits.take(state.width)
            if code >= len(state.edges):
                raise ExiError(f"event code {code}; only {_names(state)} may follow here")
            edge = state.edges[code]
            if edge is None:
                return fields
            try:
                value = _read_one(bits, edge)
            except ExiError as error:
                raise error.inside(edge.name) from None
            if edge.is_list:
                members = lists.setdefault(edge.name, [])
                members.append(value)
                fields[edge.name] = members
                state = edge.again if len(members) < edge.most else edge.after
            else:
                fields[edge.name] = value
                state = edge.after

    def write(self, bits: BitWriter, fields: object) -> None:
        """Write the fields and the end of this type. Raises ExiError."""
        if not isinstance(fields, Mapping):
            raise ExiError(f"{fields!r} is not an object with fields")
        left = dict(fields)
        state = self.start
        while True:
            code, edge = _next_edge(state, left)
            bits.put(code, state.width)
            if edge is None:
                break
            value = left.pop(edge.name)
            try:
                if edge.is_list:
                    state = _write_list(bits, edge, value)
                else:
                    _write_one(bits, edge, value)
                    state = edge.after
            except ExiError as error:
                raise error.inside(edge.name) from None
        if left:
            raise ExiError(f"{', '.join(map(str, left))}: not allowed here")


def build(types: Mapping[str, str], enums: Mapping[str, str], root: str) -> Complex:
    """The type `root` of a table, with every type that it reaches. Raises ValueError for an error in the table."""
    built: dict[str, Complex] = {}

    def kind_of(name: str, kind: str) -> Simple | Complex | None:
        if kind == REFUSED:
            return None
        return simple_kind(kind or name, enums) or complex_kind(kind or f"{name}Type")

    def complex_kind(name: str) -> Complex:
        if name not in types:
            raise ValueError(f"the table has no type {name!r}")
        if name not in built:
            built[name] = Complex()
            built[name].start = start_of(types[name])
        return built[name]

    def start_of(line: str) -> State:
        state = State((None,))
        for token in reversed(line.split()):
            alternatives = tuple(edge_of(text, state) for text in token.removesuffix("?").split("|"))
            state = State(alternatives + (state.edges if token.endswith("?") else ()))
        return state

    def edge_of(text: str, after: State) -> Edge:
        parts = re.fullmatch(r"(@?)(\w+)(?::([^\[]+))?(?:\[(\d+|n)\])?", text)
        if parts is None:
            raise ValueError(f"the table has {text!r}, which is not name:kind[most]")
        attribute, name, kind, most = parts[1], parts[2], parts[3] or "", parts[4] or ""
        longest = LONGEST_LIST if most == "n" else int(most or 1)
        edge = Edge(name, kind_of(name, kind), bool(attribute), bool(most), longest, after)
        edge.again = State((edge, *after.edges))
        return edge

    return complex_kind(root)


def _read_one(bits: BitReader, edge: Edge) -> object:
    if edge.kind is None:
        raise ExiError(REFUSAL)
    if isinstance(edge.kind, Complex):
        return edge.kind.read(bits)
    if edge.is_attribute:
        return edge.kind.read(bits, edge.name)
    if bits.take(1):
        raise ExiError("event code 1; only the value may follow here")
    value = edge.kind.read(bits, edge.name)
    if bits.take(1):
        raise ExiError("event code 1; only the end of the element may follow here")
    return value


def _write_one(bits: BitWriter, edge: Edge, value: object) -> None:
    if edge.kind is None:
        raise ExiError(REFUSAL)
    if isinstance(edge.kind, Complex) or edge.is_attribute:
        edge.kind.write(bits, value)
    else:
        bits.put(0, 1)
        edge.kind.write(bits, value)
        bits.put(0, 1)


def _write_list(bits: BitWriter, edge: Edge, members: object) -> State:
    """Write the members; the event code of the first one has been written. Returns the state after them."""
    if not isinstance(members, list) or not 1 <= len(members) <= edge.most:
        raise ExiError(f"{members!r} is not a list of 1 to {edge.most}")
    for number, member in enumerate(members):
        if number:
            bits.put(0, edge.again.width)
        _write_one(bits, edge, member)
    return edge.again if len(members) < edge.most else edge.after


def _next_edge(state: State, left: Mapping[str, object]) -> tuple[int, Edge | None]:
    """The first thing that may come next and for which there is a value, else the end, with its event code."""
    for code, edge in enumerate(state.edges):
        if edge is None or edge.name in left:
            return code, edge
    surplus = f", not {', '.join(map(str, left))}" if left else ""
    raise ExiError(f"{_names(state)} is missing{surplus}")


def _names(state: State) -> str:
    return " or ".join("the end" if edge is None else edge.name for edge in state.edges)
