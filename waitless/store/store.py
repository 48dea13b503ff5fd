"""What an area's truth is, in Redis: read by anyone, written by one."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self

import msgspec
from redis.asyncio import Redis

from waitless.belief.state import BeliefState, FacilityState
from waitless.belief.state import FeedState as FeedBelief
from waitless.forecast.learner import Forecast
from waitless.forecast.outlook import Outlook
from waitless.forecast.state import ForecastState, StateFault, decode_state
from waitless.health import FeedHealth, WatchMemory
from waitless.lease import Command, Lease
from waitless.override import Override
from waitless.pulse import Pulse
from waitless.reading import Reading
from waitless.store.acts import Acts, read_overrides
from waitless.store.changes import Changes
from waitless.store.codec import encode, list_decoded
from waitless.store.save import SAVE, list_words
from waitless.told.facility import FacilityTold
from waitless.traffic.picture import SourcePicture

HISTORY_PAGE = 200

_reading = msgspec.json.Decoder(Reading)
_outlook = msgspec.json.Decoder(Outlook)
_health = msgspec.json.Decoder(FeedHealth)
_pulse = msgspec.json.Decoder(Pulse)
_watch = msgspec.json.Decoder(WatchMemory)
_traffic = msgspec.json.Decoder(SourcePicture)
_told = msgspec.json.Decoder(FacilityTold)
_facility_belief = msgspec.json.Decoder(FacilityState)
_feed_belief = msgspec.json.Decoder(FeedBelief)


class Store:
    """One area's shared truth. Whoever holds the writer's lease writes; anyone may read.

    Every `save_` raises one of `StoreAway` where the store cannot be written to just now, or the
    lease is another's; then nothing has changed.

    Attributes:
        acts: what operators say and did.
    """

    def __init__(self, redis: Redis, area_id: str, lease: Lease | None = None) -> None:
        """Open nothing yet.

        Args:
            redis: the client; closed with this store.
            area_id: whose truth it is.
            lease: this process's claim to write; None for who only reads, or writes where nobody
                holds the lease.
        """
        self._redis = redis
        self._lease = lease or Lease(redis, area_id)
        self._prefix = f"waitless:{{{area_id}}}:"
        self._save = redis.register_script(SAVE)
        self.acts = Acts(redis, self._lease, self._prefix)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()

    async def ping(self) -> None:
        """Raises one of `StoreAway` where Redis does not answer."""
        await self._redis.ping()

    async def load_epoch(self) -> int:
        """The epoch that the store is at; 0 where it holds nothing."""
        return int(await self._redis.get(self._key("epoch")) or 0)

    async def save_readings(
        self, readings: Sequence[Reading], forecasts: Sequence[Forecast] = (), *, after: int = 0
    ) -> int:
        """Make new readings the truth with what is forecast from them, at once; gives the epoch.

        Args:
            readings: what is believed now.
            forecasts: of their facilities; those of others stay as they are.
            after: the new epoch is above this one, whatever the store remembers. 0 goes on from
                where the store is.

        Safe to repeat after a connection that died before its reply: the same reading is set
        again, and its place in the history is its own measurement time, taken only once.
        """
        keys, words = list_words(self._key, self._lease.token, after, readings, forecasts)
        return int(await self._lease.run(self._save, [self._lease.key, *keys], words))

    async def load_readings(self) -> tuple[int, dict[str, Reading]]:
        """The epoch and the readings that belong to it. What cannot be read counts as absent."""
        epoch, readings, _, _ = await self.load_picture()
        return epoch, readings

    async def load_picture(
        self,
    ) -> tuple[int, dict[str, Reading], dict[str, Outlook], dict[str, Override]]:
        """The same with the outlooks that belong to it, and what operators say."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(self._key("epoch"))
            pipe.hgetall(self._key("latest"))
            pipe.hgetall(self._key("outlooks"))
            pipe.hgetall(self._key("overrides"))
            epoch, latest, outlooks, overrides = await pipe.execute()
        return (
            int(epoch or 0),
            dict(list_decoded(latest, _reading)),
            dict(list_decoded(outlooks, _outlook)),
            read_overrides(overrides),
        )

    async def load_forecasts(self) -> dict[str, ForecastState | StateFault]:
        """What every facility's forecast has learnt, or why that cannot be read."""
        encoded: Any = await self._redis.hgetall(self._key("forecasts"))
        found: dict[str, ForecastState | StateFault] = {}
        for name, value in encoded.items():
            try:
                found[name.decode(errors="replace")] = decode_state(value)
            except StateFault as fault:
                found[name.decode(errors="replace")] = fault
        return found

    async def load_history(self, facility_id: str, since: datetime) -> AsyncIterator[list[Reading]]:
        """A facility's readings measured since an instant, oldest first, a page at a time.

        A week of them decoded at once would hold up the loop for longer than ten answers take.
        """
        key, first = self._key(f"history:{facility_id}"), str(int(since.timestamp() * 1000))
        while True:
            entries: Any = await self._redis.xrange(key, min=first, count=HISTORY_PAGE)
            fields = {name: entry[b"reading"] for name, entry in entries if b"reading" in entry}
            yield [reading for _, reading in list_decoded(fields, _reading)]
            if len(entries) < HISTORY_PAGE:
                return
            first = "(" + entries[-1][0].decode()

    async def save_health(self, feeds: Iterable[FeedHealth], pulse: Pulse) -> None:
        """Make feeds' health known to every reader; feeds no longer among them are forgotten."""
        key = self._key("feeds")
        await self._lease.write(
            ("SET", self._key("pulse"), encode(pulse)),
            ("DEL", key),
            *[("HSET", key, health.id, encode(health)) for health in feeds],
            ("PUBLISH", self._key("changes"), "feeds"),
        )

    async def load_health(self) -> dict[str, FeedHealth]:
        """Every feed's health as the ingest process last told it."""
        encoded: Any = await self._redis.hgetall(self._key("feeds"))
        return dict(list_decoded(encoded, _health))

    async def load_pulse(self) -> Pulse | None:
        """The writer's last sign of life; None where there never was one."""
        encoded: Any = await self._redis.get(self._key("pulse"))
        return dict(list_decoded({b"pulse": encoded}, _pulse)).get("pulse") if encoded else None

    async def save_belief(
        self, state: BeliefState, facilities: Iterable[str], feeds: Iterable[str]
    ) -> None:
        """Keep what belief remembers of the facilities and feeds named."""
        known: list[tuple[str, FacilityState | FeedBelief]] = [
            *(
                (f"facility:{one}", state.facilities[one])
                for one in facilities
                if one in state.facilities
            ),
            *((f"feed:{one}", state.feeds[one]) for one in feeds if one in state.feeds),
        ]
        await self._set("belief", {name: encode(one) for name, one in known})

    async def load_belief(self) -> BeliefState:
        """What belief remembered; what cannot be read is forgotten."""
        encoded: Any = await self._redis.hgetall(self._key("belief"))

        def of(kind: bytes) -> dict[bytes, bytes]:
            return {
                name.removeprefix(kind): value
                for name, value in encoded.items()
                if name.startswith(kind)
            }

        return BeliefState(
            facilities=dict(list_decoded(of(b"facility:"), _facility_belief)),
            feeds=dict(list_decoded(of(b"feed:"), _feed_belief)),
        )

    async def save_traffic(self, picture: Mapping[str, SourcePicture]) -> None:
        """Keep what these sources said of the roads."""
        await self._set("traffic", {feed_id: encode(one) for feed_id, one in picture.items()})

    async def load_traffic(self) -> dict[str, SourcePicture]:
        """What every source said; what cannot be read is forgotten."""
        encoded: Any = await self._redis.hgetall(self._key("traffic"))
        return dict(list_decoded(encoded, _traffic))

    async def save_told(self, told: Mapping[str, FacilityTold]) -> None:
        """Keep what these facilities' people were told, and how it came out."""
        await self._set("told", {facility_id: encode(one) for facility_id, one in told.items()})

    async def load_told(self) -> dict[str, FacilityTold]:
        """The same of every facility; what cannot be read is forgotten."""
        encoded: Any = await self._redis.hgetall(self._key("told"))
        return dict(list_decoded(encoded, _told))

    async def save_watch(self, memory: WatchMemory) -> None:
        """Keep what was last known, and told, of every feed and facility."""
        await self._lease.write(("SET", self._key("watch"), encode(memory)))

    async def load_watch(self) -> WatchMemory | None:
        """The same; None where nothing was kept."""
        encoded: Any = await self._redis.get(self._key("watch"))
        return dict(list_decoded({b"watch": encoded}, _watch)).get("watch") if encoded else None

    @asynccontextmanager
    async def changes(self) -> AsyncIterator["Changes"]:
        """Notices of change, from the moment the context is entered."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._key("changes"))
            yield Changes(pubsub)

    async def _set(self, name: str, fields: Mapping[str, bytes]) -> None:
        key = self._key(name)
        commands: list[Command] = [("HSET", key, field, value) for field, value in fields.items()]
        if commands:
            await self._lease.write(*commands)

    def _key(self, name: str) -> str:
        return self._prefix + name
