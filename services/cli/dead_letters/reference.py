"""What a person types to name a dead letter."""

from services.cli.support.errors import Code, Ended
from services.cli.support.target import Deployment
from services.contracts.dead_letters import Place


def parsed(here: Deployment, text: str) -> Place:
    """The place that `newsline dead` has shown.

    :raises Ended: it is none, or not one of this deployment.
    """
    topics = [topic.dead for topic in here.flow]
    try:
        place = Place.parse(text)
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
