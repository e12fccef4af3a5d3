"""``newsline show``: one stored article."""

from typing import Annotated

import typer

from services.cli.support.errors import Code, Ended, guarded, run

HELP = """Show one article: what is known of it, and its text.

The id is that of `newsline search`. Articles that are withheld or canceled are not shown.

Examples:

  newsline show 1f0c0d2e6a7b4c5d8e9f0a1b2c3d4e5f

  newsline show 1f0c0d2e6a7b4c5d8e9f0a1b2c3d4e5f --json
"""


@guarded
def show(
    article_id: Annotated[str, typer.Argument(metavar="ID", help="The article's id.")],
    *,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print the stored document, exactly.")
    ] = False,
) -> None:
    """Show one article; exit 1 if there is none of this id."""
    # Elasticsearch's client is slow to import, and `--help` needs none.
    from services.cli.search.render import show_facts, show_text  # noqa: PLC0415 - see above
    from services.cli.support.documents import document  # noqa: PLC0415 - see above
    from services.cli.support.output import output, show_json  # noqa: PLC0415 - see above
    from services.cli.support.target import read_target  # noqa: PLC0415 - see above

    target = read_target()
    found = run(document(target, article_id))
    if found is None:
        raise Ended(f"there is no article {article_id} to be shown", Code.REFUSED)
    if json_output:
        show_json(found)
        return
    console = output()
    show_facts(console, found)
    console.print()
    show_text(console, found)
