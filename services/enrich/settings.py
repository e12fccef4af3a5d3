"""Settings of the enrich worker."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.enrich.nlp.artefacts import ModelSet
from services.runtime.settings import PREFIX, Settings


class EnrichSettings(Settings):
    """The size of batches, the models, and the processes that they run in."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "ENRICH_")

    batch_records: int = Field(default=200, ge=1, le=2000)
    # See models/README.md for the scores, the costs and the terms of each.
    models: ModelSet = "default"
    # More workers are the usual way to grow; more processes share one consumer.
    processes: int = Field(default=1, ge=1, le=64)
    # For a chunk of 32 articles, or for one of them alone when the chunk did not end in time. Past
    # it the models hang, and the article that they hang over is a dead letter.
    # Well under the time after which a worker without progress counts as stuck (health.py).
    timeout_seconds: float = Field(default=60, gt=0, le=150)
