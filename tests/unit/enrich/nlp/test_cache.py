from services.enrich.nlp.cache import MOST, Memory


def test_a_value_is_found_out_once() -> None:
    asked: list[str] = []

    def length(word: str) -> int:
        asked.append(word)
        return len(word)

    memory = Memory(length)

    assert [memory["one"], memory["three"], memory["one"]] == [3, 5, 3]
    assert asked == ["one", "three"]


def test_it_never_holds_more_than_its_bound_and_keeps_what_came_last() -> None:
    memory: Memory[int, int] = Memory(lambda number: -number)

    assert all(memory[number] == -number for number in range(3 * MOST))
    assert len(memory) <= MOST
    assert 3 * MOST - 1 in memory
    assert 0 not in memory
