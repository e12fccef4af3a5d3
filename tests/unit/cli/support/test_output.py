import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from services.cli.support.output import as_json, on_one_line, plain, print_rows, safe_text

DANGEROUS = "\x1b[31m\x1b]0;title\x07\x9b2J\r\x08\u202e\u2066\u2028\x7f\udc9b"
ANY = st.text() | st.text(alphabet=DANGEROUS)


def is_safe(text: str, allowed: str = "\n\t") -> bool:
    return not any(
        unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or char in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        for char in text
        if char not in allowed
    )


@given(ANY)
def test_no_text_can_control_the_terminal(text: str) -> None:
    assert is_safe(plain(text))
    assert is_safe(on_one_line(text), allowed="")


@given(st.recursive(ANY, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_json_is_exact_and_cannot_control_the_terminal(value: object) -> None:
    assert json.loads(as_json(value)) == value
    assert is_safe(as_json(value))


def test_markup_is_printed_and_not_obeyed() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with console.capture() as captured:
        console.print(safe_text("[bold red]a[/bold red] [link=http://x]b[/link] :smile:"))
    assert captured.get() == "[bold red]a[/bold red] [link=http://x]b[/link] :smile:\n"


def test_letters_of_all_scripts_stay() -> None:
    text = "Füße Ναός यूनिकोड 新闻 👨\u200d👩\u200d👧"
    assert plain(text) == on_one_line(text) == text


@pytest.mark.parametrize("width", [20, 40, 80, 120, 160])
def test_the_first_column_is_never_cut(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    refs = [f"a-namespace.articles.accepted.dead/11/{n}" for n in range(123_456, 123_459)]
    reason = "invalid_json: " + "why " * 30
    print_rows(("dead letter", "attempt", "reason"), [(ref, 2, reason) for ref in refs])
    printed = capsys.readouterr().out
    assert [word for word in printed.split() if "/" in word] == refs
    assert printed.split().count("why") == 90
    assert printed.split().count("attempt") in {1, 3}


def test_a_row_is_a_line_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_rows(("dead letter", "reason"), [("t/0/1", "a: x"), ("t/0/2", "b: \x1b[2J")])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["dead", "letter", "reason"],
        ["t/0/1", "a:", "x"],
        ["t/0/2", "b:", "\ufffd[2J"],
    ]
