"""DATEX II, versions 2 and 3: one document to one traffic report."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from types import MappingProxyType
from zoneinfo import ZoneInfo

from feeds.model import Refusal, RefusalReason
from feeds.traffic.datex_measured import LinkTally
from feeds.traffic.datex_situation import NOT_REAL, EventTally
from feeds.traffic.datex_values import DatexFault, read_time
from feeds.traffic.datex_xml import Element, XmlFault, read_xml
from feeds.traffic.model import TrafficReport

MAX_BYTES = 128 * 1024 * 1024
"""Unpacked. A country's roadworks, the largest that we know of, are some 200 MB: not for us
whole."""
_GZIP = b"\x1f\x8b"
_FIGURES = frozenset({"siteMeasurements", "elaboratedData"})
_RECORDS = _FIGURES | {"situation", "vmsUnit", "vmsControllerStatus", "parkingRecordStatus"}
_DOCUMENTS = frozenset(
    {"d2LogicalModel", "messageContainer", "payload", "payloadPublication", "exchange",
     "exchangeInformation"}
)  # fmt: skip


def decode_datex(
    payload: bytes,
    *,
    feed_id: str,
    received_at: datetime,
    zone: ZoneInfo | None = None,
    snapshot: bool = False,
) -> Iterator[TrafficReport | Refusal]:
    """One report of all that a document says, then a refusal for each record that is unreadable.

    The wrapping does not matter: SOAP, a message container, a logical model or a bare
    publication. A document without a payload (a keep-alive) is an empty report. Bytes that are
    no such document are one refusal and no report.

    Args:
        payload: XML in any declared encoding, plain or as a gzip file.
        feed_id: the source.
        received_at: aware UTC.
        zone: of times that name none, and of hours and days that recur; None refuses the former
            and reads the latter at the offset that their start is written with.
        snapshot: whether every situation publication of this source lists all events there are;
            else only one that says so.
    """
    reading = _Reading(feed_id, received_at, zone)
    try:
        root = read_xml(_unpack(payload), _RECORDS, reading.take)
        report = reading.report(root, snapshot=snapshot)
    except XmlFault as fault:
        yield reading.refuse(DatexFault(RefusalReason.MALFORMED, "document", str(fault)))
    except DatexFault as fault:
        yield reading.refuse(fault)
    else:
        yield report
        yield from reading.refusals


def _unpack(payload: bytes) -> bytes:
    """The document of a gzip file, no more of it than may be; any other payload as it is.

    Raises:
        XmlFault: a gzip file that is cut off or spoilt.
        DatexFault: a document that is too large.
    """
    document = payload
    if payload.startswith(_GZIP):
        try:
            with gzip.open(BytesIO(payload)) as packed:
                document = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as fault:
            raise XmlFault(f"unreadable gzip: {fault}") from fault
    if len(document) > MAX_BYTES:
        raise DatexFault(RefusalReason.TOO_LARGE, "document", f"more than {MAX_BYTES} bytes")
    return document


class _Reading:
    """One document on its way through."""

    def __init__(self, feed_id: str, received_at: datetime, zone: ZoneInfo | None) -> None:
        self.refusals: list[Refusal] = []
        self._feed_id = feed_id
        self._received_at = received_at
        self._zone = zone
        self._links = LinkTally(received_at, zone)
        self._events = EventTally(received_at, zone)
        self._passed_over: Counter[str] = Counter()
        self._published_at: dict[int, datetime] = {}

    def refuse(self, fault: DatexFault) -> Refusal:
        """The refusal that a fault becomes."""
        return Refusal(
            feed_id=self._feed_id, reason=fault.reason, where=fault.where, detail=str(fault)
        )

    def take(self, publication: Element, record: Element) -> None:
        """Take in one record; what cannot be read is noted as a refusal."""
        told_at = self._find_published_at(publication)
        if record.name == "situation":
            self.refusals += map(self.refuse, self._events.add(record, told_at))
        elif record.name in _FIGURES:
            for fault in self._take_figures(record, publication, told_at):
                fault.where = f"{record.name}{_name(record)}: {fault.where}"
                self.refusals.append(self.refuse(fault))
        else:
            self._passed_over[record.name] += 1

    def _take_figures(
        self, record: Element, publication: Element, told_at: datetime
    ) -> Iterator[DatexFault]:
        """The faults of a record's values, or the one that refuses it whole."""
        try:
            yield from self._links.add(record, publication, told_at)
        except DatexFault as fault:
            yield fault

    def report(self, root: Element, *, snapshot: bool) -> TrafficReport:
        """Everything that was taken in.

        Args:
            root: of the document, without its records.
            snapshot: whether it lists all events there are though it does not say so.

        Raises:
            XmlFault: the root is of no DATEX II document.
        """
        publications = [one for one in root.walk() if _is_publication(one)]
        if not publications and not any(one.name in _DOCUMENTS for one in root.walk()):
            raise XmlFault(f"no DATEX II document: its root is {root.name}")
        for one in publications:
            if not one.kind.startswith(("Situation", "MeasuredData", "ElaboratedData")):
                self._passed_over[one.kind or one.name] += 1
        figures = tuple(self._links.list_figures())
        passed = self._passed_over + self._links.passed_over + self._events.passed_over
        methods = _find_methods(root)
        return TrafficReport(
            feed_id=self._feed_id,
            published_at=max(map(self._find_published_at, publications), default=self._received_at),
            received_at=self._received_at,
            figures=figures,
            events=self._events.list_events(),
            ended=tuple(self._events.ended),
            whole_situations=self._events.list_whole(methods),
            unread=tuple(self._events.unread),
            full_refresh=(snapshot or _is_full(root, methods))
            and any(p.kind.startswith("Situation") for p in publications),
            no_data=self._links.list_without(figures),
            passed_over=MappingProxyType(dict(passed)),
            simulated=any(
                p.text_at("headerInformation", "informationStatus") in NOT_REAL
                for p in publications
            ),
        )

    def _find_published_at(self, publication: Element) -> datetime:
        """When a publication was made; one ahead of its receipt is of the time of receipt."""
        known = self._published_at.get(id(publication))
        if known is None:
            known = self._received_at
            try:
                known = min(
                    read_time(publication.find("publicationTime"), self._zone) or known, known
                )
            except DatexFault as fault:
                self.refusals.append(self.refuse(fault))
            self._published_at[id(publication)] = known
        return known


def _is_publication(element: Element) -> bool:
    return element.kind.endswith("Publication") or element.name.endswith(("Publication", "payload"))


def _find_methods(root: Element) -> set[str]:
    """How the exchange says that it delivers updates; empty where it does not."""
    return {one.text for one in root.find_within("updateMethod", "codedExchangeProtocol")}


def _is_full(root: Element, methods: set[str]) -> bool:
    """Whether the document says that it lists everything there is."""
    return any(method.startswith("snapshot") for method in methods) or any(
        "full refresh" in one.text.casefold() for one in root.find_within("feedType")
    )


def _name(record: Element) -> str:
    site = record.find("measurementSiteReference")
    return f" {site.attributes.get('id', site.text)}" if site is not None else ""
