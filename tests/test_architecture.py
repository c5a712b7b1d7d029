"""The house against its plan: floors, third parties and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "jprob"
FLOORS = {
    "_array": 0,
    "special": 1,
    "density": 2,
    "information": 2,
    "simulate": 3,
    "event": 4,
    "estimate": 4,
    "bayes": 5,
    "calibrate": 6,
    "ab": 6,
    "monitor": 7,
    "report": 8,
    "cli": 9,
    "__main__": 10,
}
THIRD_PARTIES = {
    "optax": {"estimate", "bayes"},
    "numpyro": {"bayes"},
    "arviz": {"report"},
    "arviz_stats": {"report"},
    "arviz_plots": {"report"},
    "xarray": {"report"},
    "matplotlib": {"report", "cli"},
    "pandas": {"report", "cli"},
    "scipy": set(),
    "tqdm": {"simulate", "bayes", "cli"},
}


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Every module that a file imports, at any depth of its code, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write absolute imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_and_stay_public(path):
    here = room(path)
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "jprob" and rest:
            there = rest[0]
            if there == "__version__":
                continue
            assert there in FLOORS, f"{path} imports {name}, which is on no floor"
            if there != here:
                assert FLOORS[there] < FLOORS[here], f"{path} ({FLOORS[here]}) imports {name} ({FLOORS[there]})"
                assert not any(part.startswith("_") and part != "_array" for part in rest), f"{path}: private {name}"
        elif top in THIRD_PARTIES:
            assert here in THIRD_PARTIES[top], f"{path} imports {top}"


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_importing_jprob_loads_nothing_heavy():
    heavy = ["numpyro", "arviz", "optax", "matplotlib", "pandas", "scipy.stats", "xarray", "tqdm"]
    code = f"import jprob, jprob.density, jprob.special, sys; print([m for m in {heavy} if m in sys.modules])"
    result = run_python(code)
    assert result.stdout.strip() == "[]", result.stdout + result.stderr


def test_help_does_not_import_jax():
    code = (
        "import sys\nfrom jprob.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\nprint('jax' in sys.modules)"
    )
    assert run_python(code).stdout.strip().endswith("False")


def test_rooms_are_reachable_from_the_top():
    import jprob

    assert all(getattr(jprob, name) is not None for name in jprob.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = jprob.nonsense


def test_exact_answers_do_not_load_numpyro():
    code = "import jprob, sys; jprob.ab, jprob.bayes.conjugate; print('numpyro' in sys.modules)"
    assert run_python(code).stdout.strip() == "False"


def test_nuts_is_a_function_however_it_was_reached():
    code = "import jprob.bayes.models, jprob.bayes.no_u_turn; from jprob import bayes; print(callable(bayes.nuts))"
    assert run_python(code).stdout.strip() == "True"


def test_numpyro_is_whole_also_after_arviz_has_left_a_lazy_stand_in():
    """Importing a submodule through arviz's lazy ``numpyro`` loads it twice and loses its parts."""
    code = (
        "import arviz; from jprob import bayes; bayes.nuts; import numpyro; print(numpyro.distributions.distribution)"
    )
    assert "module" in run_python(code).stdout


def test_importing_every_room_starts_no_device():
    """A job on several hosts calls ``jax.distributed.initialize`` after its imports, and before any array."""
    rooms = ", ".join(
        f"jprob.{name}"
        for name in (
            *("density", "event", "estimate", "information", "simulate", "special"),
            *("bayes", "calibrate", "ab", "monitor"),
        )
    )
    done = run_python(f"import {rooms}; from jax._src import xla_bridge; assert not xla_bridge._backends")
    assert done.returncode == 0, done.stderr
