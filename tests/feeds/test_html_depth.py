"""Pages that would cost the parser too much, and those that would not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from feeds.formats.document import RowFault
from feeds.formats.html_depth import find_depth
from feeds.formats.html_rows import HtmlRows
from feeds.model import RefusalReason

MANY = 30_000

ROWS = HtmlRows(select="div.row")

HOSTILE = {
    "deep": "<div>" * MANY,
    "deep and closed": "<div>" * MANY + "</div>" * MANY,
    "lists in lists": "<ul><li>" * MANY,
    "closed by nobody": "<div></span>" * MANY,
    "closed in a comment": "<div><!--</div>-->" * MANY,
    "closed in an attribute": "<div a='</div>'>" * MANY,
    "closed in a script": "<div><script></div></script>" * MANY,
    "closed in a script's comment": "<div><script><!--<script></script></div>--></script>" * MANY,
    "closed by a Kelvin sign": "<lin\N{KELVIN SIGN}>" * MANY,
    "not SVG any more": "<svg><p>" + "<path/>" * MANY,
    "formatting that is made anew": "".join(f"<p><b a{n}></p>" for n in range(MANY)),
    "a flood of attributes": f"<p {' '.join(f'a{n}' for n in range(MANY))}>",
    "attributes of many bodies": "".join(f"<body a{n}>" for n in range(MANY)),
    "options": "<select>" + "<option>a</option>" * MANY,
}  # fmt: skip


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_page_that_would_take_long_is_refused_before_it_is_parsed(page: str) -> None:
    with pytest.raises(RowFault) as refused:
        ROWS.open(page.encode())

    assert refused.value.reason is RefusalReason.TOO_DEEP


REAL = {
    "a long table": "<table>" + "<tr><td>Deal<td><b>20</b> min<br></tr>" * 15_000 + "</table>",
    "omitted end tags": "<ul>" + "<li>one<p>two" * 25_000 + "</ul>",
    "some never closed": "<div><span>a</div>" * 400 + "<p>b</p>" * 50_000,
    "icons": "<svg viewBox='0 0 1 1'><title>A</title><g><path d='M0'/></g></svg>" * 10_000,
    "scripts": "<script>if (a<b) { c('<div><div>') }</script><p>b</p>" * 10_000,
    "300 deep": ("<div>" * 300 + "a" + "</div>" * 300) * 100,
    "a picture in an attribute": f"<img src='data:image/png;base64,{'A' * 500_000}'>",
    "an old script": "<script><!--\nvar a = 1;\n//--></script><p>b</p>" * 10_000,
    "style in SVG": "<svg><style><![CDATA[ a > b {} ]]></style></svg><p>b</p>" * 10_000,
}


@pytest.mark.parametrize("page", REAL.values(), ids=REAL.keys())
def test_a_large_page_of_the_usual_kind_is_parsed(page: str) -> None:
    document = ROWS.open(f"<!doctype html><body>{page}<div class=row>end</div>".encode())

    assert [row.find("@", None) for row in document.list_rows()] == ["end"]  # type: ignore[union-attr]


NAMES = """
    a b body br button caption center col dd desc div dt font foreignObject frameset g head i img
    input li math mi optgroup option p path pre rt script select span style svg table tbody td
    template textarea th title tr ul
""".split()  # noqa: SIM905 - a text reads better
JUNK = ("x", "<!--", "-->", "<![CDATA[", "]]>", "<!x>", '"', "<", "<?", "<a b='>", '<i c="', "</>")


@st.composite
def soups(draw: st.DrawFn) -> str:
    """A few tags again and again: what opens by one each time opens by many."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
    forms = [form.format(name) for name in names for form in ("<{}>", "</{}>", "<{}/>", "<{} a=1>")]
    piece = st.sampled_from([*forms, *JUNK])
    before = draw(st.lists(piece, max_size=3))
    again = draw(st.lists(piece, min_size=1, max_size=8))
    return "".join(before) + "".join(again) * 60


@settings(max_examples=300, deadline=None)
@given(soups())
def test_no_page_is_deeper_than_it_is_thought_to_be(soup: str) -> None:
    try:
        thought = find_depth(soup.encode())
    except RowFault:
        return  # thought deeper than any

    # A start tag opens what must stand around it too: a cell its row and its body of a table.
    assert _depth(soup) <= 2 * thought + 12


def _depth(page: str) -> int:
    deepest, waiting = 0, [(LexborHTMLParser(page).root, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in (node.iter() if node else ())]
    return deepest


def test_rows_within_rows_are_refused() -> None:
    page = "<div class=row>" * 2_000

    with pytest.raises(RowFault) as refused:
        ROWS.open(page.encode()).list_rows()

    assert refused.value.reason is RefusalReason.TOO_DEEP


def test_siblings_are_not_counted_without_end() -> None:
    page = f"<div class=row>{'<p>a</p>' * 3_000}</div>"
    row = next(iter(ROWS.open(page.encode()).list_rows()))
    assert not isinstance(row, RowFault)

    with pytest.raises(RowFault) as refused:
        row.find("p:nth-child(2)", None)

    assert refused.value.reason is RefusalReason.TOO_LARGE
