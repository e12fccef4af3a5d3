"""One replay from the wish to the ending: choose, edit, ask, send, wait, tell."""

from dataclasses import dataclass, replace

import typer

from services.cli.dead_letters import render as autopsy
from services.cli.replay import editor as editing
from services.cli.replay import plan as replaying
from services.cli.replay import render as replayed
from services.cli.replay.plan import Fate, Plan
from services.cli.replay.selection import Wish
from services.cli.support.errors import Away, Code, Ended, run
from services.cli.support.output import say, show_json
from services.cli.support.target import Target


@dataclass(frozen=True, slots=True)
class Request:
    """What a person typed.

    :param suffix: of the names of the topics.
    :param edit: let the one letter be changed first.
    :param ask: before anything is sent.
    :param wait_seconds: None does not wait.
    """

    suffix: str
    wish: Wish
    edit: bool
    dry_run: bool
    ask: bool
    wait_seconds: float | None
    json_output: bool


def revive(target: Target, request: Request) -> None:
    """The whole command.

    :raises Ended: Kafka is away, or the workers take too long.
    :raises typer.Exit: with code 1, if some letters died again or could not go.
    """
    planned = run(replaying.plan(target, request.suffix, request.wish))
    choice = planned.choice
    replayed.say_choice(choice)
    if request.edit and choice.taken:
        planned = _edited(target, planned)
    if request.dry_run:
        if request.json_output:
            show_json(replayed.would_json(choice))
        else:
            replayed.show_plan(choice)
        return
    fate = Fate()
    if choice.taken:
        if request.ask:
            typer.confirm(f"Replay {replayed.summary(choice)}?", abort=True, err=True)
        fate = run(replaying.carry_out(target, planned, request.wait_seconds))
    if request.json_output:
        show_json(replayed.to_json(choice, fate))
    replayed.say_fate(fate)
    _end(request, planned, fate)


def _edited(target: Target, planned: Plan) -> Plan:
    (buried,) = planned.choice.taken
    original = run(replaying.bytes_of(target, buried.place))
    edited = editing.edit(original, autopsy.suffix(original))
    if not editing.is_changed(original, edited) and not planned.choice.wish.force:
        raise Ended(
            "nothing was changed and nothing was sent; --force sends it as it is", Code.REFUSED
        )
    return replace(planned, edited={buried.place: edited})


def _end(request: Request, planned: Plan, fate: Fate) -> None:
    if fate.late is not None:
        raise Away(
            f"after {request.wait_seconds:g} s the workers have yet to finish {fate.late}; "
            "`newsline status` tells whether they run, `newsline dead` what became of the letters"
        )
    gone = len(planned.choice.taken) - len(fate.sent.places) - len(fate.sent.refusals)
    if gone:
        say(f"{gone} dead letters were gone: their topic keeps them no longer")
    # A letter that was named, and did not go, was not what its user wanted.
    unwilling = planned.choice.left if request.wish.places is not None else []
    if fate.dead_again or fate.sent.refusals or unwilling:
        raise typer.Exit(Code.REFUSED)
