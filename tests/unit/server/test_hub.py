"""The event hub: increasing ids, topics, what was missed, and listeners that cannot keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from runnel.server.hub import QUEUE, Event, EventHub


def everything(topic: str) -> bool:
    return True


def run(work: Callable[[EventHub], Awaitable[None]], hub: EventHub | None = None) -> None:
    async def main() -> None:
        await work(hub or EventHub())

    asyncio.run(main())


def test_an_event_reaches_who_wants_its_topic() -> None:
    async def work(hub: EventHub) -> None:
        all_, _, _ = hub.listen(everything, None)
        runs, _, _ = hub.listen(lambda topic: topic.startswith("run:"), None)
        hub.publish("run:1", "run.started", {"n": 1})
        hub.publish("draft:x", "draft.changed", {})
        await asyncio.sleep(0)
        assert all_.queue.qsize() == 2 and runs.queue.qsize() == 1
        event = runs.queue.get_nowait()
        assert isinstance(event, Event) and event.text == b'{"topic":"run:1","type":"run.started","data":{"n":1}}'

    run(work)


def test_what_was_missed_comes_by_id_and_nothing_twice() -> None:
    async def work(hub: EventHub) -> None:
        ids = [hub.id_of(hub.publish("t", "x", {"n": n})) for n in range(5)]
        _, missed, complete = hub.listen(everything, ids[1])
        assert complete and [hub.id_of(event.number) for event in missed] == ids[2:]
        _, missed, complete = hub.listen(everything, ids[-1])
        assert complete and missed == []

    run(work)


def test_an_id_of_another_start_or_one_that_is_too_old_is_not_complete() -> None:
    async def work(hub: EventHub) -> None:
        ids = [hub.id_of(hub.publish("t", "x", {})) for _ in range(9)]
        for old in (ids[0], "ffffffff-3", "nonsense", hub.id_of(99), hub.mark + "-²", ""):
            _, missed, complete = hub.listen(everything, old)
            assert not complete and missed == []
        assert hub.listen(everything, ids[5])[2] is True

    run(work, EventHub(kept=4))


def test_a_listener_that_does_not_keep_up_is_cut_and_resumes_where_it_was() -> None:
    async def work(hub: EventHub) -> None:
        listener, _, _ = hub.listen(everything, None)
        for number in range(QUEUE + 10):
            hub.publish("t", "x", {"n": number})
        await asyncio.sleep(0)
        got = []
        while (event := listener.queue.get_nowait()) is not None:
            got.append(event.number)
        assert got == list(range(1, len(got) + 1)) and len(got) < QUEUE + 10
        _, missed, complete = hub.listen(everything, hub.id_of(got[-1]))
        assert complete and got + [event.number for event in missed] == list(range(1, QUEUE + 11))

    run(work)


def test_closing_ends_every_stream_and_those_that_come_later() -> None:
    async def work(hub: EventHub) -> None:
        before, _, _ = hub.listen(everything, None)
        hub.publish("t", "x", {})
        hub.close()
        after, _, _ = hub.listen(everything, None)
        await asyncio.sleep(0)
        assert isinstance(before.queue.get_nowait(), Event) and before.queue.get_nowait() is None
        assert after.queue.get_nowait() is None

    run(work)


def test_events_from_other_threads_arrive() -> None:
    async def work(hub: EventHub) -> None:
        listener, _, _ = hub.listen(everything, None)
        await asyncio.to_thread(lambda: [hub.publish("t", "x", {}) for _ in range(50)])
        await asyncio.sleep(0)
        assert listener.queue.qsize() == 50

    run(work)
