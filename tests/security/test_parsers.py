"""A few of the mutations that `make fuzz` tries by the hundred thousand."""

import pytest

from tests.security.parsers import PARSERS, try_parser

TIMES = 20


@pytest.mark.parametrize("name", PARSERS)
def test_spoilt_bytes_are_taken_or_refused_by_name(name: str) -> None:
    count = TIMES * PARSERS[name].share

    outcomes = try_parser(name, 0, count)

    assert outcomes.total() == count
    assert outcomes["taken"] > 0, "nothing gets as far as to be understood: the seed is wrong"
    assert outcomes["refused"] > 0
