"""Which edges a source's links are."""

from pathlib import Path

import pytest

from routing.osm import build_roads
from tests.support.small_roads import (
    MIDDLE_EAST,
    MIDDLE_NORTH,
    NORTH_MIDDLE,
    WEST_MIDDLE,
    small_roads,
)
from waitless.traffic.links import Link, LinkFault, LinkTable, load_links

HEAD = "link,junctions,length_m\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "links.csv"
    path.write_text(text)
    return path


def test_a_link_is_the_edges_along_its_junctions(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "NTIS-1,west>middle>east,2100\nNTIS-2,north>middle,\n")
    table = load_links(path, small_roads())
    assert table.find("NTIS-1") == Link((WEST_MIDDLE, MIDDLE_EAST), length_m=2100.0)
    assert table.find("NTIS-2") == Link((NORTH_MIDDLE,))
    assert table.find("NTIS-3") is None


def test_a_publisher_who_knows_our_junctions_needs_no_table() -> None:
    table = LinkTable({}, small_roads())
    assert table.find("west>middle>north") == Link((WEST_MIDDLE, MIDDLE_NORTH))
    assert table.find("west>east") is None
    assert table.find("west>") is None


def test_a_road_into_a_junction_of_forbidden_turns_is_all_its_edges(shared_data: Path) -> None:
    roads = build_roads(shared_data / "roads" / "newport-2023-06-13.osm.pbf")
    names = roads.name_junctions()
    copy = int((roads.copies > 0).argmax())
    plain = names[copy].partition("/")[0]
    into = [edge for edge, head in enumerate(roads.heads.tolist()) if head == copy]
    start = names[int(roads.tails[into[0]])].partition("/")[0]
    link = LinkTable({}, roads).find(f"{start}>{plain}")
    assert link is not None
    assert into[0] in link.edges + link.copies
    ends = {names[int(roads.heads[edge])].partition("/")[0] for edge in link.edges + link.copies}
    assert ends == {plain}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("a,west>east,\n", "line 2 junctions: no road from 'west' to 'east'"),
        ("a,west>middle,\nb,,\n", "line 3 junctions: at least two"),
        ("a,west>middle,\na,middle>east,\n", "line 3 link: 'a' stands twice"),
        ("a,west>middle,-4\n", "line 2 length_m: '-4'"),
        ("a,west>middle,nan\n", "line 2 length_m: 'nan'"),
        ("a,west>middle\n", "line 2: 3 cells"),
        ("a,west>middle,1,2\n", "line 2: 3 cells"),
        (",west>middle,1\n", "line 2: 3 cells"),
    ],
)
def test_a_faulty_row_is_refused_by_its_line_and_column(
    tmp_path: Path, rows: str, told: str
) -> None:
    with pytest.raises(LinkFault, match=rf"^links\.csv {told}"):
        load_links(written(tmp_path, HEAD + rows), small_roads())


@pytest.mark.parametrize("text", ["", "link,junctions\n", "junctions,link,length_m\n"])
def test_other_columns_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LinkFault, match="line 1: the columns are link,junctions,length_m"):
        load_links(written(tmp_path, text), small_roads())


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_bytes(b"link,junctions,length_m\n\xff\xfe,a,1\n")
    with pytest.raises(LinkFault, match=r"links\.csv: "):
        load_links(path, small_roads())
