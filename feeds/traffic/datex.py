"""DATEX II, versions 2 and 3: one document to one traffic report."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType

from feeds.model import Refusal, RefusalReason
from feeds.traffic.datex_measured import LinkTally
from feeds.traffic.datex_situation import NOT_REAL, EventTally
from feeds.traffic.datex_values import DatexFault, read_time
from feeds.traffic.datex_xml import Element, XmlFault, read_xml
from feeds.traffic.model import TrafficReport

MAX_BYTES = 128 * 1024 * 1024
"""A country's roadworks, the largest that we know of, are some 200 MB: not for us whole."""
_FIGURES = frozenset({"siteMeasurements", "elaboratedData"})
_RECORDS = _FIGURES | {"situation", "vmsUnit", "vmsControllerStatus", "parkingRecordStatus"}
_DOCUMENTS = frozenset(
    {"d2LogicalModel", "messageContainer", "payload", "payloadPublication", "exchange",
     "exchangeInformation"}
)  # fmt: skip


def decode_datex(
    payload: bytes, *, feed_id: str, received_at: datetime
) -> Iterator[TrafficReport | Refusal]:
    """One report of all that a document says, then a refusal for each record that is unreadable.

    The wrapping does not matter: SOAP, a message container, a logical model or a bare
    publication. A document without a payload (a keep-alive) is an empty report. Bytes that are
    no such document are one refusal and no report.

    Args:
        payload: XML in any declared encoding, not compressed.
        feed_id: the source.
        received_at: aware UTC.
    """
    if len(payload) > MAX_BYTES:
        says = f"{len(payload)} bytes; at most {MAX_BYTES}"
        yield Refusal(
            feed_id=feed_id, reason=RefusalReason.TOO_LARGE, where="document", detail=says
        )
        return
    reading = _Reading(feed_id, received_at)
    try:
        root = read_xml(payload, _RECORDS, reading.take)
        report = reading.report(root)
    except XmlFault as fault:
        yield reading.refuse(DatexFault(RefusalReason.MALFORMED, "document", str(fault)))
        return
    yield report
    yield from reading.refusals


class _Reading:
    """One document on its way through."""

    def __init__(self, feed_id: str, received_at: datetime) -> None:
        self.refusals: list[Refusal] = []
        self._feed_id = feed_id
        self._received_at = received_at
        self._links = LinkTally(received_at)
        self._events = EventTally(received_at)
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
            try:
                self._links.add(record, publication, told_at)
            except DatexFault as fault:
                fault.where = f"{record.name}{_name(record)}: {fault.where}"
                self.refusals.append(self.refuse(fault))
        else:
            self._passed_over[record.name] += 1

    def report(self, root: Element) -> TrafficReport:
        """Everything that was taken in.

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
        return TrafficReport(
            feed_id=self._feed_id,
            published_at=max(map(self._find_published_at, publications), default=self._received_at),
            received_at=self._received_at,
            figures=figures,
            events=self._events.list_events(),
            ended=tuple(self._events.ended),
            unread=tuple(self._events.unread),
            full_refresh=_is_full(root)
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
                known = min(read_time(publication.find("publicationTime")) or known, known)
            except DatexFault as fault:
                self.refusals.append(self.refuse(fault))
            self._published_at[id(publication)] = known
        return known


def _is_publication(element: Element) -> bool:
    return element.kind.endswith("Publication") or element.name.endswith(("Publication", "payload"))


def _is_full(root: Element) -> bool:
    """Whether the document says that it lists everything there is."""
    return any(
        (one.name == "feedType" and "full refresh" in one.text.casefold())
        or (
            one.name in ("updateMethod", "codedExchangeProtocol")
            and one.text.startswith("snapshot")
        )
        for one in root.walk()
    )


def _name(record: Element) -> str:
    site = record.find("measurementSiteReference")
    return f" {site.attributes.get('id', site.text)}" if site is not None else ""
