"""Declarations of the ``airflow hpo`` commands. Airflow imports them at every command, so nothing heavy stands here."""

from typing import Any

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command


def _defaulting(*flags: str, default: Any, help: str, **options: Any) -> Arg:
    """Return an option with its default in the help."""
    return Arg(flags, default=default, help=f"{help} (default: {default})", **options)


def _form(*choices: str, help: str = "") -> Arg:
    """Return the option for the form of an output, which is a table unless a person asks for another."""
    return _defaulting("-o", "--output", default="table", choices=("table", *choices), help=f"Form of the output{help}")


def _limit(what: str) -> Arg:
    return _defaulting("--limit", default=20, type=int, help=f"How many {what} to list, newest first")


CONNECTION = _defaulting("--conn-id", default="hpo_default", help="Connection of the study database")
KUBERNETES = _defaulting("--kubernetes-conn-id", default="kubernetes_default", help="Connection of the cluster")
OUTPUT = _form("json", "csv")
EDITION = Arg(
    ("name",),
    help="An edition (study@run), or a study: its newest edition; to read also a part of its name, or its DAG",
)
STUDY = Arg(("name",), help="A study, such as dispatch/tokyo")
PARAMETER_SET = Arg(("name",), help="A parameter set, such as dispatch/tokyo")
TRIAL = Arg(("number",), help="Number of the trial", type=int)
TO_DAG = Arg(("--to-dag",), help="Id of the DAG that owns it from now on", required=True)
WHY = "Why, in one sentence: "
STARTED = "start the DAGs that are scheduled on its asset"
"""What a move of the champion does besides, as a promotion in a DAG does."""


def get_cli_commands() -> list[CLICommand]:
    """Return the commands of this provider."""
    groups = (_database(), _studies(), _trials(), _pods(), _champion(), _comparisons(), _import())
    return [GroupCommand(name="hpo", help="Hyperparameter optimisation", subcommands=list(groups))]


def _group(name: str, text: str, *commands: ActionCommand) -> GroupCommand:
    return GroupCommand(name=name, help=text, subcommands=list(commands))


def _command(function: str, text: str, *args: Arg, database: bool = True) -> ActionCommand:
    """Return the command of a function, ``<module>.<function>``, which has its name, or one with ``_`` after it."""
    name = function.rpartition(".")[2].rstrip("_")
    loaded = lazy_load_command(f"airflow_hpo.cli.{function}")
    return ActionCommand(name=name, help=text, func=loaded, args=(*args, CONNECTION) if database else args)


def _database() -> GroupCommand:
    revision = Arg(("--to-revision",), help='A revision of our tables, or "base" to remove them', required=True)
    lose_data = Arg(("--lose-data",), help="Also drop tables that have something in them", action="store_true")
    older = "Bring our tables back to those of an older version of this provider, before installing it"
    return _group(
        "db",
        "The study database",
        _command("db.migrate", "Create or upgrade the tables of the study database"),
        _command("db.check", "Say whether the study database can be reached and has the right tables"),
        _command("db.downgrade", older, revision, lose_data),
    )


def _studies() -> GroupCommand:
    family, limit = Arg(("--study",), help="Only editions of this study", default=None), _limit("editions")
    file = Arg(("--file",), help="Write here instead of to the standard output", default=None)
    interval = _defaulting("--interval", default=2.0, type=float, help="Seconds between two looks")
    reason = Arg(("--reason",), help=f"{WHY}shown wherever the study's end is (default: who asked)", default=None)
    running = Arg(
        ("--running",),
        help="What becomes of trials that run: left to finish, or ended and pruned (default: what the study declares)",
        choices=("finish", "stop"),
        default=None,
    )
    cancel = Arg(("--cancel",), help="Take it back, as long as the run was not started again", action="store_true")
    drained = Arg(("name",), help="An edition (study@run), or a study: its newest edition", nargs="?", default=None)
    all_ = Arg(
        ("--all",), help="Every edition that has not ended; those that start later are not drained", action="store_true"
    )
    go_on = Arg(("--cancel",), help="Let what is drained go on", action="store_true")
    to_group = Arg(("--to-group",), help="The task group of the study in that DAG (default: as before)", default=None)
    transfer = "Give a study, its evaluations and its parameter set to another DAG, as after a renaming"
    drift = "Show how a study's optimum and the champion's score moved from edition to edition"
    export = "Export every trial of an edition with parameters, metrics, attempts, reasons and oddities"
    names = Arg(
        ("names",), help="Studies or editions, also as patterns, such as 'dispatch/*' (default: all)", nargs="*"
    )
    older_than = Arg(("--older-than",), help="Only editions that ended so long ago: 180d, 26w, 12h", required=True)
    keep_best = _defaulting("--keep-best", default=0, type=int, help="How many of the best trials of each edition stay")
    archive = Arg(("--archive",), help="Folder in which each edition's trials are written as CSV before", default=None)
    plan = Arg(("--dry-run",), help="Only show what would be deleted, and why the rest stays", action="store_true")
    yes = Arg(("-y", "--yes"), help="Do not ask", action="store_true")
    purge = "Archive and delete the trials of old editions, except what was promoted, compared or is referred to"
    watch = "Follow a running study: trials done, failed, running, best so far, rate and time left"
    stop = "End a running study: nothing further is started, and its best trial so far is the result"
    drain = "Start nothing new before an upgrade: trials that run end normally, all others wait until --cancel"
    afresh = "Have the next start of an edition compute everything again, and keep what there is: call it, then clear the run"
    show = "Show one edition: its state, its best trial and its best parameters"
    compared = Arg(
        ("names",), help="Editions or studies, as for `show`; of one study alone its two newest editions", nargs="+"
    )
    compare = "Show editions side by side: state, counts, best trials, and in what their spaces differ"
    best = "Show the best parameters of one edition, or print them for a program"
    best_form = _form("json", "env", "args", help="; env: variables for a shell or a container; args: --name=value")
    why = "Say why a study, and each of its trials without a result, is where it is"
    settings = Arg(
        ("settings",), help="parallelism=, max_trials=, timeout= (seconds, 12h, none) or sampler=", nargs="+"
    )
    numbers = "How many trials, or simulations, run at once (default: 5 10 20)"
    at_once = Arg(("--at-once",), help=numbers, type=int, nargs="+", default=None)
    planned = Arg(("--trials",), help="How many trials (default: as many as the study wants)", type=int, default=None)
    foresee = (
        "Forecast the wall time of a study's next edition with more or fewer at once, and say where more do not pay"
    )
    more = Arg(("trials",), help="How many more trials", type=int)
    report = Arg(("-o", "--output"), help="The HTML file to write, such as report.html", required=True)
    plot = "Draw one edition: charts, trials, failures and decisions in one HTML file that needs no server"
    set_ = "Give a running study another parallelism, number of trials, timeout or sampler; its file stays as it is"
    return _group(
        "studies",
        "Look at studies, change and stop them, and give them to another DAG",
        _command("studies.list_", "List editions of studies, newest first", family, limit, OUTPUT),
        _command("studies.show", show, EDITION, OUTPUT),
        _command("studies.best", best, EDITION, best_form),
        _command("compare.compare", compare, compared, OUTPUT),
        _command("studies.drift", drift, STUDY, limit, OUTPUT),
        _command("studies.export", export, EDITION, OUTPUT, file),
        _command("plot.plot", plot, EDITION, report),
        _command("why.why", why, EDITION, OUTPUT),
        _command("watch.watch", watch, EDITION, interval),
        _command("plan.plan", foresee, EDITION, at_once, planned, OUTPUT),
        _command("settings.set_", set_, EDITION, settings),
        _command("settings.extend", "Have a running study want more trials", EDITION, more),
        _command("studies.stop", stop, EDITION, reason, running),
        _command("drain.drain", drain, drained, all_, go_on),
        _command("studies.afresh", afresh, EDITION, cancel),
        _command("purge.purge", purge, names, older_than, keep_best, archive, plan, yes, OUTPUT),
        _command("studies.transfer", transfer, STUDY, TO_DAG, to_group),
    )


def _trials() -> GroupCommand:
    form = _form("json", "csv", help="; json: everything; csv: every value that was reported, one a row")
    wrong = "What is wrong with the result, one sentence"
    reason = _defaulting("--reason", default="A person took its result back.", help=wrong)
    show = "Show one trial: parameters, result, every attempt with its task and log, and what it reported"
    invalidate = "Take a finished trial's wrong result back: it counts no longer and is never the best"
    values = Arg(("values",), help="Values of the point, such as lr=0.01; what is left out is sampled", nargs="+")
    add = "Have a point of your own evaluated next, before what the sampler would suggest"
    end = "End one running trial: its program or pod ends, and it is pruned, which is no failure"
    return _group(
        "trials",
        "Look at trials, and correct them",
        _command("trials.show", show, EDITION, TRIAL, form),
        _command("trials.add", add, EDITION, values),
        _command("trials.end", end, EDITION, TRIAL),
        _command("trials.invalidate", invalidate, EDITION, TRIAL, reason),
    )


def _pods() -> GroupCommand:
    where = "Where to look; may be given again (default: the connection's)"
    namespace = Arg(("--namespace",), help=where, action="append", default=None)
    dry_run = Arg(("--dry-run",), help="Remove nothing", action="store_true")
    older_than = _defaulting("--older-than", default=0.0, type=float, help="Only pods that are this many seconds old")
    unknown = Arg(("--unknown",), help="Also pods of studies that this database does not have", action="store_true")
    reap = "Find pods of trials that no task waits for, and remove them"
    arguments = (namespace, KUBERNETES, dry_run, older_than, unknown, OUTPUT)
    return _group("pods", "Pods of trials", _command("pods.reap", reap, *arguments))


def _champion() -> GroupCommand:
    version = Arg(("--version",), help="Another version than the one in use", type=int, default=None)
    form = _form("json", "env", help="; env: variables for a shell or a container")
    old = Arg(("old",), help="A version (default: the one in use before)", type=int, nargs="?", default=None)
    new = Arg(("new",), help="A version (default: the one in use)", type=int, nargs="?", default=None)
    file = Arg(("--file",), help="JSON or YAML: values by name, or what `get -o json` printed", required=True)
    reason = Arg(("--reason",), help=f"{WHY}kept with the version", default=None)
    to = Arg(("--to",), help="The version to bring back (default: the one in use before)", type=int, default=None)
    mirror = Arg(
        ("--mirror",),
        help="Make the Airflow Variable that is read while the study database is away; one that exists is always kept up to date",
        action="store_true",
    )
    set_ = f"Make the parameters in a file the next version, and {STARTED}"
    rollback = f"Bring an earlier version back as the next version, and {STARTED}"
    history = "List the versions of a parameter set"
    return _group(
        "champion",
        "The parameters that production uses",
        _command("champion.list_", "List what is in use of every parameter set", OUTPUT),
        _command("champion.get", "Show the parameters in use", PARAMETER_SET, version, form),
        _command("champion.history_", history, PARAMETER_SET, _limit("versions"), OUTPUT),
        _command("champion.diff", "Show what differs between two versions", PARAMETER_SET, old, new, OUTPUT),
        _command("champion.set_", set_, PARAMETER_SET, file, reason, mirror),
        _command("champion.rollback_", rollback, PARAMETER_SET, to, reason, mirror),
        _command("champion.transfer", "Give a parameter set to another DAG", PARAMETER_SET, TO_DAG),
    )


def _comparisons() -> GroupCommand:
    study = Arg(("--study",), help="Only comparisons of this study", default=None)
    parameter_set = Arg(("--parameter-set",), help="Only comparisons about this parameter set", default=None)
    number = Arg(("number",), help="Number of the comparison", type=int)
    form = _form("json", "markdown", help="; markdown: the report as it was written")
    arguments = (study, parameter_set, _limit("comparisons"), OUTPUT)
    return _group(
        "comparisons",
        "What was compared with the parameters in use, and what was decided",
        _command("comparisons.list_", "List comparisons, newest first", *arguments),
        _command("comparisons.show", "Show the report of one comparison", number, form),
    )


def _import() -> ActionCommand:
    file = Arg(
        ("file",),
        help="A Katib Experiment, perhaps with the ConfigMap of its template, an OptimizationJob or a W&B sweep (YAML or JSON), a search of Hyperopt, Ray Tune or scikit-learn (Python), or a database of Optuna (SQLite)",
    )
    output = Arg(("-o", "--output"), help="The DAG file to write (default: the standard output)", default=None)
    looks = "The system of the file (default: the one it looks like)"
    system = Arg(
        ("--from",),
        help=looks,
        choices=("katib", "wandb", "hyperopt", "optuna", "ray", "sklearn", "trainer"),
        default=None,
        dest="source",
    )
    name = Arg(("--name",), help="The study's name (default: that of the file)", default=None)
    trials = Arg(("--max-trials",), help="How many trials (default: as many as the file says)", type=int, default=None)
    objective = Arg(("--objective",), help="minimize:NAME or maximize:NAME, where a sweep has no metric", default=None)
    run = Arg(
        ("--run-file",),
        help="Run a file that is Python, as those of Hyperopt, Ray Tune and scikit-learn are: look at it first",
        action="store_true",
    )
    study = Arg(("--study",), help="Which study, where a database of Optuna has several", default=None)
    metric = Arg(
        ("--metric",), help="What the objective of Optuna is called, where the database has no name", default=None
    )
    given = (file, output, system, name, trials, objective, study, metric, run)
    text = "Write the DAG of another system's specification, or say everything in it that cannot be had here"
    return _command("importing.import_", text, *given, database=False)
