"""Select the dead letters to replay: pure, one at a time, in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field

from services.cli.dead_letters.reader import DeadLetterEntry
from services.contracts.dead_letters import DeadLetterRef

# At most so many skipped dead letters are named; all of them are counted.
MAX_NAMED = 100


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Which dead letters to replay.

    :param reasons: error codes; an empty set is any.
    :param refs: these dead letters and no others, whatever their reason; None is all.
    :param limit: select at most so many.
    :param max_attempts: skip those that have failed so often.
    :param force: select named ones even so, and those that were replayed already.
    """

    reasons: frozenset[str] = frozenset()
    refs: frozenset[DeadLetterRef] | None = None
    limit: int = 10_000
    max_attempts: int = 5
    force: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A dead letter that matches and is not replayed, and why."""

    ref: DeadLetterRef
    reason: str


@dataclass(slots=True)
class ReplaySelection:
    """Dead letters that are replayed, and those that match and are not.

    :param counts: of those that match, by why they are skipped: "attempts", "replayed", "limit".
    """

    wanted: ReplayFilter
    entries: list[DeadLetterEntry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[DeadLetterRef] = field(default_factory=set)

    def consider(self, entry: DeadLetterEntry, replayed_ms: int | None) -> None:
        """Select an entry or skip it. Entries must come oldest first."""
        wanted = self.wanted
        if wanted.refs is not None:
            if entry.ref not in wanted.refs:
                return
            self.seen.add(entry.ref)
        if wanted.reasons and entry.dead_letter.code not in wanted.reasons:
            return
        if replayed_ms is not None and not wanted.force:
            self.counts["replayed"] += 1
            # Most dead letters were replayed; that is worth a line only of one that was named.
            if wanted.refs is not None:
                self._skip(entry, "it was replayed already")
        elif entry.dead_letter.attempt >= wanted.max_attempts and not wanted.force:
            self.counts["attempts"] += 1
            self._skip(entry, f"it has failed {entry.dead_letter.attempt} times")
        elif len(self.entries) >= wanted.limit:
            self.counts["limit"] += 1
        else:
            self.entries.append(entry)

    @property
    def missing(self) -> list[DeadLetterRef]:
        """Named references at which there is no dead letter."""
        return sorted((self.wanted.refs or frozenset()) - self.seen)

    @property
    def refs(self) -> list[DeadLetterRef]:
        """References of the selected dead letters."""
        return [entry.ref for entry in self.entries]

    @property
    def total_bytes(self) -> int:
        """Size of all selected values."""
        return sum(entry.size_bytes for entry in self.entries)

    def by_topic(self) -> Counter[str]:
        """Count the selected by the topic that they go back to."""
        return Counter(entry.source_topic for entry in self.entries)

    def by_reason(self) -> Counter[tuple[str, str]]:
        """Count the selected by the topic that they go back to and their error code."""
        return Counter((entry.source_topic, entry.dead_letter.code) for entry in self.entries)

    def _skip(self, entry: DeadLetterEntry, reason: str) -> None:
        if len(self.skipped) < MAX_NAMED:
            self.skipped.append(Skipped(entry.ref, reason))
