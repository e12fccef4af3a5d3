"""What a person types to name a dead letter."""

from services.cli.support.errors import Code, Ended
from services.cli.support.target import Target
from services.contracts.dead_letters import DeadLetterRef


def parsed(target: Target, text: str) -> DeadLetterRef:
    """The place that `newsline dead` has shown.

    :raises Ended: it is none, or not one of this deployment.
    """
    topics = [topic.dead for topic in target.flow]
    try:
        place = DeadLetterRef.parse(text)
    except ValueError as error:
        raise Ended(
            f"{text!r} names no dead letter; they look like {topics[0]}/0/17", Code.WRONG_USE
        ) from error
    if place.topic not in topics:
        raise Ended(
            f"{place.topic} is no topic of dead letters; those are {', '.join(topics)}",
            Code.WRONG_USE,
        )
    return place
