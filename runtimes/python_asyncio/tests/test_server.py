import asyncio
import itertools
import unittest

from regatta_asyncio import loops
from regatta_asyncio.scenarios.server import Server, echo, forwarder_to, reset


async def answer_at_the_end(reader, writer):
    writer.write(await reader.read())
    await writer.drain()


async def reset_at_once(reader, writer):
    await reader.readexactly(1)
    reset(writer)


class ThroughAProxy:
    """A client that a proxy connects to an upstream with this handler."""

    def __init__(self, handle):
        self.upstream = Server(handle)

    async def __aenter__(self):
        await self.upstream.start()
        self.relaying = Server(forwarder_to(self.upstream.address))
        await self.relaying.start()
        self.reader, self.writer = await asyncio.open_connection(*self.relaying.address)
        return self.reader, self.writer

    async def __aexit__(self, failure, *_):
        reset(self.writer)
        if failure is not None:
            return  # Who failed may have left somebody waiting, whom the end of the loop ends.
        await self.relaying.stop()
        await self.upstream.stop()


async def an_end_is_passed_on_and_the_way_back_goes_on():
    question = b"regatta" * 100_000
    async with ThroughAProxy(answer_at_the_end) as (reader, writer):
        writer.write(question)
        writer.write_eof()
        assert await reader.read() == question


async def a_reset_is_passed_on():
    async with ThroughAProxy(reset_at_once) as (reader, writer):
        writer.write(b"x")
        await expect_reset(reader)


async def a_reset_by_the_client_is_passed_on():
    how_it_ended = asyncio.get_running_loop().create_future()

    async def watch(reader, writer):
        writer.write(b"x")
        try:
            await expect_reset(reader)
            how_it_ended.set_result(None)
        except AssertionError as failure:
            how_it_ended.set_exception(failure)

    async with ThroughAProxy(watch) as (reader, writer):
        await reader.readexactly(1)
        reset(writer)
        await how_it_ended


async def an_upstream_that_is_gone_resets_the_client():
    gone = Server(echo)
    await gone.start()
    address = gone.address
    await gone.stop()
    relaying = Server(forwarder_to(address))
    await relaying.start()
    reader, writer = await asyncio.open_connection(*relaying.address)
    await expect_reset(reader)
    writer.close()
    await relaying.stop()


async def expect_reset(reader):
    try:
        got = await reader.read()
    except ConnectionResetError:
        return
    raise AssertionError(f"the other side was reset, but the client sees an end after {got!r}")


class Servers(unittest.TestCase):
    def test_on_every_loop(self):
        for variant, test in itertools.product(
            loops.LOOPS,
            (
                an_end_is_passed_on_and_the_way_back_goes_on,
                a_reset_is_passed_on,
                a_reset_by_the_client_is_passed_on,
                an_upstream_that_is_gone_resets_the_client,
            ),
        ):
            loop = loops.LOOPS[variant]()
            with self.subTest(variant=variant, test=test.__name__):
                try:
                    loop.run_until_complete(asyncio.wait_for(test(), timeout=10))
                finally:
                    loops.close(loop)


if __name__ == "__main__":
    unittest.main()
