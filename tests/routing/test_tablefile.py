import dataclasses
import mmap
from hashlib import sha256
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.modes import Mode
from routing.reach import build_reach
from routing.table import ReachTable
from routing.tablefile import (
    TableFault,
    decode_frame,
    decode_table,
    encode_frame,
    encode_table,
    read_frame_version,
)
from tests.support.roads import compile_network


def test_a_table_read_back_answers_as_the_one_written(drive_table: ReachTable) -> None:
    table = decode_table(
        encode_table(dataclasses.replace(drive_table, as_of="08:15", basis="live_traffic")),
        decode_frame(encode_frame(drive_table.frame)),
    )

    assert (table.as_of, table.basis) == ("08:15", "live_traffic")
    assert table.facility_ids == drive_table.facility_ids
    assert table.table_version == drive_table.table_version
    assert table.horizon_minutes == drive_table.horizon_minutes
    for origin in [(51.3970, 0.9230), (51.2745, 1.3395), (51.463, 0.36), (52.5, 1.0)]:
        for read, written in zip(
            table.travel_from(*origin), drive_table.travel_from(*origin), strict=True
        ):
            assert read.tolist() == written.tolist()


def test_a_table_lies_over_a_mapped_file_without_a_copy(
    drive_table: ReachTable, tmp_path: Path
) -> None:
    path = tmp_path / "table"
    path.write_bytes(encode_table(drive_table))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        table = decode_table(memoryview(mapped), drive_table.frame)

        begin = np.frombuffer(mapped, dtype=np.uint8).ctypes.data
        for array in table.rows:
            assert begin < array.ctypes.data < begin + len(mapped)
            assert array.ctypes.data % 8 == 0
            assert not array.flags.writeable
        assert np.isfinite(table.travel_from(51.28, 1.08).minutes).any()
        del table, array


def test_the_frame_that_a_table_needs_can_be_read_from_it(drive_table: ReachTable) -> None:
    assert read_frame_version(encode_table(drive_table)) == drive_table.frame.version


def test_a_table_is_refused_on_the_frame_of_other_roads(
    east_kent: "nx.DiGraph[str]", drive_table: ReachTable
) -> None:
    graph = east_kent.copy()
    graph.remove_edge("m2-j7", "a2-dunkirk")
    other = compile_network(graph, Mode.DRIVE).frame

    with pytest.raises(TableFault, match=drive_table.frame.version):
        decode_table(encode_table(drive_table), other)


def test_a_table_is_no_frame(drive_table: ReachTable) -> None:
    with pytest.raises(TableFault, match="WLFRAME"):
        decode_frame(encode_table(drive_table))
    with pytest.raises(TableFault, match="WLREACH"):
        decode_table(encode_frame(drive_table.frame), drive_table.frame)


def test_another_version_is_refused_by_name(drive_table: ReachTable) -> None:
    data = bytearray(encode_table(drive_table))
    data[7] += 1

    with pytest.raises(TableFault, match="version"):
        decode_table(bytes(data), drive_table.frame)


@settings(deadline=None)
@given(part=st.sampled_from([encode_frame, encode_table]), at=st.floats(0, 1, exclude_max=True))
def test_cut_off_anywhere_it_is_refused(drive_table: ReachTable, part: object, at: float) -> None:
    data = encode_table(drive_table) if part is encode_table else encode_frame(drive_table.frame)

    with pytest.raises(TableFault):
        read(part, data[: int(at * len(data))], drive_table)


@settings(deadline=None)
@given(
    part=st.sampled_from([encode_frame, encode_table]),
    at=st.floats(0, 1, exclude_max=True),
    flip=st.integers(1, 255),
)
def test_altered_anywhere_it_is_refused(
    drive_table: ReachTable, part: object, at: float, flip: int
) -> None:
    data = bytearray(
        encode_table(drive_table) if part is encode_table else encode_frame(drive_table.frame)
    )
    data[int(at * len(data))] ^= flip

    with pytest.raises(TableFault):
        read(part, bytes(data), drive_table)


@pytest.mark.parametrize("part", [encode_frame, encode_table])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"junctions":6', b'"junctions":5'),
        (b'"junctions":619', b'"junctions":-61'),
        (b'"version"', b'"versoin"'),
        (b'{"version"', b'["version"'),
    ],
)
def test_what_could_lead_a_look_up_astray_is_refused_though_the_checksum_is_right(
    drive_table: ReachTable, part: object, old: bytes, new: bytes
) -> None:
    data = encode_table(drive_table) if part is encode_table else encode_frame(drive_table.frame)
    assert old in data

    with pytest.raises(TableFault):
        read(part, sign(data.replace(old, new, 1)), drive_table)


def test_a_facility_that_is_not_there_is_refused(drive_table: ReachTable) -> None:
    fewer = dataclasses.replace(drive_table, facility_ids=drive_table.facility_ids[:-1])

    with pytest.raises(TableFault, match="facility"):
        decode_table(encode_table(fewer), drive_table.frame)


def test_bytes_in_an_odd_place_are_refused(drive_table: ReachTable) -> None:
    data = b"\0" + encode_table(drive_table)

    with pytest.raises(TableFault, match="multiple of 8"):
        decode_table(memoryview(data)[1:], drive_table.frame)


def test_an_empty_table_is_a_table(east_kent: "nx.DiGraph[str]") -> None:
    empty = build_reach(compile_network(east_kent, Mode.DRIVE), {})

    assert decode_table(encode_table(empty), empty.frame).travel_from(51.2, 1.0).minutes.size == 0


def read(part: object, data: bytes, table: ReachTable) -> object:
    return decode_table(data, table.frame) if part is encode_table else decode_frame(data)


def sign(data: bytes) -> bytes:
    return data[:8] + sha256(data[40:]).digest() + data[40:]
