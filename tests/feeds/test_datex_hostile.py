"""XML that means harm, is spoilt, or is wrapped and encoded in other ways."""

import gzip
import random
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model import Refusal, RefusalReason
from feeds.traffic import datex
from feeds.traffic.datex import decode_datex
from feeds.traffic.datex_xml import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS_HELD, MAX_TEXT_HELD
from feeds.traffic.model import TrafficReport

NOW = datetime(2026, 10, 1, 19, 0, tzinfo=UTC)
SITE = (
    '<siteMeasurements><measurementSiteReference id="å"/>'
    "<measurementTimeDefault>2026-10-01T18:55:00Z</measurementTimeDefault>"
    '<measuredValue><basicData xsi:type="TrafficSpeed"><averageVehicleSpeed><speed>50</speed>'
    "</averageVehicleSpeed></basicData></measuredValue></siteMeasurements>"
)
PAYLOAD = (
    '<payloadPublication xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:type="MeasuredDataPublication"><publicationTime>2026-10-01T18:56:00Z</publicationTime>'
    f"{SITE}</payloadPublication>"
)
DOCUMENT = f"<d2LogicalModel>{PAYLOAD}</d2LogicalModel>"


def decode(payload: bytes) -> list[TrafficReport | Refusal]:
    return list(decode_datex(payload, feed_id="roads", received_at=NOW))


def refuse(payload: bytes) -> Refusal:
    [refusal] = decode(payload)
    assert isinstance(refusal, Refusal)
    return refusal


def is_read(payload: bytes) -> bool:
    [report] = decode(payload)
    return isinstance(report, TrafficReport) and [one.link_id for one in report.figures] == ["å"]


ATTACKS = {
    "bomb": '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><payload>&c;</payload>',
    "external": '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>',
    "external type": '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
    "parameter": '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>',
    "deep": "<a>" * (MAX_DEPTH + 1),
    "attributes": "<a " + " ".join(f"x{n}=''" for n in range(MAX_ATTRIBUTES + 1)) + "/>",
    "long attribute": f'<a x="{"x" * (MAX_TEXT_HELD + 1)}"/>',
    "long text": f"<a>{'x' * (MAX_TEXT_HELD + 1)}</a>",
    "wide": f"<situation>{'<a/>' * (MAX_ELEMENTS_HELD + 1)}</situation>",
    "entity unknown": "<d2LogicalModel>&nbsp;</d2LogicalModel>",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_one_refusal_and_no_report(attack: str) -> None:
    assert refuse(attack.encode()).reason is RefusalReason.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"   ",
        b"{}",
        b"\x1f\x8b\x08",
        b"\x1f\x8bnonsense",
        gzip.compress(DOCUMENT.encode())[:-9],
        gzip.compress(b"{}"),
        DOCUMENT.encode()[:-5],
        b"<html><body>Maintenance</body></html>",
        b'<?xml version="1.0" encoding="klingon"?><d2LogicalModel/>',
        b'<?xml version="1.0" encoding="utf-8"?><d2LogicalModel>\xff</d2LogicalModel>',
    ],
)
def test_bytes_that_are_no_such_document_are_one_refusal(payload: bytes) -> None:
    refusal = refuse(payload)

    assert (refusal.feed_id, refusal.reason, refusal.where) == (
        "roads", RefusalReason.MALFORMED, "document",
    )  # fmt: skip


def test_a_document_beyond_the_bound_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datex, "MAX_BYTES", 10)

    assert refuse(DOCUMENT.encode()).reason is RefusalReason.TOO_LARGE


def test_a_gzip_bomb_is_refused_before_it_unfolds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datex, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 100_000_000, compresslevel=1)
    tracemalloc.start()

    refusal = refuse(bomb)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.reason is RefusalReason.TOO_LARGE
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "payload",
    [
        DOCUMENT.encode(),
        gzip.compress(DOCUMENT.encode()),
        gzip.compress(DOCUMENT.encode()[:100]) + gzip.compress(DOCUMENT.encode()[100:]),
        gzip.compress(DOCUMENT.encode("utf-16")),
        b"\n " + DOCUMENT.encode(),
        DOCUMENT.encode("utf-8-sig"),
        DOCUMENT.encode("utf-16"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + DOCUMENT.encode("latin-1"),
        b'<?xml version="1.0" encoding="windows-1252"?>' + DOCUMENT.encode("cp1252"),
    ],
)
def test_every_declared_encoding_is_read(payload: bytes) -> None:
    assert is_read(payload)


@pytest.mark.parametrize(
    "wrapped",
    [
        PAYLOAD,
        f'<s:Envelope xmlns:s="urn:soap"><s:Header/><s:Body>{DOCUMENT}</s:Body></s:Envelope>',
        f"<messageContainer>{PAYLOAD.replace('payloadPublication', 'payload')}</messageContainer>",
        DOCUMENT.replace("xsi", "instance"),
    ],
)
def test_the_wrapping_does_not_matter(wrapped: str) -> None:
    assert is_read(wrapped.encode())


def test_a_keep_alive_is_an_empty_report() -> None:
    [report] = decode(
        b"<d2LogicalModel><exchange><keepAlive>true</keepAlive></exchange></d2LogicalModel>"
    )

    assert isinstance(report, TrafficReport)
    assert (report.figures, report.events, report.full_refresh) == ((), (), False)
    assert report.published_at == NOW


def test_a_publication_from_the_future_is_of_the_time_of_receipt() -> None:
    [report] = decode(DOCUMENT.replace("2026-10-01T18:56", "2027-10-01T18:56").encode())

    assert isinstance(report, TrafficReport)
    assert report.published_at == NOW


def test_thirty_thousand_sites_are_all_read_though_the_parser_holds_only_one() -> None:
    many = DOCUMENT.replace(SITE, "".join(SITE.replace("å", str(n)) for n in range(30_000)))

    [report] = decode(many.encode())

    assert isinstance(report, TrafficReport)
    assert len(report.figures) == 30_000


@given(st.binary(max_size=300))
def test_any_bytes_are_one_refusal_or_a_report(payload: bytes) -> None:
    assert decode(payload)


@given(st.text(max_size=40), st.sampled_from(["50", "2026-10-01T18:55:00Z", "å"]))
def test_any_text_in_a_field_is_a_figure_no_figure_or_a_refusal(text: str, field: str) -> None:
    clean = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")

    answers = decode(DOCUMENT.replace(field, clean).encode("utf-8", "ignore"))

    if isinstance(answers[0], TrafficReport):
        assert len(answers[0].figures) + len(answers[0].no_data) + len(answers[1:]) == 1


def test_samples_with_bytes_and_words_changed_never_raise(shared_data: Path) -> None:
    chance = random.Random(7)
    samples = [path.read_bytes() for path in sorted((shared_data / "traffic").rglob("*.xml"))]
    words = [
        b"-1",
        b"",
        b"NaN",
        b"1e999",
        b"24:00",
        b"true",
        b"\xff",
        b"<",
        b"0000-00-00T00:00:00Z",
    ]
    read = refused = 0
    for _ in range(600):
        raw = chance.choice(samples)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(raw))
            if chance.random() < 0.7:
                start = raw.find(b">", start) + 1
                end = raw.find(b"<", start)
            else:
                end = start + chance.randint(0, 20)
            raw = raw[:start] + chance.choice(words) + raw[max(end, start) :]
        answers = decode(raw)
        read += isinstance(answers[0], TrafficReport)
        refused += any(isinstance(one, Refusal) for one in answers)

    assert read > 50
    assert refused > 50
