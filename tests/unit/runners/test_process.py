from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from airflow_hpo.core.metrics.collector import Collector
from airflow_hpo.core.metrics.point import SeriesPoint
from airflow_hpo.core.metrics.source import File, Stdout, TerminationMessage
from airflow_hpo.core.objective import Objective
from airflow_hpo.exceptions import DeclarationError, TrialFailedError
from airflow_hpo.runners.metric_inputs import FileInput
from airflow_hpo.runners.process import ProcessRunner

LOSS = Objective("loss")


def runner(*command: str, **options: Any) -> ProcessRunner:
    return ProcessRunner(command, LOSS, options.pop("source", None), **{"interval": 0.02, **options})


def shell(script: str, **options: Any) -> ProcessRunner:
    return runner("sh", "-c", script, **options)


def python(script: str, **options: Any) -> ProcessRunner:
    return runner(sys.executable, "-I", "-S", "-c", script, **options)


def measured(made: ProcessRunner) -> float:
    outcome = made.run()
    outcome.check()
    assert outcome.value is not None
    return outcome.value


def gone(pid: int) -> bool:
    """A zombie nobody has reaped does not run any more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def pids(text: str) -> list[int]:
    found = [int(word) for word in text.split()]
    assert found
    return found


def test_200_programs_that_exit_at_once_lose_nothing() -> None:
    assert [measured(runner("echo", f"loss={i}")) for i in range(200)] == list(range(200))


def test_lines_of_both_streams_come_while_the_program_runs(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(line: str) -> None:
        seen.append(line)
        (tmp_path / line).touch()

    script = "echo out; until [ -e out ]; do sleep 0.01; done; echo err >&2; until [ -e err ]; do sleep 0.01; done"
    assert shell(script, cwd=str(tmp_path), on_line=answer).run().exit_code == 0
    assert seen == ["out", "err"]


def test_50_000_lines_are_all_read() -> None:
    lines: list[str] = []
    made = python("for i in range(50_000): print(f'step={i} loss={i}')", on_line=lines.append)
    assert measured(made) == 49_999
    assert len(lines) == 50_000


def test_a_flood_of_lines_does_not_keep_the_monitor_from_pruning() -> None:
    assert shell("yes loss=1", monitor=bool, grace_period=5.0).run().state == "pruned"


def test_a_line_of_megabytes_is_cut_and_what_follows_is_read() -> None:
    made = python("print('x' * 5_000_000); print('loss=0.5')")
    assert measured(made) == 0.5
    assert any("too long" in problem for problem in made.collector.measure().problems)


def test_output_that_is_no_utf8_is_read() -> None:
    assert measured(shell(r"printf 'caf\351 loss=0.5\n\377\376'")) == 0.5


def test_a_last_line_without_an_end_is_read() -> None:
    assert measured(shell("printf loss=0.5")) == 0.5


def test_the_monitor_gets_every_point_once(tmp_path: Path) -> None:
    got: list[SeriesPoint] = []

    def take(points: list[SeriesPoint]) -> bool:
        got.extend(points)
        if points:
            (tmp_path / "seen").touch()
        return False

    script = "echo loss=1; until [ -e seen ]; do sleep 0.01; done; echo loss=2; echo loss=3"
    shell(script, cwd=str(tmp_path), monitor=take).run().check()
    assert [(point.step, point.value) for point in got] == [(1, 1.0), (2, 2.0), (3, 3.0)]


def test_the_last_points_are_handed_over_when_the_program_is_faster_than_the_monitor() -> None:
    got: list[SeriesPoint] = []
    measured(shell("echo loss=1", interval=60.0, monitor=lambda points: bool(got.extend(points))))
    assert [point.value for point in got] == [1.0]


def test_a_verdict_after_the_end_does_not_make_a_finished_trial_a_pruned_one() -> None:
    outcome = shell("echo loss=1", interval=60.0, monitor=lambda points: True).run()
    assert (outcome.state, outcome.exit_code) == ("complete", 0)


TREE = "sleep 300 & echo $! > pids; setsid sleep 300 & echo $! >> pids; (setsid sh -c 'echo $$ >> pids; sleep 300' &); "
WRITTEN = "until [ $(wc -l < pids) = 3 ]; do sleep 0.01; done; echo loss=1; "


@pytest.mark.parametrize("ignore", ["", "trap '' TERM; "], ids=["polite", "ignores SIGTERM"])
def test_pruning_ends_the_whole_tree_and_those_who_left_it(tmp_path: Path, ignore: str) -> None:
    made = shell(f"{ignore}{TREE}{WRITTEN}wait", cwd=str(tmp_path), monitor=bool, grace_period=0.2 if ignore else 10)
    outcome = made.run()
    outcome.check()
    assert (outcome.state, outcome.exit_code) == ("pruned", None)
    assert all(gone(pid) for pid in pids((tmp_path / "pids").read_text()))


def test_a_program_may_tidy_up_before_it_is_ended() -> None:
    made = shell("trap 'echo loss=2; exit 0' TERM; echo loss=1; while :; do sleep 0.01; done", monitor=bool)
    outcome = made.run()
    assert outcome.state == "pruned"
    assert made.collector.measure().value == 2.0


def test_a_child_that_keeps_the_output_open_does_not_hang_the_runner(tmp_path: Path) -> None:
    made = shell("setsid sleep 300 & echo $! > pids; echo loss=1", cwd=str(tmp_path))
    assert measured(made) == 1.0
    assert all(gone(pid) for pid in pids((tmp_path / "pids").read_text()))


def test_a_child_that_prints_shortly_after_the_end_is_heard() -> None:
    assert measured(shell("(sleep 0.2; echo loss=2) & echo loss=1")) == 2.0


def test_stop_from_another_thread_ends_the_program() -> None:
    made = shell("echo ready; sleep 300", on_line=lambda line: threading.Thread(target=made.stop).start())
    outcome = made.run()
    assert outcome.kind == "killed"
    with pytest.raises(TrialFailedError) as failed:
        outcome.check()
    assert failed.value.kind == "killed"


def test_stop_from_a_signal_handler_ends_the_program() -> None:
    made = shell("echo ready; sleep 300", on_line=lambda line: signal.raise_signal(signal.SIGUSR1))
    before = signal.signal(signal.SIGUSR1, lambda *_: made.stop())
    try:
        assert made.run().kind == "killed"
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_stopped_program_was_killed_although_its_end_is_heard_before_the_next_look() -> None:
    # Later than the line, so that the runner waits for nothing but the end.
    made = shell("echo; sleep 300", interval=60.0, on_line=lambda line: threading.Timer(0.5, made.stop).start())
    assert made.run().kind == "killed"


def test_stop_before_the_run_and_after_it_is_harmless() -> None:
    made = shell("sleep 300")
    made.stop()
    assert made.run().kind == "killed"
    made.stop()


def test_a_program_that_runs_too_long_is_ended() -> None:
    with pytest.raises(TrialFailedError, match="timeout") as failed:
        shell("sleep 300", timeout=0.1).run().check()
    assert failed.value.kind == "program"


def test_a_program_that_hangs_is_ended_and_says_since_when() -> None:
    with pytest.raises(
        TrialFailedError, match=r"no line and no metric for 0\.3 seconds and was ended\. Raise no_news"
    ) as failed:
        shell("echo loss=1; sleep 300", no_news_after=0.3).run().check()
    assert failed.value.kind == "no_news"


def test_a_program_that_says_something_now_and_then_goes_on() -> None:
    assert measured(shell("for i in 1 2 3 4; do sleep 0.5; echo step $i; done; echo loss=2", no_news_after=1.8)) == 2.0


def test_metrics_in_a_file_are_news(tmp_path: Path) -> None:
    script = "for i in 1 2 3 4; do sleep 0.5; echo loss=$i >> metrics.txt; done"
    made = shell(script, source=File("metrics.txt"), cwd=str(tmp_path), no_news_after=1.8)
    assert measured(made) == 4.0


@pytest.mark.parametrize("callback", ["on_line", "monitor"])
def test_an_error_in_a_callback_ends_the_program(tmp_path: Path, callback: str) -> None:
    def fail(_: object) -> bool:
        raise ConnectionError("the database is away")

    script = "sleep 300 & echo $! > pids; echo $$ >> pids; echo loss=1; wait"
    with pytest.raises(ConnectionError):
        shell(script, cwd=str(tmp_path), **{callback: fail}).run()
    assert all(gone(pid) for pid in pids((tmp_path / "pids").read_text()))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'no such table'; exit 3", "exited with 3. Its last lines: no such table"),
        ("exit 1", "exited with 1. It printed nothing"),
        ("kill -SEGV $$", "ended by SIGSEGV"),
        ("kill -KILL $$", "ended by SIGKILL. Often that is the kernel short of memory"),
    ],
)
def test_a_failed_program_is_told_with_its_last_lines(script: str, message: str) -> None:
    with pytest.raises(TrialFailedError, match=message) as failed:
        shell(script).run().check()
    assert failed.value.kind == "program"


def not_executable(folder: Path) -> str:
    file = folder / "train"
    file.write_text("#!/bin/sh\n")
    return str(file)


def without_shebang(folder: Path) -> str:
    file = folder / "train"
    file.write_bytes(b"\0nonsense")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (lambda folder: "no-such-program", "'no-such-program' cannot be started: No such file"),
        (not_executable, "train' cannot be started: Permission denied"),
        (without_shebang, "train' cannot be started: Exec format error"),
        (lambda folder: "a\0b", "cannot be started"),
    ],
    ids=["unknown", "not executable", "no program", "NUL"],
)
def test_a_program_that_cannot_be_started_is_named(
    tmp_path: Path, program: Callable[[Path], str], message: str
) -> None:
    with pytest.raises(TrialFailedError, match=message):
        runner(program(tmp_path)).run().check()


def test_a_working_directory_that_is_missing_is_named() -> None:
    with pytest.raises(TrialFailedError, match="'/no/such/place'"):
        runner("true", cwd="/no/such/place").run().check()


@pytest.mark.parametrize("command", [[], "echo loss=1"], ids=repr)
def test_a_command_is_a_list(command: Any) -> None:
    with pytest.raises(DeclarationError, match="list"):
        ProcessRunner(command, LOSS)


def test_the_environment_is_the_one_given() -> None:
    lines: list[str] = []
    runner("/usr/bin/env", env={"HPO_PARAM_RATE": "0.5"}, on_line=lines.append).run()
    assert "HPO_PARAM_RATE=0.5" in lines
    assert not any(line.startswith("HOME=") for line in lines)


def test_pipes_inside_the_program_end_quietly_as_in_a_shell() -> None:
    lines: list[str] = []
    shell("yes | head -n 1", on_line=lines.append).run()
    assert lines == ["y"]


def test_a_file_that_appears_late_is_followed_while_the_program_runs(tmp_path: Path) -> None:
    script = "sleep 0.1; echo loss=1 > m.log; while :; do sleep 0.01; done"
    assert shell(script, source=File("m.log"), cwd=str(tmp_path), monitor=bool).run().state == "pruned"


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    made = shell("echo step=1 loss=1 > m.log; printf 'step=2 loss=2' >> m.log", source=File("m.log"), cwd=str(tmp_path))
    assert measured(made) == 2.0


def test_an_unfinished_last_line_counts_when_the_program_ends_by_itself() -> None:
    assert measured(shell("echo loss=1; printf loss=0.25")) == 0.25


@pytest.mark.parametrize("source", [Stdout(), File("m.log")], ids=["output", "file"])
def test_an_unfinished_last_line_of_a_program_that_was_ended_may_be_half_a_line(
    tmp_path: Path, source: Stdout | File
) -> None:
    script = "exec > m.log;" if isinstance(source, File) else ""
    script += " echo loss=1; printf loss=0.2; sleep 300"
    made = shell(script, source=source, cwd=str(tmp_path), monitor=bool)
    assert made.run().pruned
    so_far = made.collector.so_far()
    assert so_far is not None
    assert so_far.value == 1.0


def test_of_a_file_written_anew_an_unfinished_line_is_dropped(tmp_path: Path) -> None:
    collector = Collector(File("m.log"), LOSS)
    read = FileInput(collector, str(tmp_path / "m.log"))
    for text in ("loss=1\nloss=0.2", "loss=0.9\n"):
        (tmp_path / "m.log").write_text(text)
        read.look()
    read.finish(whole=True)
    read.close()
    assert [point.value for point in collector.drain(final=True)] == [1.0, 0.9]


def test_a_whole_json_object_needs_no_newline(tmp_path: Path) -> None:
    collector = Collector(File("m.json", format="json"), LOSS)
    read = FileInput(collector, str(tmp_path / "m.json"))
    for text in ('{"loss": 0.5}', '{"loss": 0.25'):
        (tmp_path / "m.json").write_text(text)
        read.look()
    read.finish(whole=False)
    read.close()
    assert [point.value for point in collector.drain(final=True)] == [0.5]


def test_a_filter_that_is_too_slow_ends_the_program_with_a_sentence() -> None:
    source = Stdout(filter={"loss": r"^(?!x)(?:.*?,){25}P=(?P<value>\S+)"})
    with pytest.raises(TrialFailedError, match="filter must be quick"):
        shell(f"echo {'1,' * 40}P; sleep 300", source=source).run()


def test_python_prints_at_once_unless_its_environment_says_otherwise() -> None:
    script = "import time; print('loss=1'); time.sleep(300)"
    assert runner(sys.executable, "-S", "-c", script, env={}, monitor=bool).run().pruned
    lines: list[str] = []
    runner("/usr/bin/env", env={"PYTHONUNBUFFERED": ""}, on_line=lines.append).run()
    assert "PYTHONUNBUFFERED=" in lines


def test_a_file_that_never_appears_is_why_the_metric_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TrialFailedError, match="never appeared"):
        measured(shell("echo loss=1", source=File("m.log"), cwd=str(tmp_path)))


def test_the_termination_message_is_read_at_the_end() -> None:
    script = 'echo loss=1; echo "loss=2" > "$HPO_TERMINATION_LOG"'
    assert measured(shell(script, source=TerminationMessage())) == 2.0


def test_of_a_long_termination_message_the_end_is_read_as_in_a_pod() -> None:
    script = "import os; open(os.environ['HPO_TERMINATION_LOG'], 'w').write('loss=1\\n' + 'x' * 5000 + '\\nloss=2')"
    made = python(script, source=TerminationMessage())
    assert measured(made) == 2.0
    assert [point.value for point in made.collector.series.drain()] == []


def test_json_lines_are_read_live() -> None:
    source = Stdout(format="json", step="epoch")
    assert shell("""echo '{"epoch": 4, "loss": 0.5}'; sleep 300""", source=source, monitor=bool).run().state == "pruned"


RUNNER = """
import sys
from airflow_hpo.core.objective import Objective
from airflow_hpo.runners.process import ProcessRunner
ProcessRunner(["sh", "-c", sys.argv[1]], Objective("loss"), on_line=lambda line: print(line, flush=True)).run()
"""


def started(script: str, folder: Path) -> psutil.Popen:
    """Start a runner in a process of its own and return it once its program has printed a line."""
    process = psutil.Popen([sys.executable, "-c", RUNNER, script], stdout=-1, cwd=folder)
    assert process.stdout is not None
    assert process.stdout.readline() == b"loss=1\n"
    return process


def await_gone(found: list[int]) -> None:
    running = [psutil.Process(pid) for pid in found if not gone(pid)]
    assert psutil.wait_procs(running, timeout=60)[1] == []


def test_killing_the_runners_process_leaves_no_orphan(tmp_path: Path) -> None:
    process = started(f"{TREE}{WRITTEN}wait", tmp_path)
    tree = [child.pid for child in process.children(recursive=True)]
    process.kill()
    process.communicate()
    await_gone([*tree, *pids((tmp_path / "pids").read_text())])


def test_killing_the_launcher_ends_the_program_and_fails_the_attempt(tmp_path: Path) -> None:
    def kill_launcher(line: str) -> None:
        psutil.Process(int(line)).parent().kill()  # type: ignore[union-attr]

    outcome = shell("sleep 300 & echo $! > pids; echo $$; wait", cwd=str(tmp_path), on_line=kill_launcher).run()
    assert "SIGKILL" in (outcome.reason or "")
    await_gone(pids((tmp_path / "pids").read_text()))


def test_what_was_odd_is_kept_of_a_program_without_a_result() -> None:
    [problem] = shell("echo loss=high").run().problems
    assert "'high'" in problem


WRITES = "echo loss=1 >> metrics.txt; touch begun; while [ ! -e go-on ]; do sleep 0.05; done"


def writes(folder: Path, trial: int, run: str = "a", path: str = "metrics.txt") -> ProcessRunner:
    variables = {**os.environ, "HPO_TRIAL": str(trial), "HPO_STUDY": f"valley@{run}"}
    return shell(WRITES, source=File(path), cwd=str(folder), env=variables)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Path]:
    """A folder with a metrics file that trial 0 of `valley@a` writes."""
    first = writes(tmp_path, 0)
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(first.run)
        while not (tmp_path / "begun").exists():
            assert not outcome.done()
            time.sleep(0.01)
        yield tmp_path
        (tmp_path / "go-on").touch()
        assert outcome.result().state == "complete"


@pytest.mark.parametrize("path", ["metrics.txt", "../{folder}/metrics.txt"])
def test_a_metrics_file_that_another_run_writes_is_refused_with_both_trials(busy: Path, path: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        writes(busy, 0, "b", path.format(folder=busy.name)).run()
    assert "is that of trial 0 of valley@a and of trial 0 of valley@b. Write File('metrics-{{ run_id }}-" in str(
        refused.value
    )


def test_an_attempt_whose_predecessor_still_writes_the_file_is_tried_again(busy: Path) -> None:
    with pytest.raises(TrialFailedError, match="An earlier attempt of trial 0 of valley@a still follows") as failed:
        writes(busy, 0).run()
    assert failed.value.kind == "infrastructure"


def test_a_metrics_file_is_free_when_its_trial_has_ended(tmp_path: Path) -> None:
    (tmp_path / "go-on").touch()
    for run in ("a", "b"):
        assert writes(tmp_path, 0, run).run().state == "complete"
