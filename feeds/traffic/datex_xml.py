"""XML of strangers, read safely: local names, a bounded depth, no document type and no entities.

Records are handed over one by one as they end and are then forgotten, so that a document of a
whole country takes the memory of its largest record.
"""

from collections.abc import Callable, Iterator
from xml.parsers import expat

MAX_DEPTH = 100
"""The deepest message that we know of (a sign's pictogram in SOAP) goes 25 deep."""
MAX_ELEMENTS_HELD = 200_000
"""Elements of one record and of what stands outside records; a situation has some hundreds."""
MAX_ATTRIBUTES = 50
MAX_TEXT_HELD = 4_000_000
"""Characters of the same, attributes included; the line of a long road has some ten thousand."""
_CHUNK = 1 << 16


class XmlFault(ValueError):
    """The bytes are not XML that we read; the message says why and on which line."""


class Element:
    """One element, its namespace put aside."""

    __slots__ = ("attributes", "children", "kind", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.kind = local_name(attributes["xsi:type"].strip()) if "xsi:type" in attributes else ""
        """The local part of its xsi:type; empty where it has none."""
        self.attributes = attributes
        """By local name, but for xsi:type."""
        self.children: list[Element] = []
        self.text = ""
        """Its own characters, without those of its children, stripped."""

    def find(self, *path: str) -> "Element | None":
        """The first element along a path of child names."""
        here: Element | None = self
        for name in path:
            here = next((one for one in here.children if one.name == name), None) if here else None
        return here

    def text_at(self, *path: str) -> str:
        """The text of the first element along a path; empty where there is none."""
        found = self.find(*path)
        return found.text if found is not None else ""

    def list_children(self, *names: str) -> list["Element"]:
        """The children of these names, in their order."""
        return [child for child in self.children if child.name in names]

    def walk(self) -> Iterator["Element"]:
        """The element and everything within it, in the order of the document."""
        waiting = [self]
        while waiting:
            here = waiting.pop()
            yield here
            waiting += here.children[::-1]

    def find_within(self, *names: str) -> Iterator["Element"]:
        """Everything within it of these names, however deep, in the order of the document."""
        return (one for one in self.walk() if one.name in names and one is not self)

    def text_within(self, name: str) -> str:
        """The text of the first element of a name within it that has any; else empty."""
        return next((one.text for one in self.find_within(name) if one.text), "")


def local_name(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def read_xml(
    payload: bytes, records: frozenset[str], take: Callable[[Element, Element], None]
) -> Element:
    """Read a document; its root, without its records.

    Args:
        payload: in any encoding that its byte order mark or declaration names.
        records: names of elements to be handed over whole and then forgotten.
        take: called with each record and the element that it stands in, as far as that is read.

    Raises:
        XmlFault: not well formed, of an unknown encoding, with a document type, or beyond a bound.
    """
    reader = _Reader(records, take)
    try:
        reader.feed(payload)
    except expat.ExpatError as fault:
        raise XmlFault(f"not well-formed XML: {fault}") from fault
    except (LookupError, ValueError) as fault:
        raise fault if isinstance(fault, XmlFault) else XmlFault(f"unreadable: {fault}") from fault
    if reader.root is None:
        raise XmlFault("no element at all")
    return reader.root


class _Reader:
    """Builds elements from what expat tells."""

    def __init__(self, records: frozenset[str], take: Callable[[Element, Element], None]) -> None:
        self.root: Element | None = None
        self._records = records
        self._take = take
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._record: Element | None = None
        self._held = 0
        self._text_held = 0
        self._outside = (0, 0)
        self._locals: dict[str, str] = {}
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, payload: bytes) -> None:
        payload = payload.lstrip(b" \t\r\n")
        for start in range(0, len(payload), _CHUNK):
            self._parser.Parse(payload[start : start + _CHUNK], False)
        self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._held += 1
        if len(self._open) >= MAX_DEPTH:
            raise self._fault(f"elements more than {MAX_DEPTH} deep")
        if len(attributes) > MAX_ATTRIBUTES:
            raise self._fault(f"more than {MAX_ATTRIBUTES} attributes")
        if self._held > MAX_ELEMENTS_HELD:
            raise self._fault(f"more than {MAX_ELEMENTS_HELD} elements in one record")
        if attributes:
            self._hold_text(sum(map(len, attributes.values())))
            attributes = self._clean(attributes)
        element = Element(self._local(name), attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        if self._record is None and element.name in self._records:
            self._record, self._outside = element, (self._held - 1, self._text_held)
        self._open.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        element.text = "".join(self._texts.pop()).strip()
        if element is self._record and self._open:
            parent = self._open[-1]
            parent.children.pop()
            self._record = None
            self._held, self._text_held = self._outside
            self._take(parent, element)

    def _characters(self, data: str) -> None:
        if not data.isspace():
            self._hold_text(len(data))
            self._texts[-1].append(data)

    def _hold_text(self, length: int) -> None:
        self._text_held += length
        if self._text_held > MAX_TEXT_HELD:
            raise self._fault(f"more than {MAX_TEXT_HELD} characters in one record")

    def _refuse_doctype(self, *_: object) -> None:
        raise self._fault("a document type declaration, which none of our sources needs")

    def _fault(self, says: str) -> XmlFault:
        return XmlFault(f"{says} (line {self._parser.CurrentLineNumber})")

    def _local(self, name: str) -> str:
        local = self._locals.get(name)
        if local is None:
            local = self._locals[name] = local_name(name)
        return local

    def _clean(self, attributes: dict[str, str]) -> dict[str, str]:
        """Attributes by local name, but for the type, which others have a word for too."""
        return {
            "xsi:type"
            if name != "type" and self._local(name) == "type"
            else self._local(name): value
            for name, value in attributes.items()
        }
