"""Every metric, declared once: its name, its unit, its labels."""

from prometheus_client import Counter, Gauge, Histogram

# Seconds; the guarantee is two of them end to end at the 95th percentile.
_LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600)

ARTICLES = Counter(
    "newsline_articles",
    "Records that a stage is done with, each counted once. Outcomes: accepted, enriched, "
    "stored, stale (a newer version is there already), dead (a dead letter).",
    ["stage", "outcome"],
)
DEAD_LETTERS = Counter(
    "newsline_dead_letters", "Dead letters acknowledged by the broker.", ["stage", "reason"]
)
DUPLICATES = Counter(
    "newsline_duplicates", "Articles marked as duplicates of another when they were first stored."
)
BATCH_RECORDS = Histogram(
    "newsline_batch_records",
    "Records in a batch.",
    ["stage"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
BATCH_SECONDS = Histogram(
    "newsline_batch_seconds",
    "Time from taking a batch to committing it.",
    ["stage"],
    buckets=_LATENCY_BUCKETS,
)
LATENCY_SECONDS = Histogram(
    "newsline_latency_seconds",
    "Time from a record's arrival in articles.raw until a stage was done with it.",
    ["stage"],
    buckets=_LATENCY_BUCKETS,
)
RETRIES = Counter(
    "newsline_retries", "Attempts repeated because a server could not take them.", ["stage"]
)
WAITING = Gauge(
    "newsline_waiting", "1 while a stage waits for a server that cannot be reached.", ["stage"]
)
LAG_SECONDS = Gauge(
    "newsline_lag_seconds",
    "Age of the oldest record that a stage is processing, by the broker's clock; 0 when idle.",
    ["stage"],
)
