"""What belief remembers never runs ahead of what is stored: or a takeover loses it."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from tests.support.clock import FakeClock
from tests.support.messages import observation
from tests.support.servers import Server
from waitless.area.pack import Area
from waitless.ingest import Desk
from waitless.ingest.pulse import save_belief
from waitless.lease import Lease
from waitless.metrics import IngestMetrics
from waitless.reading import Reading
from waitless.store import Store


async def test_what_is_judged_and_not_stored_is_not_remembered_for_who_takes_over(
    own_redis: Server, east_kent: Area
) -> None:
    clock = FakeClock()

    def make_desk() -> Desk:
        metrics = IngestMetrics(CollectorRegistry())
        return Desk(east_kent, now=clock, metrics=metrics, listens_to_mqtt=True)

    writer, heir = make_desk(), make_desk()
    wait = observation(minutes=22, as_of=clock() - timedelta(minutes=1))
    redis = Redis(port=own_redis.port)
    lease = Lease(redis, "east-kent")
    async with Store(redis, "east-kent", lease) as store:
        await lease.win()
        async with writer.settled:  # as the pipeline holds it
            assert judged(writer, wait)
            await save_belief(writer, store)
            heir.restore({}, await store.load_belief(), {})
            assert judged(heir, wait), "it comes again to who takes over, and is no repeat"
        await save_belief(writer, store)
        last = make_desk()
        last.restore({}, await store.load_belief(), {})
        assert not judged(last, wait), "once it is stored it is"


def judged(desk: Desk, wait: object) -> list[Reading]:
    changed, _ = desk.judge("kcht", [wait])  # type: ignore[list-item]
    return changed
