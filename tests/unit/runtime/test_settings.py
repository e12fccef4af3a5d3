from pathlib import Path

import pytest
from pydantic import SecretStr

from services.contracts.settings import SETTING_NAMES
from services.elastic.settings import ElasticsearchSettings
from services.index.settings import IndexWorkerSettings
from services.runtime.kafka.settings import KafkaSettings
from services.runtime.settings import (
    Settings,
    SettingsError,
    WorkerSettings,
    read_secret,
    read_settings,
    refuse_misspelt,
)
from tests.support.settings import CLASSES


def test_every_setting_that_is_read_is_known_and_no_other() -> None:
    read_by_classes = {
        f"{kind.model_config['env_prefix']}{name.upper()}"
        for kind in CLASSES
        for name in kind.model_fields
    }

    assert read_by_classes == SETTING_NAMES


def test_a_misspelt_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean NEWSLINE_KAFKA_BOOTSTRAP_SERVERS"):
        refuse_misspelt({"NEWSLINE_KAFKA_BOOTSTRAP_SERVER": "x"})


def test_other_programs_settings_are_none_of_our_business() -> None:
    refuse_misspelt({"PATH": "/bin", "NEWSLINE_HOME": "x", "NEWSLINES": "x"})


def test_an_unusable_value_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLINE_INDEX_BATCH_RECORDS", "many")

    with pytest.raises(
        SettingsError, match=r"^NEWSLINE_INDEX_BATCH_RECORDS must be a whole number$"
    ):
        read_settings(IndexWorkerSettings)


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        (WorkerSettings, "NAMESPACE", "Ä", "must be at most 63 lower-case letters"),
        (WorkerSettings, "LOG_LEVEL", "loud", "must be DEBUG, INFO, WARNING or ERROR"),
        (WorkerSettings, "SHUTDOWN_SECONDS", "soon", "must be a number"),
        (WorkerSettings, "SHUTDOWN_SECONDS", "0", "must be more than 0"),
        (WorkerSettings, "HEALTH_PORT", "-1", "must be at least 0"),
        (WorkerSettings, "HEALTH_PORT", "65536", "must be at most 65535"),
        (KafkaSettings, "KAFKA_SECURITY_PROTOCOL", "tls", "must be one of 'PLAINTEXT', 'SSL'"),
        (KafkaSettings, "KAFKA_BOOTSTRAP_SERVERS", "a:b", "is not usable: give host:port"),
        (ElasticsearchSettings, "ELASTICSEARCH_URL", "here", "must be an address like https://"),
    ],
)
def test_what_is_wrong_with_a_value_is_a_plain_sentence(
    kind: type[Settings], name: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"NEWSLINE_{name}", value)

    with pytest.raises(SettingsError) as error:
        read_settings(kind)

    assert str(error.value).startswith(f"NEWSLINE_{name} {message}")


def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("pa ss\n")

    assert read_secret(None, file, "NEWSLINE_KAFKA_PASSWORD") == "pa ss"


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="NEWSLINE_KAFKA_PASSWORD_FILE are both set"):
        read_secret(SecretStr("x"), tmp_path, "NEWSLINE_KAFKA_PASSWORD")


def test_a_secret_never_shows_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLINE_KAFKA_PASSWORD", "hunter2")
    monkeypatch.setenv("NEWSLINE_KAFKA_SECURITY_PROTOCOL", "SASL")

    with pytest.raises(SettingsError) as raised:
        read_settings(KafkaSettings)

    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(KafkaSettings.model_construct(password=SecretStr("hunter2")))


def test_sasl_without_a_password_says_what_is_missing() -> None:
    settings = KafkaSettings(security_protocol="SASL_SSL", username="indexer")

    with pytest.raises(SettingsError, match="NEWSLINE_KAFKA_PASSWORD"):
        settings.connection()
