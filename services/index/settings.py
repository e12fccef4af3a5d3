"""Settings of the index worker."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import PREFIX, Settings


class IndexWorkerSettings(Settings):
    """The size of batches, and how far apart duplicates may be published."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "INDEX_")

    batch_records: int = Field(default=500, ge=1, le=10_000)
    # How far apart two near-duplicates may be published; 0 marks none.
    duplicate_window_hours: int = Field(default=72, ge=0, le=8760)

    @property
    def duplicate_window(self) -> timedelta:
        """How far apart two near-duplicates may be published."""
        return timedelta(hours=self.duplicate_window_hours)
