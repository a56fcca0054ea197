"""Read customers in pages, in any order and through any filter, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from app.db.prefixes import has_prefix
from app.db.steps import is_exact, step_of
from app.db.tables import customers, portfolio
from app.predictions.sums import CHURNED, STAYED
from app.telecom.policy import TIERS, VALUE_BANDS, Tier, ValueBand

Standing = Literal["current", "left", "all"]
Sort = Literal["value_at_risk", "probability", "clv", "last_seen"]
Position = tuple[Any, str]
"""Where a page ends: the value it is sorted by, and the customer's id."""

_OUTCOMES: Final[Mapping[Standing, tuple[str | None, ...]]] = {
    "current": (None, STAYED),
    "left": (CHURNED,),
    "all": (None, STAYED, CHURNED),
}
_SORTED_BY: Final[Mapping[Sort, ColumnElement[Any]]] = {
    "value_at_risk": customers.c.value_at_risk_cents,
    "probability": customers.c.churn_probability,
    "clv": customers.c.clv_cents,
    "last_seen": customers.c.last_seen_at,
}
_STEPS: Final[Mapping[Sort, ColumnElement[int]]] = {
    "value_at_risk": customers.c.value_at_risk_step,
    "clv": customers.c.clv_step,
}
"""Sorts whose index is in the order of coarse steps; within a step the customers are sorted when they are read."""
_FEW_BY_ID: Final = 15_000
"""Customers of one id prefix that are read and sorted, in about 6 ms; among more, a walk soon meets a page of them."""
_FEW_BY_ID_IN_TIME: Final = 100_000
"""The same in a list by time: files often bring ids in order, so that a walk may pass a million others first."""
_FEW_BY_VALUE: Final = 8_000
"""Customers above a lifetime value that are looked up one by one and sorted, in about 15 ms."""


@dataclass(frozen=True)
class Filters:
    """Which customers a list shows."""

    tier: Tier | None = None
    prefix: str = ""
    min_clv_cents: int = 0
    standing: Standing = "current"
    value_band: ValueBand | None = None
    segment: int | None = None


@dataclass(frozen=True)
class Order:
    """What a list is sorted by; customers who are equal in it follow their ids, in the same direction."""

    sort: Sort = "value_at_risk"
    descending: bool = True


def read_page(
    connection: Connection, filters: Filters, order: Order, after: Position | None, limit: int
) -> list[dict[str, Any]]:
    """Read the next customers of a list; the time it takes hardly depends on the page or the number of customers.

    The customers that pass the filters are found in one of three ways: through their ids or their lifetime values when
    few have such, else by walking the list's own index, which holds all that the filters ask for.
    """
    streams = _streams(connection, filters)
    if not streams:
        return []
    found = _by_prefix(connection, filters, order)
    if found is None:
        found = _by_value(connection, filters, order, streams)
    if found is None:
        found = _by_walking(connection, filters, order, after, limit, streams)
    matches = found.subquery()
    page = select(matches).where(*_after(after, matches.c.value, matches.c.id, order))
    page = page.order_by(*_directed((matches.c.value, matches.c.id), order)).limit(limit)
    keys = page.subquery()
    rows = select(customers).join(keys, keys.c.id == customers.c.id)
    rows = rows.order_by(*_directed((keys.c.value, keys.c.id), order))
    return [row._asdict() for row in connection.execute(rows)]


def position(row: Mapping[str, Any], order: Order) -> Position:
    """Give the place of a customer in a list."""
    return row[str(_SORTED_BY[order.sort].key)], row["id"]


def read_position(written: Sequence[Any] | None) -> Position | None:
    """Read a position that a cursor has carried."""
    return None if written is None else (written[0], str(written[1]))


def _by_prefix(connection: Connection, filters: Filters, order: Order) -> Select[Any] | None:
    if not filters.prefix:
        return None
    own = customers.c
    columns = (_SORTED_BY[order.sort].label("value"), own.clv_cents.label("clv"), own.id, own.tier, own.outcome)
    # From the end the list begins at: files often bring ids in order, and then little is left to sort.
    ids = (
        select(*columns, own.value_band, own.segment)
        .where(*has_prefix(filters.prefix, own.id))
        .order_by(*_directed((own.id,), order))
    )
    most = _FEW_BY_ID_IN_TIME if order.sort == "last_seen" else _FEW_BY_ID
    if not _are_few(connection, ids.with_only_columns(own.id), most):
        return None
    near = ids.limit(most).subquery()
    wanted = [or_(*_is(near.c.outcome, _OUTCOMES[filters.standing]))] if filters.standing != "all" else []
    wanted += [near.c.tier == filters.tier] if filters.tier else []
    wanted += [near.c.clv >= filters.min_clv_cents] if filters.min_clv_cents else []
    return select(near.c.value, near.c.id).where(*wanted, *_of_group(filters, near.c.value_band, near.c.segment))


def _by_value(
    connection: Connection, filters: Filters, order: Order, streams: Sequence[ColumnElement[bool]]
) -> Select[Any] | None:
    if not filters.min_clv_cents or order.sort == "clv":
        return None
    own = customers.c
    valuable = own.clv_cents >= filters.min_clv_cents
    parts = [
        select(own.clv_cents, own.id)
        .where(stream, valuable, own.clv_step >= step_of(filters.min_clv_cents))
        .order_by(own.outcome, own.tier, own.clv_step)
        for stream in streams
    ]
    if not _are_few(connection, _together(parts, _FEW_BY_VALUE + 1), _FEW_BY_VALUE):
        return None
    near = _together(parts, _FEW_BY_VALUE).subquery()
    return select(_SORTED_BY[order.sort].label("value"), own.id).where(
        own.id.in_(select(near.c.id)),
        *has_prefix(filters.prefix, own.id),
        *_of_group(filters, own.value_band, own.segment),
    )


def _by_walking(
    connection: Connection, filters: Filters, order: Order, after: Position | None, limit: int,
    streams: Sequence[ColumnElement[bool]],
) -> Select[Any]:  # fmt: skip
    """Walk the index of the list once for each tier and outcome; each walk ends after ``limit`` matches."""
    own, value = customers.c, _SORTED_BY[order.sort]
    wanted = [*has_prefix(filters.prefix, own.id), *_after(after, value, own.id, order)]
    wanted += _of_group(filters, own.value_band, own.segment)
    wanted += [own.clv_cents >= filters.min_clv_cents] if filters.min_clv_cents else []
    walk = select(value.label("value"), own.id)
    if order.sort not in _STEPS:
        index = _directed((own.outcome, own.tier, value, own.id), order)
        return _together([walk.where(stream, *wanted).order_by(*index) for stream in streams], limit)
    step = _STEPS[order.sort]
    walk = walk.add_columns(step.label("step"))
    index = _directed((own.outcome, own.tier, step, own.id), order)
    bounds = _bounds(filters, order, after, step)
    met = _together([walk.where(stream, *wanted, *bounds).order_by(*index) for stream in streams], limit)
    last = _last_step(connection, met, order, limit)
    if last is None or is_exact(last):
        return met
    # Of the steps before it the walk has met everybody; of this one, those who come first by id. No bound of the walk
    # stands here: SQLite would follow that and not the step.
    within = _directed((value, own.id), order)
    of_last = _together([walk.where(stream, *wanted, step == last).order_by(*within) for stream in streams], limit)
    met_before = met.subquery()
    before = select(met_before).where(met_before.c.step != last)
    return select(union_all(before, of_last).subquery())


def _bounds(
    filters: Filters, order: Order, after: Position | None, step: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    """Bound a walk by steps: where it begins, and for a list by lifetime value where it may end."""
    bounds: list[ColumnElement[bool]] = []
    if after is not None:
        here = step_of(after[0])
        if is_exact(here):
            bounds += _after((here, after[1]), step, customers.c.id, order)
        else:
            bounds.append(step <= here if order.descending else step >= here)
    # Of two bounds on one side SQLite follows the first: from a position on, the minimum says nothing new.
    if filters.min_clv_cents and order.sort == "clv" and (after is None or order.descending):
        bounds.append(step >= step_of(filters.min_clv_cents))
    return bounds


def _last_step(connection: Connection, met: Select[Any], order: Order, limit: int) -> int | None:
    """Give the step that the last customer of a page is in; None where the page is the last one."""
    steps = met.subquery().c.step
    last: int | None = connection.scalar(select(steps).order_by(*_directed((steps,), order)).limit(1).offset(limit - 1))
    return last


def _streams(connection: Connection, filters: Filters) -> list[ColumnElement[bool]]:
    """Name the stretches of an index that hold the customers a list shows: one an outcome and tier.

    Where the portfolio knows of nobody in the value band and the segment, there is nothing to walk through.
    """
    tiers = [filters.tier] if filters.tier else TIERS
    streams = [(outcome, tier) for outcome in _OUTCOMES[filters.standing] for tier in tiers]
    if of_group := _of_group(filters, portfolio.c.value_band, portfolio.c.segment):
        counted = _counts(connection, of_group)
        streams = [stream for stream in streams if counted.get(stream)]
    own = customers.c
    return [and_(*_is(own.outcome, [outcome]), own.tier == tier) for outcome, tier in streams]


def _counts(connection: Connection, of_group: Sequence[ColumnElement[bool]]) -> dict[tuple[str | None, str], int]:
    """Count the customers of a group by outcome and tier."""
    sums = portfolio.c
    figures = {
        None: sums.customers - sums.stayed_customers,
        STAYED: sums.stayed_customers,
        CHURNED: sums.churned_customers,
    }
    query = select(sums.tier, *(func.sum(figure) for figure in figures.values())).where(*of_group).group_by(sums.tier)
    return {
        (outcome, tier): count
        for tier, *counts in connection.execute(query)
        for outcome, count in zip(figures, counts, strict=True)
    }


def _is(outcome: ColumnElement[Any], known: Sequence[str | None]) -> list[ColumnElement[bool]]:
    return [outcome.is_(None) if one is None else outcome == one for one in known]


def _together(parts: Sequence[Select[Any]], limit: int) -> Select[Any]:
    limited = [select(part.limit(limit).subquery()) for part in parts]
    return select(union_all(*limited).subquery())


def _are_few(connection: Connection, query: Select[Any], most: int) -> bool:
    probe = query.limit(most + 1).subquery()
    return bool(connection.execute(select(func.count()).select_from(probe)).scalar_one() <= most)


def _of_group(
    filters: Filters, value_band: ColumnElement[int], segment: ColumnElement[int]
) -> list[ColumnElement[bool]]:
    wanted = [value_band == VALUE_BANDS.index(filters.value_band)] if filters.value_band else []
    return wanted + ([segment == filters.segment] if filters.segment is not None else [])


def _after(
    after: Position | None, value: ColumnElement[Any], key: ColumnElement[Any], order: Order
) -> tuple[ColumnElement[bool], ...]:
    if after is None:
        return ()
    here = tuple_(value, key)
    return (here < after if order.descending else here > after,)


def _directed(columns: Sequence[ColumnElement[Any]], order: Order) -> list[ColumnElement[Any]]:
    return [column.desc() if order.descending else column.asc() for column in columns]
