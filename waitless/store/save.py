"""The script that makes readings the truth, and the words it is given."""

from collections.abc import Callable, Sequence

from waitless.forecast.learner import Forecast
from waitless.forecast.state import encode_state
from waitless.lease import GUARD
from waitless.reading import Reading
from waitless.store.codec import encode

HISTORY_LENGTH = 2016
"""Readings kept per facility: a week at one in five minutes."""

SAVE = (
    GUARD
    + """
for at = 7, #KEYS do
  local facility, id, reading = unpack(ARGV, 3 * at - 17, 3 * at - 15)
  local told = redis.pcall('XADD', KEYS[at], 'MAXLEN', '~', ARGV[3], id, 'reading', reading)
  if told.err and not string.find(told.err, 'equal or smaller') then return told end
  redis.call('HSET', KEYS[2], facility, reading)
end
for at = 3 * #KEYS - 14, #ARGV, 3 do
  local facility, state, outlook = unpack(ARGV, at, at + 2)
  redis.call('HSET', KEYS[5], facility, state)
  if outlook == '' then redis.call('HDEL', KEYS[6], facility)
  else redis.call('HSET', KEYS[6], facility, outlook) end
end
if tonumber(ARGV[2]) > 0 then redis.call('SET', KEYS[3], ARGV[2]) end
redis.call('PUBLISH', KEYS[4], 'readings')
return redis.call('INCR', KEYS[3])
"""
)
"""A script, for a transaction of as many commands costs our side three times as much: it has to
read an answer to each of them. KEYS: the lease, `NAMES`, a history for each reading."""
NAMES = ("latest", "epoch", "changes", "forecasts", "outlooks")

Words = list[str | int | bytes]


def list_words(
    key: Callable[[str], str],
    token: str,
    after: int,
    readings: Sequence[Reading],
    forecasts: Sequence[Forecast],
) -> tuple[list[str], Words]:
    """The script's keys, without the lease's, and its arguments."""
    keys = [key(name) for name in NAMES]
    words: Words = [token, after, HISTORY_LENGTH]
    for reading in readings:
        keys.append(key(f"history:{reading.facility_id}"))
        entry_id = f"{int(reading.as_of.timestamp() * 1000)}-0"
        words += (reading.facility_id, entry_id, encode(reading))
    for one in forecasts:
        outlook = b"" if one.outlook is None else encode(one.outlook)
        words += (one.facility_id, encode_state(one.state), outlook)
    return keys, words
