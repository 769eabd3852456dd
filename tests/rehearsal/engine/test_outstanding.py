"""What the SDK is given in place of `asyncio.wait`: tells the same of what is done, and not each thing by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rehearsal.wire.starter import Outstanding

MANY = 80


async def waited(outstanding: Outstanding, futures: Any) -> tuple[set[Any], set[Any]]:
    """Wait as the SDK does."""
    done, rest = await asyncio.wait_for(outstanding.wait(futures, return_when=asyncio.FIRST_COMPLETED), 5)
    return done, rest


def futures(count: int) -> list[asyncio.Future[None]]:
    """So many that aren't done."""
    return [asyncio.get_running_loop().create_future() for _ in range(count)]


def test_a_good_part_of_what_is_outstanding_is_told_at_once() -> None:
    """Ten of eighty that come one by one are one answer."""

    async def run() -> None:
        outstanding, there = Outstanding(), futures(MANY)
        for number, future in enumerate(there[:10]):
            asyncio.get_running_loop().call_later(number / 1000, future.set_result, None)
        done, rest = await waited(outstanding, there)

        assert done == set(there[:10])
        assert rest == set(there[10:])

    asyncio.run(run())


def test_one_of_many_is_told_after_a_moment() -> None:
    """Nothing else need be done for it."""

    async def run() -> None:
        outstanding, there = Outstanding(), futures(MANY)
        there[0].set_result(None)
        done, rest = await waited(outstanding, there)

        assert done == {there[0]}
        assert len(rest) == MANY - 1

    asyncio.run(run())


def test_what_failed_is_told_at_once() -> None:
    """A failure ends the program: nobody waits for others first."""

    async def run() -> None:
        outstanding, there = Outstanding(), futures(MANY)
        there[3].set_exception(RuntimeError("refused"))
        began = asyncio.get_running_loop().time()
        done, _ = await waited(outstanding, there)

        assert done == {there[3]}
        assert asyncio.get_running_loop().time() - began < 0.04
        with pytest.raises(RuntimeError, match="refused"):
            await done.pop()

    asyncio.run(run())


def test_each_future_is_told_once_whenever_it_is_done() -> None:
    """Also what was done between two waits, and what comes in addition."""

    async def run() -> None:
        outstanding, there = Outstanding(), futures(MANY)
        told: list[Any] = []
        loop, rest = asyncio.get_running_loop(), set(there)
        for number, future in enumerate(there):
            loop.call_later(number % 7 / 100, future.set_result, None)
        late = futures(1)[0]
        while rest:
            done, rest = await waited(outstanding, rest)
            told += done
            await asyncio.sleep(0.005)  # a moment in which others are done and nobody waits
            if late not in told:
                rest.add(late)
                late.cancel()

        assert sorted(map(id, told)) == sorted(map(id, [*there, late]))

    asyncio.run(run())


def test_any_other_wait_is_asyncios() -> None:
    """For all, or with a time limit."""

    async def run() -> None:
        outstanding, there = Outstanding(), futures(2)
        there[0].set_result(None)
        done, rest = await outstanding.wait(there, timeout=0.01)

        assert (done, rest) == ({there[0]}, {there[1]})
        assert outstanding.FIRST_COMPLETED == asyncio.FIRST_COMPLETED

    asyncio.run(run())
