"""What the index worker is told by its environment."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import PREFIX, Settings


class IndexSettings(Settings):
    """Batches, and the shape of the indices that ``newsline setup`` declares."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "INDEX_")

    batch_records: int = Field(default=500, ge=1, le=10_000)
    # Above 1: a new set of indices, filled by replay beside the one that is searched.
    generation: int = Field(default=1, ge=1, le=999)
    # How far apart two copies of a story may be published; 0 marks none.
    duplicate_window_hours: int = Field(default=72, ge=0, le=8760)
    shards: int = Field(default=1, ge=1, le=1024)
    # None is one, or none as long as there is a single node.
    replicas: int | None = Field(default=None, ge=0, le=32)

    @property
    def duplicate_window(self) -> timedelta:
        """How far apart two copies of a story may be published."""
        return timedelta(hours=self.duplicate_window_hours)
