"""deploy/settings.md lists every setting that the code reads, with the code's own default."""

import re
from pathlib import Path

import pytest

from tests.support.settings import CLASSES

PAGE = Path(__file__).parents[2] / "deploy" / "settings.md"
DEFAULTS = {
    f"{kind.model_config['env_prefix']}{name.upper()}": field.default
    for kind in CLASSES
    for name, field in kind.model_fields.items()
}


def rows() -> list[tuple[str, str]]:
    """The names and defaults of the page, in its order."""
    return re.findall(
        r"^\| `(\w+)` \|([^|]*)\|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )


def test_the_page_lists_every_setting_once_and_no_other() -> None:
    assert sorted(name for name, _ in rows()) == sorted(DEFAULTS)


@pytest.mark.parametrize(("name", "cell"), rows())
def test_a_default_is_that_of_the_code(name: str, cell: str) -> None:
    default, told = DEFAULTS[name], cell.strip().partition(";")[0]

    if default is None or default == "":
        # In words, if at all: where the value comes from then.
        assert not re.search(r"[`\d]", told)
    elif isinstance(default, int | float) and not isinstance(default, bool):
        assert float(told) == default
    else:
        assert told == f"`{str(default).lower() if isinstance(default, bool) else default}`"
