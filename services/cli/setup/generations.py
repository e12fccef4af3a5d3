"""From one generation of indices to the next, with no gap in what is searched.

A new generation is filled by its own index workers, in their own consumer group, from the start of
``articles.enriched``, while the old one is searched. Then the old one's workers stop, which delays
new articles for a moment and hides none; and when the new generation has all that was in the topic
by then, the alias moves over, atomically.
"""

from dataclasses import dataclass, replace

from aiokafka.errors import KafkaError

from services.cli.setup.retry import ServerAway
from services.cli.setup.servers import searching
from services.contracts.topics import ENRICHED
from services.elastic import schema
from services.elastic.settings import ElasticsearchSettings, IndexSettings
from services.runtime.kafka.clients import admin
from services.runtime.kafka.lag import offset_reader
from services.runtime.kafka.settings import KafkaSettings


class NotYet(Exception):
    """Moving over now would hide articles; the message says what to do first."""


@dataclass(frozen=True, slots=True)
class Mover:
    """Moves the alias of one deployment to the generation that the settings name."""

    kafka: KafkaSettings
    elasticsearch: ElasticsearchSettings
    namespace: str
    shape: IndexSettings

    async def show(self) -> list[str]:
        """Move the alias.

        :raises NotYet: the old generation's workers still run, or the new one is not full.
        :raises ServerAway: a server cannot be reached.
        """
        new = self.shape.generation
        async with searching(self.elasticsearch) as client:
            old = await schema.searched_generation(client, self.namespace)
            if old == new:
                return [f"Generation {new} is the one that is searched."]
            if old is not None:
                await self._stand_still(old)
            await self._full()
            indices = await schema.show_generation(client, self.namespace, self.shape)
        return [f"Generation {new} is searched now: {len(indices)} indices."]

    async def _stand_still(self, old: int) -> None:
        """Whatever the old generation shows came from before the topic's end as it is now."""
        group = ENRICHED.within(self.namespace).consumer_group(old)
        client = admin(self.kafka)
        try:
            await client.start()
            (answer,) = await client.describe_consumer_groups([group])
        except KafkaError as error:
            raise _away(error, self.kafka) from error
        finally:
            await client.close()
        # error, group, state, protocol type, protocol, members …
        if members := answer.groups[0][5]:
            raise NotYet(f"Stop the {len(members)} index workers of generation {old} first.")

    async def _full(self) -> None:
        topic = ENRICHED.within(self.namespace)
        group = topic.consumer_group(self.shape.generation)
        try:
            async with offset_reader(self.kafka) as offsets:
                behind = (await offsets.lag([replace(topic, group=group)]))[topic.name]
        except (KafkaError, TimeoutError) as error:
            raise _away(error, self.kafka) from error
        if behind:
            raise NotYet(f"Generation {self.shape.generation} is still {behind} records behind.")


def _away(error: KafkaError | TimeoutError, kafka: KafkaSettings) -> Exception:
    away = isinstance(error, TimeoutError) or error.retriable
    return ServerAway(f"Kafka ({kafka.bootstrap_servers})") if away else error
