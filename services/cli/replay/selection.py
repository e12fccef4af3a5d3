"""Which dead letters a replay takes: pure, one letter at a time, in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field

from services.cli.dead_letters.reader import Buried
from services.contracts.dead_letters import DeadLetterRef

# So many of those that are left are named; all of them are counted.
NAMED = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for.

    :param reasons: codes; none of them is all of them.
    :param places: these letters and no others, whatever their reason; None is all.
    :param limit: take so many at most.
    :param max_attempts: leave those that have failed so often.
    :param force: take named letters even so, and those that were replayed already.
    """

    reasons: frozenset[str] = frozenset()
    places: frozenset[DeadLetterRef] | None = None
    limit: int = 10_000
    max_attempts: int = 5
    force: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A letter that was asked for and is not taken, and why."""

    place: DeadLetterRef
    reason: str


@dataclass(slots=True)
class Choice:
    """The letters that go, and those that were asked for and do not."""

    wish: Wish
    taken: list[Buried] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    # Asked for, by why they are left: "attempts", "replayed", "limit".
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[DeadLetterRef] = field(default_factory=set)

    def consider(self, buried: Buried, replayed_ms: int | None) -> None:
        """Take a letter or leave it. Letters must come oldest first."""
        wish = self.wish
        if wish.places is not None:
            if buried.place not in wish.places:
                return
            self.seen.add(buried.place)
        if wish.reasons and buried.letter.code not in wish.reasons:
            return
        if replayed_ms is not None and not wish.force:
            self.counts["replayed"] += 1
            # Of all letters most were replayed; that is news only of one that was asked for.
            if wish.places is not None:
                self._leave(buried, "it was replayed already")
        elif buried.letter.attempt >= wish.max_attempts and not wish.force:
            self.counts["attempts"] += 1
            self._leave(buried, f"it has failed {buried.letter.attempt} times")
        elif len(self.taken) >= wish.limit:
            self.counts["limit"] += 1
        else:
            self.taken.append(buried)

    @property
    def missing(self) -> list[DeadLetterRef]:
        """Places that were asked for, at which no dead letter lies."""
        return sorted((self.wish.places or frozenset()) - self.seen)

    @property
    def bytes(self) -> int:
        """Of all that goes."""
        return sum(buried.size_bytes for buried in self.taken)

    def reasons(self) -> Counter[tuple[str, str]]:
        """How many go, by the topic they go to and the reason they died of."""
        return Counter((buried.home, buried.letter.code) for buried in self.taken)

    def _leave(self, buried: Buried, reason: str) -> None:
        if len(self.left) < NAMED:
            self.left.append(Left(buried.place, reason))
