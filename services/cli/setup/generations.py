"""From one generation of indices to the next, with no gap in what is searched.

A new generation is filled by its own index workers, in their own consumer group, from the start of
``articles.enriched``, while the old one is searched. Then the old one's workers stop, which delays
new articles for a moment and hides none; and when the new generation has all that was in the topic
by then, the alias moves over, atomically.
"""

from dataclasses import dataclass, replace

from services.cli.support.clients import reaching_kafka, searching
from services.cli.support.errors import CommandError, ExitCode
from services.contracts.topics import ENRICHED
from services.elastic import schema
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.runtime.kafka.clients import admin
from services.runtime.kafka.lag import offset_reader
from services.runtime.kafka.settings import KafkaSettings


class NotReadyToSwitch(CommandError):
    """Moving the alias now would hide articles; the message says what to do first."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.REFUSED)


@dataclass(frozen=True, slots=True)
class AliasSwitch:
    """Moves the alias of one deployment to the generation that the settings name."""

    kafka: KafkaSettings
    elasticsearch: ElasticsearchSettings
    namespace: str
    shape: IndexSettings

    async def move_alias(self) -> list[str]:
        """Move the alias.

        :raises NotReadyToSwitch: the old generation's workers run, or the new one is not full.
        :raises ServerUnavailable: a server cannot be reached.
        """
        new = self.shape.generation
        async with searching(self.elasticsearch) as client:
            old = await schema.searched_generation(client, self.namespace)
            if old == new:
                return [f"Generation {new} is the one that is searched."]
            if old is not None:
                await self._refuse_running_workers(old)
            await self._refuse_lag()
            indices = await schema.show_generation(client, self.namespace, self.shape)
        return [f"Generation {new} is searched now: {len(indices)} indices."]

    async def _refuse_running_workers(self, old: int) -> None:
        """Refuse while workers of the old generation run.

        Without them, whatever it shows came from before the topic's end as it is now.
        """
        group = ENRICHED.within(self.namespace).consumer_group(old)
        client = admin(self.kafka)
        with reaching_kafka(self.kafka):
            try:
                await client.start()
                (answer,) = await client.describe_consumer_groups([group])
            finally:
                await client.close()
        # error, group, state, protocol type, protocol, members …
        if members := answer.groups[0][5]:
            raise NotReadyToSwitch(
                f"Stop the {len(members)} index workers of generation {old} first."
            )

    async def _refuse_lag(self) -> None:
        topic = ENRICHED.within(self.namespace)
        group = topic.consumer_group(self.shape.generation)
        with reaching_kafka(self.kafka):
            async with offset_reader(self.kafka) as offsets:
                behind = (await offsets.lag([replace(topic, group=group)]))[topic.name]
        if behind:
            raise NotReadyToSwitch(
                f"Generation {self.shape.generation} is still {behind} records behind."
            )
