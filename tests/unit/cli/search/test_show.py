import pytest
import typer

from services.cli.search.show import check_prefix, only_match
from services.cli.support.documents import MAX_LISTED
from services.cli.support.errors import CommandError, ExitCode


def test_the_only_article_whose_id_begins_so_is_meant() -> None:
    assert only_match("1F0C", {"1f0c0d": "A title"}) == "1f0c0d"


def test_an_ambiguous_prefix_lists_the_ids() -> None:
    with pytest.raises(CommandError, match="several articles") as error:
        only_match("1f0c", {"1f0c0d": "One\x1b\ntitle", "1f0c0e": "Another"})
    assert error.value.code is ExitCode.REFUSED
    assert str(error.value).splitlines()[1:] == ["  1f0c0d  One\ufffd title", "  1f0c0e  Another"]


def test_a_list_of_ids_is_bounded() -> None:
    titles = {f"1f0c{n:02}": "" for n in range(MAX_LISTED + 1)}
    with pytest.raises(CommandError) as error:
        only_match("1f0c", titles)
    assert len(str(error.value).splitlines()) == 1 + MAX_LISTED + 1
    assert str(error.value).endswith("  and more")


def test_nothing_found_is_no_article() -> None:
    with pytest.raises(CommandError, match="there is no article 1f0c") as error:
        only_match("1f0c", {})
    assert error.value.code is ExitCode.REFUSED


def test_a_short_prefix_is_refused_and_blanks_do_not_count() -> None:
    with pytest.raises(typer.BadParameter, match="at least the first 4"):
        check_prefix(" 1f0 ")
    assert check_prefix(" 1f0c\n") == "1f0c"
