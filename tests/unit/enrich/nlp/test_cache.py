from services.enrich.nlp.cache import MAX_ENTRIES, BoundedCache


def test_a_value_is_computed_once() -> None:
    asked: list[str] = []

    def length(word: str) -> int:
        asked.append(word)
        return len(word)

    cache = BoundedCache(length)

    assert [cache["one"], cache["three"], cache["one"]] == [3, 5, 3]
    assert asked == ["one", "three"]


def test_it_never_holds_more_than_its_bound_and_keeps_what_came_last() -> None:
    cache: BoundedCache[int, int] = BoundedCache(lambda number: -number)

    assert all(cache[number] == -number for number in range(3 * MAX_ENTRIES))
    assert len(cache) <= MAX_ENTRIES
    assert 3 * MAX_ENTRIES - 1 in cache
    assert 0 not in cache
