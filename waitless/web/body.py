"""Reading a request's body: bounded in bytes and in time."""

import asyncio

from aiohttp import web

from waitless.web.problems import Problem, RequestRefused

WHOLE_WITHIN_S = 20.0
_CHUNK = 64 * 1024


async def read_body(request: web.Request, most: int) -> bytes:
    """The whole body, unpacked where it came compressed.

    Raises:
        RequestRefused: over `most` bytes, not whole in time, or not what its headers say.
    """
    if (request.content_length or 0) > most:
        raise RequestRefused(Problem.BODY_TOO_LARGE, f"at most {most} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(WHOLE_WITHIN_S):
            async for chunk in request.content.iter_chunked(min(most, _CHUNK)):
                body += chunk
                if len(body) > most:
                    raise RequestRefused(Problem.BODY_TOO_LARGE, f"at most {most} bytes")
    except TimeoutError as fault:
        raise RequestRefused(
            Problem.BODY_TOO_SLOW, f"not whole in {WHOLE_WITHIN_S:.0f} s"
        ) from fault
    except web.RequestPayloadError as fault:
        raise RequestRefused(Problem.BAD_REQUEST, "the body is not what its headers say") from fault
    return bytes(body)
