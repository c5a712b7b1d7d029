"""The command as a process: what it imports, its exit codes, and pipes that close."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jprob

COOKIE_CATS = str(Path(__file__).parents[2] / "examples" / "data" / "cookie_cats.csv")


def run(*argv, **options):
    command = [sys.executable, "-m", "jprob", *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


@pytest.mark.parametrize(
    "argv", [["--help"], ["--version"], ["ab", "--help"], ["coin", "--help"], ["simulate", "clt", "--help"]]
)
def test_help_is_quick(argv):
    code = (
        "import sys\nfrom jprob.cli import main\n"
        f"try:\n    main({argv!r})\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "assert not {'jax', 'numpy', 'pandas'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: jprob" if "--help" in argv else f"jprob {jprob.__version__}")


@pytest.mark.parametrize(
    "argv", [[], ["nonsense"], ["ab"], ["ab", "nowhere.csv"], ["coin", "3"], ["coin", "3", "2"], ["coin", "-1", "2"]]
)
def test_bad_usage_is_one_sentence_and_quick(argv):
    code = f"import sys\nfrom jprob.cli import main\ncode = main({argv!r})\nassert 'jax' not in sys.modules\n"
    code += "sys.exit(code)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("jprob: ")
    assert result.stderr.count("\n") == 1


def test_the_main_job():
    result = run("ab", COOKIE_CATS)
    assert result.returncode == 0
    assert "gate_30" in result.stdout
    assert all(line.startswith("note: ") for line in result.stderr.splitlines())


def test_closed_pipe_ends_quietly():
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "jprob", "coin", "8", "10"]
    result = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=300)
    os.close(write)
    assert (result.returncode, result.stderr) == (0, "")


def test_compilations_are_remembered_and_the_compiler_is_silent(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION")}
    result = run("coin", "8", "10", env=environment | {"XDG_CACHE_HOME": str(tmp_path)})
    assert (result.returncode, result.stderr) == (0, "")
    assert list((tmp_path / "jprob").iterdir())


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere"])
def test_a_cache_that_cannot_be_written_is_no_error(home):
    code = (
        "import os\nfrom jprob.cli.machine import prepare_jax\nprepare_jax()\n"
        "assert 'JAX_COMPILATION_CACHE_DIR' not in os.environ"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION")}
    environment |= {"XDG_CACHE_HOME": home}
    assert subprocess.run([sys.executable, "-c", code], env=environment, timeout=60).returncode == 0
