"""An enrich worker that refuses every article whose text says so, as if it had become too large."""

from services.contracts.errors import ContractViolation
from services.contracts.topics import Topic
from services.enrich import __main__ as enrich

MARK = b"To be refused by enrich."


def refuse(topic: Topic, value: bytes) -> None:
    if MARK in value:
        raise ContractViolation("too_large", f"a test's article for {topic.name}")


if __name__ == "__main__":
    Topic.refuse_oversize = refuse  # type: ignore[assignment, method-assign]  # of this process alone
    enrich.main()
