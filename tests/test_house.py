"""The house's own rules: who may import whom, how long a module may be, what a start costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import ml4t_nb

ROOT = Path(ml4t_nb.__file__).parent
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

# A module may import its own layer and those below it.
LAYERS = (
    {
        "model",
        "backups",
        "codec",
        "notice",
        "finding",
        "hints",
        "records",
        "plans",
        "reports",
        "report_frames",
        "report_parts",
        "run_reports",
        "version_diff",
        "events",
        "interruption",
        "errors",
        "citations",
        "check_reports",
        "session_reads",
        "options",
        "frequencies",
        "version_names",
        "settings",
        "settings_file",
        "store_settings",
        "universes",
    },
    {"core"},
    {"providers", "storage", "targets"},
    {"pipeline", "reading", "batch", "telling", "workspace", "calendars"},
    {"executors"},
    {"verbs"},
    {"commands"},
    {"render"},
    {"execution"},
    {"server"},
    {"cli", "notebook", "api"},
    {"__init__", "__main__", "testing"},
)
STRANGERS = {
    (own, other)
    for beside in (LAYERS[2], {"cli", "notebook", "api"})
    for own in beside
    for other in beside - {own}
}
FACES = {"commands", "render", "execution", "server", "cli", "notebook", "api"}
FACES_SEE = {*LAYERS[0], "workspace", "verbs", *FACES}

# They are imported by every start, that of ``--help`` too.
LIGHT = (
    "model.py", "backups.py", "codec.py", "finding.py", "notice.py", "hints.py", "records.py",
    "plans.py", "citations.py", "check_reports.py", "session_reads.py",
    "reports.py", "report_parts.py", "run_reports.py", "version_diff.py", "report_frames.py",
    "events.py",
    "interruption.py", "errors.py", "options.py", "version_names.py", "frequencies.py",
    "settings.py",
    "settings_file.py", "store_settings.py", "universes.py", "workspace.py", "verbs/", "commands/",
    "render/", "execution/", "server/", "notebook/", "cli.py", "api.py", "__init__.py",
    "__main__.py",
)  # fmt: skip
HEAVY = {"pandas", "numpy", "pyarrow", "filelock"}
NUMERIC = (
    "core/", "storage/", "providers/", "targets/", "pipeline/", "reading/", "batch.py",
    "telling.py", "calendars.py", "executors/",
)  # fmt: skip
SLOW_STARTERS = (
    "pandas", "numpy", "pyarrow", "rich", "yfinance", "exchange_calendars", "plotly",
    "ipywidgets", "anywidget", "tenacity", "argcomplete", "apprise", "distributed",
)  # fmt: skip
LONGEST = 300

# Handlers are classes of the server's own; imported only where it serves.
SERVER = {
    f"server/{name}.py": {"jupyter_server", "tornado", "traitlets"}
    for name in ("access", "alone_server", "api_handler", "extension", "job_handlers", "routes",
                 "verb_handlers")
}  # fmt: skip

# A subclass of the client's own session; itself imported only when Yahoo is asked.
CLIENTS = {"providers/yahoo/session.py": {"curl_cffi"}, "storage/checksum.py": {"xxhash"}}


def modules_of(parts: Iterable[str]) -> list[str]:
    return [name for name in MODULES if part(name) in parts]


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Dotted names that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        assert node.module is not None
        if node.module == "ml4t_nb":
            yield from (f"ml4t_nb.{alias.name}" for alias in node.names)
        else:
            yield node.module


def at_start(statements: list[ast.stmt]) -> Iterator[str]:
    """Names imported when the module is: not in functions, not for type checkers only."""
    for statement in statements:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            yield from at_start(statement.orelse)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported(statement)
            for name in ("body", "orelse", "finalbody"):
                yield from at_start(getattr(statement, name, []))


def part(module: str) -> str:
    """First name below the package: ``core``, ``verbs``, ``model``."""
    return module.partition("/")[0].removesuffix(".py")


def packages(nodes: Iterable[ast.AST]) -> set[str]:
    """The first names of what import statements among ``nodes`` name."""
    return {name.split(".")[0] for node in nodes for name in imported(node)}


@cache
def parts_imported(module: str) -> set[str]:
    names = (name for node in ast.walk(tree(module)) for name in imported(node))
    return {name.split(".")[1] for name in names if name.startswith("ml4t_nb.")}


def layer(name: str) -> int:
    return next(at for at, names in enumerate(LAYERS) if name in names)


# A rule is one test of all modules: a test of each of them would be thousands.
def breaking(found: Iterable[tuple[str, object]]) -> dict[str, object]:
    """What breaks a rule, by module."""
    return {module: what for module, what in found if what}


def test_imports_point_down() -> None:
    above = (
        (each, {name for name in parts_imported(each) if layer(name) > layer(part(each))})
        for each in MODULES
    )

    assert breaking(above) == {}


def test_what_is_for_tests_is_imported_by_tests_alone() -> None:
    barred = {"pytest", "hypothesis", "tests"}
    others = [each for each in MODULES if part(each) != "testing"]

    assert [each for each in others if "testing" in parts_imported(each)] == []
    assert breaking((each, packages(ast.walk(tree(each))) & barred) for each in others) == {}


def test_neighbours_of_one_layer_do_not_know_each_other() -> None:
    pairs = {each: {(part(each), name) for name in parts_imported(each)} for each in MODULES}

    assert breaking((each, found & STRANGERS) for each, found in pairs.items()) == {}


def modules_imported(module: str) -> set[str]:
    """Other modules of the package that ``module`` names: in functions and for types, too."""
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {file for name in found for file in [file_of(name)] if file not in ("", module)}


def file_of(name: str) -> str:
    """The module of the package that a dotted name is, or is defined in; empty if none."""
    path = name.removeprefix("ml4t_nb").strip(".").replace(".", "/")
    files = (f"{path}.py", f"{path}/__init__.py".lstrip("/"))
    if not name.startswith("ml4t_nb"):
        return ""
    return next((file for file in files if file in MODULES), "") or file_of(name.rpartition(".")[0])


def test_no_import_goes_round() -> None:
    left = {module: modules_imported(module) for module in MODULES}
    while free := {module for module, others in left.items() if not others & left.keys()}:
        left = {module: others for module, others in left.items() if module not in free}

    assert left == {}


def test_a_front_end_imports_only_verbs_and_values() -> None:
    faces = modules_of(FACES)

    assert breaking((each, parts_imported(each) - FACES_SEE) for each in faces) == {}


def others_at_start(module: str) -> set[str]:
    """Packages of others that a module imports when it is imported itself."""
    names = {name.split(".")[0] for name in at_start(tree(module).body)}
    return names - set(sys.stdlib_module_names) - {"ml4t_nb"}


def test_a_light_module_starts_on_the_standard_library_alone() -> None:
    light = [each for each in MODULES if each.startswith(LIGHT)]

    assert breaking((each, others_at_start(each) - SERVER.get(each, set())) for each in light) == {}


def test_a_light_module_starts_on_light_modules() -> None:
    heavy = tuple(f"ml4t_nb.{name}" for name in ("core", "providers", "storage", "batch"))
    light = [each for each in MODULES if each.startswith(LIGHT)]

    assert (
        breaking(
            (each, [name for name in at_start(tree(each).body) if name.startswith(heavy)])
            for each in light
        )
        == {}
    )


def test_a_numeric_module_pays_at_its_start_for_arrays_alone() -> None:
    numeric = [each for each in MODULES if each.startswith(NUMERIC)]

    assert breaking((each, others_at_start(each) - HEAVY) for each in numeric) == CLIENTS


def spoken(module: str) -> Iterator[str]:
    """The strings of a module, those of its f-strings too, without its docstrings."""
    whole = tree(module)
    bare = {
        id(node.value)
        for node in ast.walk(whole)
        if isinstance(node, ast.Expr)  # a docstring, of a constant too
    }
    for node in ast.walk(whole):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


# A hint that spells a command forgets the store it is about, and who reads it: it is a NextStep.
COMMAND = re.compile(
    r"(?<!\.)ml4t-data|%ml4t|ml4t_nb\.[a-z_]+\("
    r"|`(load|update|health|list|gaps|plot|export|remove|providers|panel|jobs)\b"
)


def test_no_module_below_the_front_ends_spells_a_command() -> None:
    below = [each for each in MODULES if part(each) not in FACES]

    assert (
        breaking(
            (each, [words for words in spoken(each) if COMMAND.search(words)]) for each in below
        )
        == {}
    )


def lines_of_code(module: str) -> int:
    """All but the docstrings: a verb's is its help, a value's the field's words."""
    docstrings = sum(
        node.body[0].end_lineno - node.body[0].lineno + 1
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node)
        and node.body[0].end_lineno
    )
    return len((ROOT / module).read_text(encoding="utf-8").splitlines()) - docstrings


def test_a_module_has_one_subject_and_fits_a_few_screens() -> None:
    assert [each for each in MODULES if not ast.get_docstring(tree(each))] == []
    assert [each for each in MODULES if lines_of_code(each) > LONGEST] == []


def listed_and_public(module: str) -> tuple[set[str], set[str], set[str]]:
    """Names that ``__all__`` lists, all that are defined, and those of public definitions."""
    body = tree(module).body
    listed: set[str] = set()
    defined: set[str] = set()
    for statement in ast.walk(ast.Module(body, [])):
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            named = (each for target in targets for each in ast.walk(target))
            names = {each.id for each in named if isinstance(each, ast.Name)}
            if "__all__" in names and statement.value is not None:
                listed = set(ast.literal_eval(statement.value))
            defined |= names
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            defined.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            defined |= {alias.asname or alias.name for alias in statement.names}
    public = {
        statement.name
        for statement in body
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement.name[0] != "_"
    }
    return listed, defined, public


def test_what_is_public_is_listed_and_there() -> None:
    hooks = {"load_ipython_extension", "unload_ipython_extension"}
    for module in MODULES:
        listed, defined, public = listed_and_public(module)
        assert listed <= defined, module
        assert public - listed <= hooks, module


def loaded_by(program: str) -> set[str]:
    """Slow packages that a fresh interpreter holds after running ``program``."""
    script = f"{program}\nimport sys\nprint('LOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    modules = done.stdout.rpartition("LOADED ")[2].split()
    return {name for name in SLOW_STARTERS if name in modules}


@pytest.mark.parametrize(
    "program",
    [
        "import ml4t_nb",
        "from ml4t_nb.cli import main; main(['--help'])",
        "from ml4t_nb.cli import main; main(['update', '--help'])",
        "from ml4t_nb.cli import main; main(['updat'])",
        "from ml4t_nb.cli import main; main(['load', 'A', '-f', 'dayly'])",
        "import ml4t_nb.verbs, ml4t_nb.notebook.magic_cell, ml4t_nb.commands.completion",
    ],
)
def test_a_start_loads_no_slow_package(program: str) -> None:
    assert loaded_by(program) == set()


def test_what_is_stored_is_listed_and_judged_without_pandas(tmp_path: Path) -> None:
    start = f"from ml4t_nb.cli import main; main({{}} + ['--home', {str(tmp_path)!r}])"
    load = "['load', 'DEMO', '-p', 'synthetic', '--start', '2024-01-02', '--as-of', '2024-01-12']"
    loaded_by(start.format(load))
    judge = start.format("['health', '--as-of', '2024-01-12']")

    # rich draws the tables; sessions are arrays, which a list does not need.
    assert loaded_by(start.format("['list']")) <= {"rich"}
    assert loaded_by(judge) <= {"rich", "numpy"}


def test_loading_the_extension_loads_no_slow_package() -> None:
    program = (
        "from IPython.core.interactiveshell import InteractiveShell as S; import sys\n"
        "shell = S.instance(); before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'ml4t_nb')\n"
        "shell.run_cell('%ml4t --help')\n"
        "new = set(sys.modules) - before\n"
        "[sys.modules.pop(name) for name in before & set(sys.modules)"
        " if name.split('.')[0] not in ('sys', 'builtins')]"
    )

    assert loaded_by(program) == set()


def public(module: str) -> Iterator[str]:
    """Names that a module lists and defines itself; those of others it only passes on."""
    body = tree(module).body
    listed: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names = {statement.name}
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            if "__all__" in names and statement.value is not None:
                listed = set(ast.literal_eval(statement.value))
        else:
            continue
        yield from names & listed


def test_no_public_name_means_two_things() -> None:
    # ``api`` has the verbs without their workspace; each provider's limits are of one type.
    homes: dict[str, list[str]] = {}
    for module in MODULES:
        if part(module) != "api" and not re.fullmatch(r"providers/\w+/__init__.py", module):
            for name in public(module):
                homes.setdefault(name, []).append(module)

    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


MARKUP = re.compile(r"</?[a-z]+[ >/]")


def test_markup_is_made_of_elements_and_never_of_strings_with_values_in_them() -> None:
    for module in modules_of(FACES):
        if module == "render/markup.py":
            continue
        strings = (node for node in ast.walk(tree(module)) if isinstance(node, ast.JoinedStr))
        parts = (each for node in strings for each in node.values if isinstance(each, ast.Constant))

        assert [part.value for part in parts if MARKUP.search(str(part.value))] == [], module
