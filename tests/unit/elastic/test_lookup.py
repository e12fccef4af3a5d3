from typing import Any

import pytest

from services.elastic.lookup import Lookup
from services.runtime.health import Health
from services.runtime.retry import Interrupted, RetryPolicy

THERE = {"_index": "a", "_id": "1", "found": True, "_source": {}}
ABSENT = {"_index": "a", "_id": "2", "found": False}
NO_INDEX = {"_index": "a", "_id": "1", "error": {"type": "index_not_found_exception"}}
CLOSED = {"_index": "a", "_id": "1", "error": {"type": "index_closed_exception"}}


class Client:
    """Answers as it is told to, and then stops the worker."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    async def mget(self, **_: Any) -> Any:
        return self.answers.pop(0)


def lookup(client: Client) -> Lookup:
    retry = RetryPolicy(Health("index"), lambda: not client.answers)
    return Lookup(client, retry)  # type: ignore[arg-type] # as much of a client as is asked for


async def test_what_is_not_there_is_left_out() -> None:
    client = Client({"docs": [THERE, ABSENT]})

    assert await lookup(client).get({"1": "a", "2": "a"}, ()) == {"1": THERE}


async def test_an_article_that_cannot_be_read_is_asked_for_again() -> None:
    """
    Or what is a first, or the newest version, would be overwritten.
    """
    client = Client({"docs": [CLOSED]}, {"docs": [THERE]})

    assert await lookup(client).get({"1": "a"}, (), may_be_gone=True) == {"1": THERE}


async def test_an_index_that_is_not_there_is_waited_for_unless_it_may_be_gone() -> None:
    gone = Client({"docs": [NO_INDEX]})
    assert await lookup(gone).get({"1": "a"}, (), may_be_gone=True) == {}

    with pytest.raises(Interrupted):
        await lookup(Client({"docs": [NO_INDEX]})).get({"1": "a"}, ())


async def test_nothing_is_asked_for_nothing() -> None:
    assert await lookup(Client()).get({}, ()) == {}
