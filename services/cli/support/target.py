"""The deployment that a command works on: Kafka, Elasticsearch and namespace."""

import os
from dataclasses import dataclass, replace

from services.contracts.topics import FLOW, RAW, Topic
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.local.home import Home
from services.local.settings import StackSettings
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.settings import PREFIX, WorkerSettings, read_settings


@dataclass(frozen=True, slots=True)
class Target:
    """Servers, namespace and settings of one deployment."""

    namespace: str
    kafka: KafkaSettings
    elasticsearch: ElasticsearchSettings
    topics: TopicSettings
    index: IndexSettings

    @property
    def raw(self) -> Topic:
        """The topic that ``newsline push`` writes to."""
        return RAW.within(self.namespace)

    @property
    def flow(self) -> tuple[Topic, ...]:
        """Topics in the order in which an article passes them, with the consumer groups that read
        them; the index worker's group depends on its generation.
        """
        raw, accepted, enriched = (topic.within(self.namespace) for topic in FLOW)
        return (
            raw,
            accepted,
            replace(enriched, group=enriched.consumer_group(self.index.generation)),
        )

    def on(self, bootstrap_servers: str | None, elasticsearch_url: str | None) -> "Target":
        """Copy with other servers; None keeps the current ones."""
        kafka, elasticsearch = self.kafka, self.elasticsearch
        if bootstrap_servers is not None:
            kafka = kafka.model_copy(update={"bootstrap_servers": bootstrap_servers})
        if elasticsearch_url is not None:
            elasticsearch = elasticsearch.model_copy(update={"url": elasticsearch_url})
        return replace(self, kafka=kafka, elasticsearch=elasticsearch)


def read_target() -> Target:
    """Read the target from the environment, and missing servers from the stack in NEWSLINE_HOME.

    :raises SettingsError: a value is not usable.
    """
    target = Target(
        namespace=read_settings(WorkerSettings).namespace,
        kafka=read_settings(KafkaSettings),
        elasticsearch=read_settings(ElasticsearchSettings),
        topics=read_settings(TopicSettings),
        index=read_settings(IndexSettings),
    )
    # Home alone: a whole LocalStack takes long to import.
    local = Home(read_settings(StackSettings).home_path).load()
    return target.on(
        None if PREFIX + "KAFKA_BOOTSTRAP_SERVERS" in os.environ else local.bootstrap_servers,
        None if PREFIX + "ELASTICSEARCH_URL" in os.environ else local.elasticsearch_url,
    )
