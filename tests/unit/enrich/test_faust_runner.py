import asyncio
from pathlib import Path

import pytest

from services.contracts.topics import ACCEPTED
from services.enrich.faust_runner import application
from services.runtime.kafka.settings import KafkaSettings


def test_the_application_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Faust makes one for its tables where it starts; a worker that is killed would leave it behind.
    """
    monkeypatch.chdir(tmp_path)

    asyncio.run(application(KafkaSettings(), ACCEPTED).on_first_start())

    assert list(tmp_path.iterdir()) == []
