from __future__ import annotations

import pytest
from sqlalchemy import String, Table
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from airflow_hpo.storage.insert_absent import _statement
from airflow_hpo.storage.tables import Row

TABLES = list(Row.metadata.sorted_tables)
MYSQL_KEY_BYTES = 3072


def key_bytes(columns) -> int:
    return sum(column.type.length * 4 if isinstance(column.type, String) else 8 for column in columns)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_mysql_can_index_every_key(table: Table):
    keys = [key.columns for key in table.constraints] + [index.columns for index in table.indexes]
    assert max(map(key_bytes, keys)) <= MYSQL_KEY_BYTES


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_mysql_tells_upper_from_lower_case(table: Table):
    assert "COLLATE utf8mb4_bin" in str(CreateTable(table).compile(dialect=mysql.dialect()))


@pytest.mark.parametrize("table", Row.__subclasses__(), ids=lambda table: table.__name__)
def test_mysql_leaves_rows_alone_without_ignoring_broken_references(table: type[Row]):
    statement = str(_statement("mysql", table).compile(dialect=mysql.dialect()))
    assert "ON DUPLICATE KEY UPDATE" in statement
    assert "IGNORE" not in statement


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_carries_our_prefix(table: Table):
    assert table.name.startswith("hpo_")
