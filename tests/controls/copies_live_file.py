"""Wrong build for F9: a backup script that copies the database file while the service writes to it."""

import os
import shutil
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"telelink-{time.time_ns()}.backup"
    # What is still in the write-ahead log beside it stays behind.
    shutil.copyfile(Path(os.environ["DATA_DIR"]) / "telelink.db", target)
    print(f"{target} (copied)")
