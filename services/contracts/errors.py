"""The error of a record that can never be processed."""

MAX_DETAIL_CHARS = 200


class ContractViolation(ValueError):
    """A record is not what its topic promises. Retrying cannot help: it becomes a dead letter.

    :param code: one short word from a fixed set; dead letters are grouped and counted by it.
    :param detail: what is wrong and where. It must never quote the article.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail[:MAX_DETAIL_CHARS]}")
        self.code = code
        self._detail = detail

    def __reduce__(self) -> tuple[type["ContractViolation"], tuple[str, str]]:
        # It crosses process boundaries, and an exception is rebuilt from its arguments.
        return type(self), (self.code, self._detail)
