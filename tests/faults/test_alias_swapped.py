"""The alias moves from one index to another while people search and workers write."""

import asyncio

from tests.faults.conservation import article, conserved
from tests.support.pipeline import Pipeline

SWAPS = 40
# Articles of one month: the shards of an index that is being made answer no search for a moment.
JANUARY = range(12, 360, 12)


async def test_forty_swaps_are_not_seen_by_a_search(pipe: Pipeline) -> None:
    """
    A month's articles are copied into an index of the next generation, and the alias goes there
    and back in one request each.
    """
    await pipe.start_all()
    pushed = [article(number) for number in JANUARY]
    await pipe.push(pushed)
    await pipe.drained()
    old, new = f"{pipe.alias}-2025.01", f"{pipe.alias}-2025.01-b"
    documents = await pipe.documents()
    # Made through the template: it has the mapping, and the alias with its filter.
    await pipe.client.indices.create(index=new)
    made = (await pipe.client.indices.get_alias(index=new))[new]["aliases"]
    usable = made[pipe.alias]["filter"]
    assert usable == {"term": {"status": "usable"}}
    await pipe.client.indices.update_aliases(
        actions=[{"remove": {"index": new, "alias": pipe.alias}}]
    )
    lines = [line for key, doc in documents.items() for line in ({"index": {"_id": key}}, doc)]
    await pipe.client.bulk(index=new, operations=lines, refresh=True)
    done = asyncio.Event()

    async def swap() -> None:
        here, there = old, new
        for _ in range(SWAPS):
            put = {"index": there, "alias": pipe.alias, "filter": usable}
            take = {"index": here, "alias": pipe.alias}
            await pipe.client.indices.update_aliases(actions=[{"add": put}, {"remove": take}])
            here, there = there, here
        done.set()

    async def search() -> int:
        searches = 0
        while not done.is_set():
            found = await pipe.client.search(
                index=pipe.alias, query={"term": {"source": "load"}}, size=0
            )
            assert found["_shards"]["failed"] == 0
            assert found["hits"]["total"]["value"] == len(documents)
            searches += 1
        return searches

    async def write() -> None:
        for number in JANUARY[:10]:
            await pipe.push([article(number, source="meanwhile")])

    _, searches, _ = await asyncio.gather(swap(), search(), write())

    assert searches >= SWAPS / 2
    await pipe.drained()
    await pipe.client.indices.delete(index=new)
    await pipe.client.indices.update_aliases(
        actions=[{"add": {"index": old, "alias": pipe.alias, "filter": usable}}]
    )
    more = [article(number, source="meanwhile") for number in JANUARY[:10]]
    assert (await conserved(pipe, pushed + more)).dead == 0
