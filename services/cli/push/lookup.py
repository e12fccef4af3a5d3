"""Find what became of pushed records: dead letters since the push began, and stored versions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from elasticsearch import AsyncElasticsearch

from services.cli.push.outcome import FoundDeadLetter, FoundDeadLetters, Receipt
from services.cli.support.errors import ServerUnavailable
from services.cli.support.target import Target
from services.cli.support.topic_reader import read_records
from services.contracts.dead_letters import DeadLetter, DeadLetterRef
from services.elastic import naming
from services.runtime.kafka.lag import OffsetRange, OffsetReader

IDS_PER_REQUEST = 1000


async def dead_letter_ends(
    offset_reader: OffsetReader, target: Target
) -> dict[TopicPartition, int]:
    """Return the offset after the last dead letter of each partition, as it is now."""
    topics = await offset_reader.partitions(topic.dead for topic in target.flow)
    partitions = [partition for found in topics.values() for partition in found]
    ranges = await offset_reader.ranges(partitions)
    return {partition: end for partition, (_, end) in ranges.items()}


async def find_dead_letters(
    offset_reader: OffsetReader,
    target: Target,
    since: Mapping[TopicPartition, int],
    receipts: Sequence[Receipt],
) -> FoundDeadLetters:
    """Read the dead letters since the push began, and keep those that are about its records.

    :raises TimeoutError: the broker has sent nothing for half a minute.
    """
    offsets = {(receipt.partition, receipt.offset) for receipt in receipts}
    ids = {receipt.article_id for receipt in receipts if receipt.article_id}
    found = FoundDeadLetters()
    ends = await dead_letter_ends(offset_reader, target)
    ranges = {
        partition: OffsetRange(since.get(partition, 0), end) for partition, end in ends.items()
    }
    async for record in read_records(offset_reader.consumer, ranges):
        letter = DeadLetter.from_headers(record.headers)
        ref = DeadLetterRef(record.topic, record.partition, record.offset)
        about = FoundDeadLetter(ref, letter.reason)
        if record.topic == target.raw.dead:
            if (letter.partition, letter.offset) in offsets:
                found.by_offset[letter.partition, letter.offset] = about
        elif (article_id := _article_id(record)) in ids:
            version = _version(record)
            if version is None:
                found.by_article[article_id].append(about)
            else:
                found.by_version[article_id, version].append(about)
    return found


async def find_stored_versions(
    client: AsyncElasticsearch, target: Target, ids: Sequence[bytes]
) -> dict[bytes, int]:
    """Return the stored version of each of these articles that is there, in real time.

    :raises ServerUnavailable: the index of locations cannot be read now.
    """
    index = naming.locations(target.namespace, target.index.generation)
    found: dict[bytes, int] = {}
    for start in range(0, len(ids), IDS_PER_REQUEST):
        wanted = [{"_index": index, "_id": key.hex()} for key in ids[start:][:IDS_PER_REQUEST]]
        locations = await _get(client, wanted, ["index", "version"])
        # The first releases wrote no version there: the document itself has it.
        unversioned = [
            {"_index": doc["_source"]["index"], "_id": doc["_id"]}
            for doc in locations
            if "version" not in doc["_source"]
        ]
        documents = await _get(client, unversioned, []) if unversioned else []
        found |= {
            bytes.fromhex(doc["_id"]): doc["_source"]["version"]
            for doc in locations
            if "version" in doc["_source"]
        }
        found |= {bytes.fromhex(doc["_id"]): doc["_version"] for doc in documents}
    return found


async def _get(
    client: AsyncElasticsearch, wanted: Sequence[Mapping[str, str]], fields: Sequence[str]
) -> list[Mapping[str, Any]]:
    answer = await client.mget(docs=wanted, source_includes=list(fields))
    for doc in answer["docs"]:
        error = doc.get("error")
        if error and error["type"] != "index_not_found_exception":
            raise ServerUnavailable(f"Elasticsearch cannot read {doc['_index']} now")
    return [doc for doc in answer["docs"] if doc.get("found")]


def _article_id(record: ConsumerRecord) -> bytes:
    try:
        return bytes.fromhex((record.key or b"").decode("ascii"))
    except ValueError:
        return b""


def _version(record: ConsumerRecord) -> int | None:
    """The version of the article that a dead letter holds, if it can be read."""
    try:
        article = json.loads(record.value or b"")
    except (ValueError, RecursionError):
        return None
    version = article.get("version") if isinstance(article, dict) else None
    return version if isinstance(version, int) else None
