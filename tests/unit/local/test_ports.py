"""Ports that are free, and words about those that are not."""

import os

import psutil
import pytest

from services.local.errors import PortTaken
from services.local.ports import (
    ELASTICSEARCH_PORTS,
    FREE_RANGE,
    KAFKA_PORTS,
    choose_ports,
    free_port,
    health_ports,
    is_free,
)
from services.local.settings import StackSettings


def test_a_port_that_is_listened_on_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_a_free_port_is_below_those_for_outgoing_connections() -> None:
    port = free_port()

    assert port in FREE_RANGE
    assert is_free(port)


def test_ports_that_were_set_are_taken() -> None:
    kafka, controller = free_port(), free_port()
    settings = StackSettings(kafka_port=kafka, kafka_controller_port=controller)

    assert choose_ports(KAFKA_PORTS, settings) == {"kafka": kafka, "controller": controller}


def test_free_ports_differ_from_each_other_and_from_those_in_use() -> None:
    settings = StackSettings(free_ports=True)
    kafka = choose_ports(KAFKA_PORTS, settings)
    node = choose_ports(ELASTICSEARCH_PORTS, settings, avoid=kafka.values())

    assert len({*kafka.values(), *node.values()}) == 4


def test_zero_is_any_free_port() -> None:
    settings = StackSettings(ingest_health_port=0)

    assert choose_ports(health_ports("ingest", 1), settings)["health"] in FREE_RANGE


def test_only_the_first_worker_of_a_service_has_the_port_that_was_set(taken: int) -> None:
    settings = StackSettings(ingest_health_port=taken)

    assert choose_ports(health_ports("ingest", 2), settings)["health"] != taken


def test_a_port_that_a_server_had_is_kept() -> None:
    had = free_port()
    settings = StackSettings(free_ports=True)

    assert choose_ports(KAFKA_PORTS, settings, keep={"kafka": had})["kafka"] == had


def test_a_taken_port_is_an_error_that_says_how_to_mend_it(taken: int) -> None:
    settings = StackSettings(elasticsearch_port=taken)

    with pytest.raises(PortTaken) as raised:
        choose_ports(ELASTICSEARCH_PORTS, settings)

    assert str(raised.value) == (
        f"Port {taken} on 127.0.0.1, which Elasticsearch needs, is taken. "
        f"Process {os.getpid()} ({psutil.Process().name()}) listens there.\n"
        "Use --free-ports, or set NEWSLINE_ELASTICSEARCH_PORT to another port, "
        "or stop what listens there."
    )
