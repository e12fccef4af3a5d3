import elastic_transport
import elasticsearch
import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig

from services.elastic.errors import ElasticsearchFailure, FailureKind, classify

URL = "http://search:9200"
NODE = NodeConfig("http", "search", 9200)


def failure(error: Exception) -> ElasticsearchFailure:
    found = classify(error, URL)
    assert URL in found.message
    return found


def answer(kind: type[elasticsearch.ApiError], status: int) -> elasticsearch.ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NODE)
    return kind("parsing_exception", meta, body={})


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_name_their_settings(status: int) -> None:
    kinds = {401: elasticsearch.AuthenticationException, 403: elasticsearch.AuthorizationException}
    found = failure(answer(kinds[status], status))

    assert found.kind is FailureKind.CREDENTIALS_REFUSED
    assert "NEWSLINE_ELASTICSEARCH_API_KEY" in found.message
    assert not found.retriable


def test_a_bad_request_says_what_elasticsearch_says() -> None:
    found = failure(answer(elasticsearch.BadRequestError, 400))

    assert found.kind is FailureKind.BAD_REQUEST
    assert "parsing_exception" in found.message
    assert not found.retriable


@pytest.mark.parametrize(("status", "retriable"), [(404, False), (429, True), (503, True)])
def test_a_busy_or_failing_server_may_answer_later(status: int, retriable: bool) -> None:  # noqa: FBT001 - a column
    found = failure(answer(elasticsearch.ApiError, status))

    assert found.kind is FailureKind.OTHER_STATUS
    assert str(status) in found.message
    assert found.retriable is retriable


def test_untrusted_tls_names_its_setting() -> None:
    found = failure(elastic_transport.TlsError("self-signed certificate"))

    assert found.kind is FailureKind.UNTRUSTED_TLS
    assert "NEWSLINE_ELASTICSEARCH_CA_FILE" in found.message
    assert not found.retriable


@pytest.mark.parametrize(
    "error",
    [
        elastic_transport.ConnectionError("refused"),
        elastic_transport.ConnectionTimeout("slow"),
        TimeoutError(),
    ],
)
def test_a_server_that_does_not_answer_may_come_back(error: Exception) -> None:
    found = failure(error)

    assert found.kind is FailureKind.UNREACHABLE
    assert found.retriable
