"""An enrich worker whose consumer freezes after two seconds of work, as it would after a day."""

from services.enrich import __main__ as enrich
from services.enrich import faust_runner as stream
from services.runtime import health, lifecycle

if __name__ == "__main__":
    vars(stream).update(MAX_POLL_INTERVAL_MS=2_000, STALL_CHECK_SECONDS=1.0)
    health.STUCK_SECONDS = 12.0  # longer than the test has the models stopped
    lifecycle.STUCK_CHECK_SECONDS = 0.5
    enrich.main()
