"""A process that stops accepting answers whomever it has accepted."""

import asyncio
import socket

from aiohttp import web

from waitless.serve.gate import Gate


async def test_who_is_accepted_in_the_turn_in_which_that_ends_is_answered() -> None:
    """asyncio takes a connection in one turn of its loop and makes it its server's in the next."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(text="here")

    listening = socket.create_server(("127.0.0.1", 0))
    gate = Gate(10, 5.0, lambda: None)
    server = web.Server(answer)
    accepting = await gate.open(server, listening)
    with socket.create_connection(listening.getsockname()) as patient:
        patient.sendall(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        ending = asyncio.Event()
        asyncio.get_running_loop().call_soon(ending.set)  # just before the connection is taken
        await ending.wait()
        await gate.close(accepting)
        patient.setblocking(False)
        told = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(patient, 1000), 5)
    assert told.startswith(b"HTTP/1.1 200")
    await server.shutdown()
