"""``python -m deploy.kibana``: write ``newsline.ndjson``, for those who import it by hand."""

from pathlib import Path

from services.cli.setup.kibana import objects

TARGET = Path("deploy/kibana/newsline.ndjson")

if __name__ == "__main__":
    TARGET.write_bytes(objects.ndjson(objects.build("")))
