"""Events of assets that two tasks would emit at the same time."""

from __future__ import annotations

from airflow_hpo.storage.asset_events import Begun, EventKey, EventState, begin, is_emitting, sent
from airflow_hpo.studies.store import Store

FIRST = EventKey.of_best("demo@a", 3)


def begun(store: Store, key: EventKey) -> Begun:
    with store.session() as session:
        return begin(session, key)


def remembered(store: Store, key: EventKey) -> None:
    with store.session() as session:
        sent(session, key)


def test_the_first_event_of_an_asset_is_emitted_at_once(store: Store) -> None:
    assert begun(store, FIRST) == Begun(EventState.BEGUN, repeated=False, emitting=False)


def test_a_second_edition_waits_while_the_first_event_of_their_asset_is_emitted(store: Store) -> None:
    begun(store, FIRST)
    other = EventKey.of_best("demo@b", 1)
    assert begun(store, other) == Begun(EventState.BEGUN, repeated=False, emitting=True)
    remembered(store, FIRST)
    assert not store.read(is_emitting, other, repeated=False)


def test_later_events_of_an_asset_do_not_wait_for_each_other(store: Store) -> None:
    begun(store, FIRST)
    remembered(store, FIRST)
    begun(store, EventKey.of_best("demo@b", 1))
    assert not begun(store, EventKey.of_best("demo@c", 1)).emitting


def test_a_second_group_of_one_edition_waits_and_finds_the_event_sent(store: Store) -> None:
    begun(store, FIRST)
    assert begun(store, FIRST) == Begun(EventState.BEGUN, repeated=True, emitting=True)
    remembered(store, FIRST)
    assert begun(store, FIRST) == Begun(EventState.SENT, repeated=True, emitting=False)


def test_events_of_other_assets_do_not_wait(store: Store) -> None:
    begun(store, FIRST)
    assert not begun(store, EventKey.of_best("other@a", 1)).emitting
    assert not begun(store, EventKey.of_champion("demo", 1)).emitting
