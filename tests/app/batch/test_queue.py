"""The queue: job ids in their order, as JSON, on either database; nothing in it is ever unpickled."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import huey
import pytest

from app.batch.queue import QUEUE_NAME, enqueue, job_task, open_queue
from app.errors import SettingsInvalid
from app.settings import ROOT
from tests.databases import POSTGRESQL, sqlite_only
from tests.factories import settings_in

IDS = ["0199-1", "0199-2", "0199-3"]
DRIVER = """
import sys
unpickled = []
sys.addaudithook(lambda name, arguments: name == "pickle.find_class" and unpickled.append(arguments))
from pathlib import Path
from app.batch.queue import enqueue, job_task, open_queue
from app.settings import Settings

settings = Settings(data_dir=Path(sys.argv[1]), database_url="")
enqueue(settings, "from elsewhere")
queue = open_queue("", settings.batch_dir)
ran = []
job_task(queue, ran.append)("from here")
while (task := queue.dequeue()) is not None:
    queue.execute(task)
print(ran, len(unpickled))
import collections, pickle
pickle.loads(pickle.dumps(collections.OrderedDict()))
print(len(unpickled))
"""


@pytest.fixture
def queue_url(database_kind: str, database_url: str) -> str:
    return database_url.replace("+psycopg", "") if database_kind == POSTGRESQL else ""


def taken(queue: huey.Huey) -> list[str]:
    """Run what is queued; gives the ids in their order."""
    ran: list[str] = []
    job_task(queue, ran.append)
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
    return ran


def test_jobs_come_out_in_the_order_they_went_in(queue_url: str, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, queue_url=queue_url)
    for job_id in IDS:
        enqueue(settings, job_id)
    queue = open_queue(queue_url, settings.batch_dir)
    assert taken(queue) == IDS
    assert queue.dequeue() is None
    queue.storage.close()


def test_what_fails_is_not_queued_again(queue_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    enqueue(settings_in(tmp_path, queue_url=queue_url), "0199-1")
    queue = open_queue(queue_url, settings_in(tmp_path).batch_dir)

    def fail(job_id: str) -> None:
        raise RuntimeError(job_id)

    job_task(queue, fail)
    queue.execute(queue.dequeue())
    assert "Unhandled exception" in caplog.text
    assert (queue.dequeue(), len(queue)) == (None, 0)
    queue.storage.close()


def test_a_message_is_json_and_holds_nothing_but_the_id(queue_url: str, tmp_path: Path) -> None:
    enqueue(settings_in(tmp_path, queue_url=queue_url), "0199-1")
    queue = open_queue(queue_url, settings_in(tmp_path).batch_dir)
    (message,) = queue.storage.enqueued_items()
    assert [value for value in json.loads(bytes(message)) if isinstance(value, list) and value] == [["0199-1"]]
    queue.storage.close()


class Trap:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@sqlite_only
def test_a_pickled_message_is_refused_unread(queue_url: str, tmp_path: Path) -> None:
    queue = open_queue(queue_url, settings_in(tmp_path).batch_dir)
    queue.storage.enqueue(trap := pickle.dumps(Trap(tmp_path / "mark")))
    with pytest.raises(ValueError):  # what json and UTF-8 say of it
        queue.dequeue()
    assert not (tmp_path / "mark").exists()
    pickle.loads(trap)
    assert (tmp_path / "mark").exists()


@sqlite_only
def test_nothing_is_unpickled_on_the_way(queue_url: str, tmp_path: Path) -> None:
    driver = [sys.executable, "-c", DRIVER, str(tmp_path)]
    done = subprocess.run(driver, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    first, second = done.stdout.splitlines()
    assert first == "['from elsewhere', 'from here'] 0", done.stderr
    assert int(second) > 0


@sqlite_only
def test_the_embedded_queue_is_a_file_in_the_folder_of_the_jobs(queue_url: str, tmp_path: Path) -> None:
    queue = open_queue(queue_url, tmp_path / "batch")
    assert (queue.name, queue.results) == (QUEUE_NAME, False)
    assert (tmp_path / "batch" / "queue.db").is_file()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis://here", "QUEUE_URL: the package for this kind of queue is not installed."),
        ("rediss://here", "QUEUE_URL: the package for this kind of queue is not installed."),
    ],
)
def test_another_queue_is_refused_in_words(tmp_path: Path, url: str, sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        open_queue(url, tmp_path)
    assert refused.value.detail == sentence
