"""Runs the shell commands in a small copy of the repository, with stand-ins for the tools they call."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent

# What a system with nothing but a shell has.
BARE_TOOLS = (
    "bash sh awk sed grep sort tr cut head tail tee cat wc mkdir mktemp rm dirname date nproc id env find uname ls ln readlink chmod"
).split()


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "regatta"
        self.tools = Path(folder.name) / "tools"
        self.calls = Path(folder.name) / "calls"
        (self.root / "scripts").mkdir(parents=True)
        self.tools.mkdir()
        for name in ("run", "test", "install", "check_format"):
            shutil.copy(SCRIPTS / name, self.root / "scripts" / name)
        shutil.copytree(SCRIPTS / "lib", self.root / "scripts" / "lib")
        for tool in BARE_TOOLS:
            found = shutil.which(tool)
            if found:
                (self.tools / tool).symlink_to(os.path.realpath(found))

    def stand_in(self, path, text):
        """Puts a shell program at `path`, a name among the tools or a path below the root."""
        target = self.root / path if "/" in path else self.tools / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text("#!/bin/bash\n" + text)
        target.chmod(0o755)

    def run_script(self, name, *arguments, **environment):
        return subprocess.run(
            [self.root / "scripts" / name, *arguments],
            env={"PATH": str(self.tools), "CALLS": str(self.calls), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def builders(self):
        """Stand-ins for the compilers and for cmake and ctest, which note how they were called."""
        self.stand_in("g++", "echo 12\n")
        clang = 'case $1 in --version) echo "Debian clang version 19.1.7 (3)" ;; *) : >"${@: -1}"; chmod +x "${@: -1}" ;; esac\n'
        self.stand_in("clang++-19", clang)
        self.stand_in("cmake", 'echo "cmake $*" >>"$CALLS"\n')
        self.stand_in(
            "ctest",
            'echo "ctest $*" >>"$CALLS"\necho "100% tests passed, 0 tests failed out of 3"\n'
            "case $* in *${FAILING-nothing}*) exit 8 ;; esac\n",
        )
        self.stand_in("scripts/find_python", 'echo "$PWD/no_python"; exit "${PYTHON_STATUS-1}"\n')

    def called(self):
        return self.calls.read_text() if self.calls.exists() else ""


class Usage(Commands):
    def test_help_teaches_and_succeeds(self):
        for name in ("run", "test", "install", "check_format"):
            done = self.run_script(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertTrue(done.stdout.startswith(f"usage: scripts/{name}"), name)

    def test_an_unknown_option_gets_one_sentence_and_status_2(self):
        for name in ("run", "test", "install", "check_format"):
            done = self.run_script(name, "--frobnicate")
            self.assertEqual((done.returncode, done.stdout), (2, ""), name)
            self.assertEqual(done.stderr.count("\n"), 1, name)
            self.assertIn("--frobnicate", done.stderr)

    def test_a_value_that_is_wrong_or_missing_gets_status_2(self):
        for command in (
            ("test", "--only"),
            ("test", "--only", "lunch"),
            ("test", "--only", "dev asan"),
            ("install", "--for"),
            ("install", "--for", "fun"),
        ):
            done = self.run_script(*command)
            self.assertEqual(done.returncode, 2, command)
            self.assertIn("expected", done.stderr)


class Installing(Commands):
    def test_without_root_and_sudo_it_lists_the_packages_and_stops(self):
        self.stand_in("id", "echo 1000\n")
        self.stand_in("apt-get", 'echo "apt-get $*" >>"$CALLS"\n')
        self.stand_in("apt-cache", "exit 1\n")
        for name in ("install", "run", "test"):
            done = self.run_script(name)
            self.assertEqual(done.returncode, 3, name)
            self.assertIn("sudo apt-get update && sudo apt-get install -y", done.stdout)
            for package in (
                "g++",
                "cmake",
                "ninja-build",
                "libbenchmark-dev",
                "python3-matplotlib",
            ):
                self.assertIn(f" {package} ", done.stdout, name)
            self.assertEqual(self.called(), "", "nothing may be installed")

    def test_without_any_package_manager_it_says_so(self):
        done = self.run_script("install")
        self.assertEqual(done.returncode, 3)
        self.assertIn("neither apt-get nor dnf", done.stderr)

    def test_with_sudo_it_installs_and_says_when_that_did_not_help(self):
        self.stand_in("id", "echo 1000\n")
        self.stand_in("sudo", 'case $1 in -n) exit 0 ;; *) echo "sudo $*" >>"$CALLS" ;; esac\n')
        self.stand_in("apt-get", "exit 1\n")
        self.stand_in("apt-cache", "exit 1\n")
        done = self.run_script("install", "--for", "run")
        self.assertIn("apt-get -o DPkg::Lock::Timeout=300 -qq update", self.called())
        self.assertIn("g++", self.called())
        self.assertEqual(done.returncode, 1)
        self.assertIn("do not bring what is listed above", done.stderr)

    def test_a_failing_installation_shows_its_output(self):
        self.stand_in("id", "echo 0\n")
        self.stand_in("apt-cache", "exit 1\n")
        self.stand_in(
            "apt-get", 'case $* in *update*) ;; *) echo "E: no such berth"; exit 100 ;; esac\n'
        )
        done = self.run_script("install", "--for", "run")
        self.assertEqual(done.returncode, 1)
        self.assertIn("E: no such berth", done.stderr)
        self.assertIn("the installation failed", done.stderr)

    def debian_12(self, *, matplotlib_brings_boost):
        """Stand-ins for a bare system, with root, whose two Boosts exclude each other."""
        self.stand_in("id", "echo 0\n")
        self.stand_in(
            "apt-cache",
            "case $2 in libboost-dev) version=1.74.0.3 ;; *) version=1.81 ;; esac\n"
            'echo "  Candidate: $version"\n',
        )
        brought = '[[ $* != *python3-matplotlib* ]] || : >"$CALLS.boost"\n'
        self.stand_in(
            "apt-get",
            'echo "apt-get $*" >>"$CALLS"\n'
            "case $* in *download*) : >libboost1.81-dev_1.81_all.deb ;; esac\n"
            + (brought if matplotlib_brings_boost else ""),
        )
        self.stand_in("dpkg-query", '[ ! -e "$CALLS.boost" ] || echo "ii "\n')
        self.stand_in("dpkg-deb", 'echo "dpkg-deb $*" >>"$CALLS"\n')

    def installations(self):
        return [call for call in self.called().splitlines() if " install " in call]

    def test_what_is_wished_for_is_chosen_after_what_is_required_has_come(self):
        self.debian_12(matplotlib_brings_boost=True)
        self.run_script("install", "--for", "run")
        required, wished = self.installations()
        self.assertIn("python3-matplotlib", required)
        self.assertIn(" strace", wished)
        self.assertNotIn("libboost1.81-dev", required + wished)
        # Beside the older one, it comes without apt.
        self.assertIn("download libboost1.81-dev", self.called())
        self.assertIn("dpkg-deb -x libboost1.81-dev_1.81_all.deb", self.called())

    def test_a_newer_boost_is_installed_where_the_older_is_neither_there_nor_asked_for(self):
        self.debian_12(matplotlib_brings_boost=False)
        # Boost.Math is here by other means than apt; Boost.Asio is not.
        self.stand_in(
            "g++", 'case $* in *-E*) [[ $(cat) == *boost/math/* ]] ;; *) echo 12 ;; esac\n'
        )
        self.run_script("install", "--for", "run")
        self.assertNotIn("libboost-dev", self.called())
        self.assertIn(" libboost1.81-dev", self.installations()[1])

    def test_the_boost_that_excludes_the_one_for_the_statistics_is_not_asked_for(self):
        self.debian_12(matplotlib_brings_boost=False)
        self.run_script("install", "--for", "run")
        required, wished = self.installations()
        self.assertIn(" libboost-dev", required)
        self.assertNotIn("libboost1.81-dev", required + wished)

    def test_no_package_is_removed_to_install_another(self):
        self.debian_12(matplotlib_brings_boost=True)
        self.run_script("install")
        self.assertEqual(len(self.installations()), 2)
        for call in self.installations():
            self.assertIn(" --no-remove ", call)


class Testing(Commands):
    def test_all_parts_run_although_one_fails(self):
        self.builders()
        done = self.run_script("test", "--no-install", FAILING="build/asan")
        self.assertEqual(done.returncode, 1)
        for preset in ("dev", "asan", "tsan"):
            self.assertIn(f"build/{preset}", self.called())
        self.assertRegex(done.stdout, r"passed +dev .*100% tests passed")
        self.assertRegex(done.stdout, r"FAILED +asan")
        self.assertRegex(done.stdout, r"passed +tsan")
        self.assertRegex(done.stdout, r"skipped +python .*no Python")
        self.assertRegex(done.stdout, r"skipped +foreign .*no Python")
        self.assertIn("1 of 5 parts failed", done.stderr)

    def test_contenders_in_other_languages_are_tested_by_their_own_tools(self):
        self.builders()
        self.stand_in("scripts/find_python", 'echo "$0.interpreter"\n')
        self.stand_in("scripts/find_python.interpreter", 'echo "python $*" >>"$CALLS"\n')
        for folder in ("go", "node", "python_asyncio"):
            (self.root / "runtimes" / folder).mkdir(parents=True)
        for tool in ("cargo", "go", "node"):
            self.stand_in(tool, f'echo "{tool} $*" >>"$CALLS"\n')
        arguments = ("test", "--no-install", "--only", "foreign")
        done = self.run_script(*arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for call in ("cargo test", "go vet", "go test", "node --test", "python -m pytest"):
            self.assertIn(call, self.called())

        (self.tools / "go").unlink()
        done = self.run_script(*arguments)
        self.assertRegex(done.stdout, r"skipped +foreign .*tools are not here: go")
        self.assertEqual(self.run_script(*arguments, CI="true").returncode, 1)

        self.stand_in("node", "exit 1\n")
        self.assertEqual(self.run_script(*arguments).returncode, 1)

    def test_a_failing_build_is_not_tested(self):
        self.builders()
        self.stand_in("cmake", "case $* in *--build*) exit 1 ;; esac\n")
        done = self.run_script("test", "--no-install", "--quick")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("ctest", self.called())

    def test_what_is_skipped_is_said_and_fails_in_continuous_integration(self):
        self.builders()
        self.stand_in("clang++-19", "exit 1\n")
        done = self.run_script("test", "--no-install", "--only", "tsan")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"skipped +tsan .*no clang 17")
        done = self.run_script("test", "--no-install", "--only", "tsan", CI="true")
        self.assertEqual(done.returncode, 1)

    def test_a_wrong_number_of_jobs_is_refused(self):
        self.builders()
        done = self.run_script("test", "--no-install", "--quick", REGATTA_JOBS="many")
        self.assertEqual(done.returncode, 1)
        self.assertIn("REGATTA_JOBS is 'many'", done.stdout)


class Running(Commands):
    REGATTA = """
echo "regatta $*" >>"$CALLS"
[ "$1" = run ] || exit 0
folder=results/new
while [ $# -gt 0 ]; do [ "$1" != --out ] || folder=$2; shift; done
if [ -z "${NOTHING-}" ]; then
  mkdir -p "$folder"
  echo "{}" >"$folder/samples.jsonl"
  [ "$folder" != results/new ] || ln -sfn new results/latest
fi
exit "${REGATTA_STATUS-0}"
"""

    def setUp(self):
        super().setUp()
        self.builders()
        self.stand_in("build/release/bin/regatta", self.REGATTA)

    def reported(self):
        """The folders that `regatta report` was asked to report, below the root."""
        calls = [line.split() for line in self.called().splitlines()]
        return [
            Path(call[2]).relative_to(self.root.resolve()).as_posix()
            for call in calls
            if call[1] == "report"
        ]

    def test_runs_the_quick_matrix_and_reports_it(self):
        done = self.run_script("run", "--no-install")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("regatta run --quick --contender * --contender */*\n", self.called())
        self.assertEqual(self.reported(), ["results/new"])
        self.assertRegex(done.stdout, r"report: /\S+/results/new/report\.html")

    def test_hands_the_rest_to_regatta(self):
        self.run_script(
            "run", "--no-install", "--", "--full", "--out", "results/mine", "--contender", "a/*"
        )
        self.assertIn("regatta run --full --out results/mine --contender a/*\n", self.called())
        self.assertEqual(self.reported(), ["results/mine"])

    def test_reports_what_there_is_when_cells_failed_and_hands_on_the_status(self):
        done = self.run_script("run", "--no-install", REGATTA_STATUS="1")
        self.assertEqual(self.reported(), ["results/new"])
        self.assertEqual(done.returncode, 1)

    def test_reports_nothing_where_nothing_was_measured(self):
        done = self.run_script("run", "--no-install", NOTHING="1", REGATTA_STATUS="2")
        self.assertEqual(self.reported(), [])
        self.assertEqual(done.returncode, 2)

    def test_resumes_without_a_new_folder(self):
        self.run_script("run", "--no-install", "--", "--out", "results/mine")
        self.run_script("run", "--no-install", "--", "--resume", "results/mine", "--json")
        self.assertIn("regatta run --resume results/mine --json\n", self.called())
        self.assertEqual(self.reported(), ["results/mine", "results/mine"])

    def test_resumes_the_newest_run(self):
        self.run_script("run", "--no-install")
        self.run_script("run", "--no-install", "--", "--resume")
        self.assertIn("regatta run --resume\n", self.called())
        self.assertEqual(self.reported(), ["results/new", "results/new"])

    def test_the_help_of_regatta_is_no_failure(self):
        done = self.run_script("run", "--no-install", "--", "--help", NOTHING="1")
        self.assertEqual(done.returncode, 0)

    def test_build_only_measures_nothing(self):
        done = self.run_script("run", "--no-install", "--build-only")
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("regatta run", self.called())


if __name__ == "__main__":
    unittest.main()
