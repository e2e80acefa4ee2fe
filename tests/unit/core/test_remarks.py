from __future__ import annotations

import json

import pytest

from airflow_hpo.core import masking
from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.source import Stdout
from airflow_hpo.core.objective import Objective
from airflow_hpo.core.remarks import LINKS, NO_REMARKS, NOTES, SPANS, Link, Remarks


def remarks_of(*lines: str) -> Remarks:
    found = NO_REMARKS
    for line in lines:
        found = found.and_line(line)
    return found


def test_spans_are_summed_by_name_and_notes_and_links_kept_once() -> None:
    found = remarks_of(
        "hpo::span 1.5 query",
        "loss=3",
        "  hpo::span 2 feature store",
        "hpo::span 1e-1 query",
        *["hpo::note Only 3 of 7 regions had data."] * 2,
        *["hpo::link https://runs.example/7?a=1#b Run 7"] * 2,
        "hpo::link http://h:8080/x",
    )
    assert found.spans == {"query": 1.6, "feature store": 2.0}
    assert found.notes == ("Only 3 of 7 regions had data.",)
    assert found.links == (Link("Run 7", "https://runs.example/7?a=1#b"), Link("http://h:8080/x", "http://h:8080/x"))
    assert not found.left_out
    assert Remarks.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.mark.parametrize(
    "line", ["hpo::", "hpo::note", "hpo::note   ", "hpo::other x", "xhpo::note a", "note: hpo::note a"]
)
def test_a_line_that_is_no_remark_is_none(line: str) -> None:
    assert remarks_of(line) is NO_REMARKS


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("hpo::link javascript:alert(1) Click", "begins with https:// or http://, but got 'javascript:alert(1)'"),
        ("hpo::link data:text/html,x y", "begins with https://"),
        ("hpo::link //example.com/x y", "begins with https://"),
        ("hpo::link https:///x y", "begins with https://"),
        ("hpo::link https://[::1 y", "begins with https://"),
        ('hpo::link https://a/"onclick=x y', "begins with https://"),
        ("hpo::link https://me:secret@a/x y", "no user or password"),
        (f"hpo::link https://a/{'x' * 1000} y", "1,000 characters at most"),
        ("hpo::span query 1.5", "`hpo::span SECONDS NAME`"),
        ("hpo::span 1.5", "`hpo::span SECONDS NAME`"),
        ("hpo::span nan query", "`hpo::span SECONDS NAME`"),
        ("hpo::span -1 query", "`hpo::span SECONDS NAME`"),
        ("hpo::span 1e999 query", "`hpo::span SECONDS NAME`"),
    ],
)
def test_what_must_not_be_kept_is_counted_with_the_reason(line: str, why: str) -> None:
    found = remarks_of(line)
    assert (found.spans, found.notes, found.links, found.left_out) == ({}, (), (), 1)
    assert why in found.sentences[0]
    assert "secret" not in found.sentences[0]


def test_a_program_that_says_too_much_fills_no_database() -> None:
    lines = [
        f"hpo::{kind}"
        for i in range(100)
        for kind in (f"note {i}{'x' * 2000}", f"span 1 s{i}", f"link http://h/{i} {'t' * 900}")
    ]
    found = remarks_of(*lines)
    assert [len(each) for each in (found.notes, found.spans, found.links)] == [NOTES, SPANS, LINKS]
    assert found.left_out == 300 - NOTES - SPANS - LINKS
    assert max(map(len, found.notes)) == 500
    assert len(json.dumps(found.to_dict())) < 30_000


def test_texts_lose_secrets_and_what_a_terminal_would_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_masker", lambda text: text.replace("s3cret", "***"))
    found = remarks_of("hpo::note \x1b[31mred\x1b[0m\u202e \x00s3cret\tend", "hpo::link https://h/s3cret it is s3cret")
    assert found.notes == ("red *** end",)
    assert found.links == (Link("it is ***", "https://h/***"),)


@pytest.mark.parametrize("source", [Stdout(), Stdout(format="json"), Stdout(filter=r"(?P<name>\w+)=(?P<value>\S+)")])
def test_a_remark_is_never_taken_for_a_metric(source: Stdout) -> None:
    collector = Collector(source, Objective("loss"))
    collector.feed(
        b'hpo::note loss=0.5\nhpo::span 1.5 loss=0.25\nhpo::note {"loss": 0.125}\nhpo::note final loss: 0.1\n'
    )
    assert collector.drain(final=True) == []
    assert collector.problems == ()
