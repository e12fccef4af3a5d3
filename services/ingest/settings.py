"""Settings of the ingest worker."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.contracts.topics import MAX_RECORD_BYTES, MIB
from services.runtime.settings import PREFIX, Settings


class IngestSettings(Settings):
    """The size of batches, and of an article (the whole raw record, in bytes)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "INGEST_")

    batch_records: int = Field(default=500, ge=1, le=10_000)
    # A quarter of what the broker takes: JSON escapes and normalisation may make it grow, and the
    # next topics must take whatever is accepted.
    max_article_bytes: int = Field(default=MIB, ge=1024, le=MAX_RECORD_BYTES // 4)
