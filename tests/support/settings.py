"""Every settings class of the project."""

from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.enrich.settings import EnrichSettings
from services.index.settings import IndexWorkerSettings
from services.ingest.settings import IngestSettings
from services.local.settings import StackSettings
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.settings import Settings, WorkerSettings

CLASSES: list[type[Settings]] = [
    WorkerSettings,
    TopicSettings,
    KafkaSettings,
    ElasticsearchSettings,
    IngestSettings,
    EnrichSettings,
    IndexSettings,
    IndexWorkerSettings,
    StackSettings,
]
