"""The real servers, for the tests that run what goes into the images."""

from tests.live.conftest import stack

__all__ = ["stack"]
