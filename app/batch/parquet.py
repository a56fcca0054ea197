"""Parquet files as a source and a target of scored rows, batch by batch."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.batch.answering import FIELD_SETS, Answers, Models
from app.batch.blocks import Block
from app.batch.exports import REASONS, answer_columns
from app.batch.file_plan import FileRefused
from app.batch.scoring import Write, in_words
from app.telecom import policy
from app.telecom.answers import ANSWER_COLUMNS
from app.telecom.features import YES_NO
from app.telecom.segmenter import UNASSIGNED
from app.web.csv_cells import restore

BATCH_ROWS: Final = 4_096
SAMPLE_ROWS: Final = 200
_GROUP_ROWS: Final = 16_384
_BUFFER_BYTES: Final = 256 * 1024


# The default pool keeps what it has freed, in each of the processes.
pa.set_memory_pool(pa.system_memory_pool())


class ArrowBlock(Block):
    """A block whose columns keep the types they have in the file; its lines are row numbers, from 1."""

    def __init__(self, batch: Any, first: int) -> None:
        self.columns = tuple(batch.schema.names)
        self.lines = range(first, first + batch.num_rows)
        self.raws = None
        self.broken = []
        self.blank_lines = 0
        self.batch = batch

    @cached_property
    def cells(self) -> list[str]:  # type: ignore[override]
        """Every value as a person would write it."""
        columns = [self.column(place) for place in range(len(self.columns))]
        return list(chain.from_iterable(zip(*columns, strict=True)))

    def column(self, place: int) -> list[str]:
        """Values of one column as a person would write them, so that the rules of a written file hold for them."""
        return _texts(self.batch.column(place))


class ParquetSource:
    """A Parquet file, read by row group through small buffers."""

    unit = " rows"

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet as pq  # processes that score only pass batches on

        try:
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except pa.ArrowException as error:
            raise FileRefused(f"{path}: this is not a Parquet file that can be read ({error}).") from None
        self.schema: pa.Schema = self._file.schema_arrow
        self.columns = tuple(self.schema.names)
        if len(set(self.columns)) < len(self.columns):
            raise FileRefused(f"{path}: two columns have the same name. Rename one of them.")
        self.size: int = self._file.metadata.num_rows
        self.read: Callable[[Any], Block] = read_part

    def first_rows(self) -> list[tuple[str, ...]]:
        """Read some rows of the first batch."""
        part = next(self.parts(), None)
        return list(islice(read_part(part[0]).rows(), SAMPLE_ROWS)) if part else []

    def parts(self, rows: int = BATCH_ROWS) -> Iterator[tuple[Any, int]]:
        """Give the file in batches, each with the number of its first row."""
        row = 0
        for batch in self._file.iter_batches(rows, use_threads=False):
            yield (_packed(batch), row + 1), row + batch.num_rows
            row += batch.num_rows


class ParquetTarget:
    """A Parquet file of results: the file's own columns, then the answer's."""

    def __init__(self, stream: BinaryIO, source: Any, *, with_reasons: bool = False) -> None:
        from pyarrow import parquet as pq

        own = getattr(source, "schema", None) or pa.schema([(name, pa.string()) for name in source.columns])
        names = answer_columns(source.columns, with_reasons=with_reasons)
        answers = list(zip(names, _ANSWER_TYPES.values(), strict=False))  # the last one only when it is asked for
        schema = pa.schema([*own, *(pa.field(*each) for each in answers)])
        self.write: Write = partial(arrow_results, names=names)
        self._writer = pq.ParquetWriter(stream, schema, compression="zstd")
        self._waiting: list[Any] = []

    def append(self, results: bytes) -> None:
        """Keep a batch until there are enough for a row group."""
        if results:
            self._waiting.append(_unpacked(results))
            if sum(batch.num_rows for batch in self._waiting) >= _GROUP_ROWS:
                self._flush()

    def close(self) -> None:
        """Write the last rows and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting, self._writer.schema))
            self._waiting = []


def read_part(part: tuple[bytes, int]) -> ArrowBlock:
    """Read a part of a Parquet file."""
    return ArrowBlock(_unpacked(part[0]), part[1])


def arrow_results(block: Block, answers: Answers, models: Models, names: Sequence[str]) -> bytes:
    """Write the scored rows of a block as a batch of the results' schema, packed."""
    kept = None if answers.is_scored is None else np.flatnonzero(answers.is_scored)
    if isinstance(block, ArrowBlock):
        own = list(block.batch.columns)
    else:
        own = [_strings([restore(cell) for cell in block.column(place)]) for place in range(len(block.columns))]
    if kept is not None:
        own = [column.take(_plain(kept, pa.int64())) for column in own]
    columns = [*own, *_answer_columns(answers, models)]
    return _packed(pa.RecordBatch.from_arrays(columns, names=[*block.columns, *names]))


def _answer_columns(answers: Answers, models: Models) -> list[Any]:
    """Give the answer's columns, in their order."""
    scores = answers.scores
    versions = [models.get(field_set) for field_set in FIELD_SETS]
    used = [f"{version.name}/{version.version}" if version else "" for version in versions]
    actions = [policy.RECOMMENDATIONS[tier, band] for tier in policy.TIERS for band in policy.VALUE_BANDS]
    action = scores.tier * len(policy.VALUE_BANDS) + scores.value_band
    return [
        _plain(scores.churn_probability),
        _plain(scores.probability_low),
        _plain(scores.probability_high),
        _chosen(policy.TIERS, scores.tier),
        _plain(scores.clv_usd),
        _plain(scores.clv_low_usd),
        _plain(scores.clv_high_usd),
        _plain(scores.value_at_risk_usd),
        _chosen(policy.CONFIDENCES, scores.confidence),
        _chosen(policy.VALUE_BANDS, scores.value_band),
        _chosen([each.code for each in actions], action),
        _chosen([each.text for each in actions], action),
        _chosen(used, np.array(answers.field_sets)),
        _strings([in_words(answers.warnings.get(row, ())) for row in range(len(action))]),
        _segments(answers.segments),
        _chosen([*answers.personas, ""], answers.segments % (len(answers.personas) + 1)),
        *([] if answers.reasons is None else [_strings(answers.reasons)]),
    ]


# Arrays are made of buffers: pyarrow.array() would import pandas into every process to look for its types.
def _plain(values: NDArray[Any], kind: Any = None) -> Any:
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind or pa.float64(), len(values), [None, pa.py_buffer(values)])


def _segments(segments: NDArray[np.intp]) -> Any:
    """Give the segments, null for the unassigned."""
    is_assigned = np.packbits(segments != UNASSIGNED, bitorder="little")
    buffers = [pa.py_buffer(is_assigned), pa.py_buffer(segments.astype(np.int64))]
    return pa.Array.from_buffers(pa.int64(), len(segments), buffers)


def _strings(texts: Sequence[str]) -> Any:
    encoded = [text.encode("utf-8", "replace") for text in texts]
    ends = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum([len(each) for each in encoded], out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def _chosen(words: Sequence[str], places: NDArray[np.intp]) -> Any:
    return _strings(words).take(_plain(places.astype(np.int64), pa.int64()))


def _texts(column: Any) -> list[str]:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    values: list[Any] = column.to_pylist()
    if pa.types.is_string(column.type) and not column.null_count:
        return values
    return list(map(_text, values))


def _text(value: Any) -> str:
    """Write one value: missing ones as nothing, whole numbers without a fraction, booleans as yes and no."""
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN is the one value that differs from itself
        return ""
    if isinstance(value, bool):
        return YES_NO[0] if value else YES_NO[1]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _packed(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(data: bytes) -> Any:
    return pa.ipc.open_stream(data).read_next_batch()


_NUMBERS: Final = ("churn_probability", "probability_", "estimated_clv", "clv_", "value_at_risk_usd")
_ANSWER_TYPES: Final = {
    name: pa.float64() if name.startswith(_NUMBERS) else pa.int64() if name == "segment" else pa.string()
    for name in (*ANSWER_COLUMNS, REASONS)
}
