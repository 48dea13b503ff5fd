"""What a page costs to parse, told before it is parsed.

The parser looks through the open elements at every tag, and through a tag's attributes at every
attribute, so a page can cost it the square of its length. Tags are read here as the HTML standard's
tokenizer reads them, in time that grows with the length alone. In doubt an element counts as open:
a page may be thought deeper than it is, never flatter.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto

from feeds.formats.document import RowFault
from feeds.model import RefusalReason

MOST_STEPS = 50_000_000
"""Open elements looked at, over all tags: 10,000 tags in one another, or 50,000 tags that stand
1,000 deep. (Pages stand some 30 deep.) So much takes the parser about 0.1 s."""
FORMATTING_WEIGHT = 10
"""An unclosed `<b>` is made anew in every block that follows, which costs more than a look."""

_VALUE = (
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    rb"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >"'][^\t\n\f\r >]*+)?+)?+"""
)
_ATTRIBUTE = rb"[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+" + _VALUE
_TOKEN = re.compile(
    rb"<!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+)*+(?:--!?>|\Z))"
    rb"|(?P<cdata><!\[CDATA\[)"
    rb"|<(?:[!?]|/(?![A-Za-z]))[^>]*+"
    rb"|<(?P<slash>/?)(?P<name>[A-Za-z][^\t\n\f\r />]*+)"
    rb"(?P<attributes>(?:" + _ATTRIBUTE + rb")*+)(?P<gap>[\t\n\f\r /]*+)"
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_RAW = frozenset(b"iframe noembed noframes plaintext script style textarea title xmp".split())
"""Elements in which tags are text, up to their own end tag."""
_RAW_ENDS = {name: re.compile(rb"(?i)</%s(?=[\t\n\f\r />])" % name) for name in _RAW}
# Of a run of dashes the last two end a comment: to look for more would take its square.
_IN_SCRIPT = re.compile(rb"(?i)<!---*+(?P<empty>>?)|-->|<(?P<slash>/?)script(?=[\t\n\f\r />])")
_VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param"
    b" source track wbr".split()
)
_TABLE_PARTS = frozenset(b"tbody td tfoot th thead tr".split())
_BLOCKS = frozenset(
    b"address article aside blockquote button center dd details dialog div dl dt fieldset"
    b" figcaption figure footer form h1 h2 h3 h4 h5 h6 header li main nav ol pre section select"
    b" summary ul".split()
)
_IMPLIED = {
    **dict.fromkeys(_BLOCKS, frozenset(b"dd dt li p".split())),
    **dict.fromkeys(_TABLE_PARTS | {b"table"}, _TABLE_PARTS | {b"p"}),
}
"""By an element, the open ones within it that its end tag ends too."""
_ENDED_BY = {
    **dict.fromkeys(_BLOCKS - {b"button", b"select"}, frozenset({b"p"})),
    b"a": {b"a"},
    b"dd": {b"dd", b"dt", b"p"},
    b"dt": {b"dd", b"dt", b"p"},
    b"li": {b"li", b"p"},
    b"option": {b"option"},
    b"p": {b"p"},
    b"td": {b"td", b"th", b"p"},
    b"th": {b"td", b"th", b"p"},
    b"tr": {b"td", b"th", b"tr", b"p"},
}
"""Elements that a start tag ends, where they are the innermost ones."""
_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())
_ENDS_SVG = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed font h1 h2 h3 h4 h5 h6 head hr i"
    b" img li listing menu meta nobr ol p pre ruby s small span strike strong sub sup table tt u ul"
    b" var".split()
)
_HTML_IN_SVG = frozenset(b"desc foreignobject title".split())
_UNSURE = frozenset(b"frameset math".split())
"""Elements in which the parser leaves some tags out, or reads them otherwise."""


class _Rules(Enum):
    """How tags are read within an element."""

    HTML = auto()
    SVG = auto()
    UNSURE = auto()
    """An end tag ends the innermost element or nothing."""


def find_depth(page: bytes) -> int:
    """The most elements that may be open at once, but for those that no tag opens.

    Raises:
        RowFault: the page is not parsed within `MOST_STEPS`.
    """
    opened, deepest = _OpenElements(), 0
    for name, attributes, is_end, is_closed in _list_tags(page, opened):
        if not is_end or opened.names[-1:] != [name]:  # such an end is found at once
            opened.count(name, attributes)
        if opened.steps > MOST_STEPS:
            detail = f"tags up to {deepest} deep: too many steps for the parser"
            raise RowFault(RefusalReason.TOO_DEEP, "document", detail)
        if is_end:
            opened.end(name)
        else:
            opened.start(name, is_closed=is_closed)
            deepest = max(deepest, len(opened.names))
    return deepest


class _OpenElements:
    """At least the elements that the parser has open, outermost first."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.steps = 0
        self._rules: list[_Rules] = []
        self._formatting = self._options = self._merged = 0

    @property
    def rules(self) -> _Rules:
        """Those within the innermost element."""
        return self._rules[-1] if self._rules else _Rules.HTML

    def count(self, name: bytes, attributes: bytes) -> None:
        """Add what the next tag costs."""
        self.steps += len(self.names) + FORMATTING_WEIGHT * self._formatting
        if name == b"option":  # the parser goes through a list's options at each
            self._options += 1
            self.steps += self._options
        number = len(_ATTRIBUTES.findall(attributes)) if attributes else 0
        if name in (b"html", b"body"):  # all of a page's are merged into one
            self._merged += number
            self.steps += number * self._merged
        else:
            self.steps += number * number

    def start(self, name: bytes, *, is_closed: bool) -> None:
        """A start tag; `is_closed` where it ends in `/>`."""
        rules = self.rules
        if rules is _Rules.HTML:
            if name in _VOID or (name == b"svg" and is_closed):
                return
            while self.names and self.names[-1] in _ENDED_BY.get(name, ()):
                self._pop(len(self.names) - 1)
            if name == b"svg":
                rules = _Rules.SVG
            elif name in _UNSURE:
                rules = _Rules.UNSURE
        elif rules is _Rules.SVG:
            if name in _ENDS_SVG:
                self._push_unknown()
            elif is_closed:
                return
            if name in _ENDS_SVG | _HTML_IN_SVG:
                rules = _Rules.UNSURE
        self._push(name, rules)

    def end(self, name: bytes) -> None:
        """An end tag: ends only what it certainly ends."""
        if not self.names:
            return
        place = len(self.names) - 1
        rules = self.rules
        if rules is _Rules.SVG:
            while self._rules[place] is _Rules.SVG and self.names[place] != name and place:
                place -= 1
            if self.names[place] != name or self._rules[place] is not _Rules.SVG:
                self._push_unknown()
                return
        elif rules is _Rules.HTML:
            implied = _IMPLIED.get(name, frozenset())
            while place and self.names[place] != name and self.names[place] in implied:
                place -= 1
        if self.names[place] == name:
            self._pop(place)

    def _push_unknown(self) -> None:
        """The SVG may be over, and with it what it stands in: from here on all counts as open."""
        self._push(b"", _Rules.UNSURE)

    def _push(self, name: bytes, rules: _Rules) -> None:
        self.names.append(name)
        self._rules.append(rules)
        self._formatting += name in _FORMATTING

    def _pop(self, place: int) -> None:
        self._formatting -= sum(name in _FORMATTING for name in self.names[place:])
        del self.names[place:], self._rules[place:]


def _list_tags(page: bytes, opened: _OpenElements) -> Iterator[tuple[bytes, bytes, bool, bool]]:
    """Every tag as its name, its attributes, whether it is an end tag, and whether `/` ends it."""
    at = 0
    while (match := _TOKEN.search(page, at)) is not None:
        at = match.end()
        if match["cdata"]:
            if opened.rules is _Rules.UNSURE:
                raise RowFault(RefusalReason.TOO_DEEP, "document", "CDATA, and not within SVG")
            end = b"]]>" if opened.rules is _Rules.SVG else b">"
            at = page.find(end, at)
        elif match["name"]:
            name, is_end = match["name"].lower(), bool(match["slash"])
            if not is_end and name in _RAW and opened.rules is _Rules.HTML:
                at = _end_of_text(name, page, at)
            yield name, match["attributes"], is_end, match["gap"].endswith(b"/")
        if at < 0:
            return


def _end_of_text(name: bytes, page: bytes, at: int) -> int:
    """Where the end tag of an element stands in which tags are text; -1 where it has none."""
    if name == b"script":
        return _end_of_script(page, at)
    end = None if name == b"plaintext" else _RAW_ENDS[name].search(page, at)
    return -1 if end is None else end.start()


def _end_of_script(page: bytes, at: int) -> int:
    """The same of a script, which does not end in what it has in a comment and in a script."""
    in_comment = in_script = False
    for match in _IN_SCRIPT.finditer(page, at):
        if match["empty"] == b"":
            in_comment = True
        elif match["slash"] is None:
            in_comment = in_script = False
        elif not match["slash"]:
            in_script = in_comment
        elif in_script:
            in_script = False
        else:
            return match.start()
    return -1
