"""What others make of us: CI systems of the workflow files, tools of others of benchmark.json."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REGATTA = os.environ.get("REGATTA", "")
FAKE_CONTENDER = os.environ.get("FAKE_CONTENDER", "")
# Where Debian's libbenchmark-tools puts it.
COMPARE = Path(os.environ.get("COMPARE_PY", "/usr/share/benchmark/compare.py"))

# What Google Benchmark puts into its context, as github-action-benchmark expects it.
CONTEXT = ["date", "host_name", "executable", "num_cpus", "mhz_per_cpu"]
CONTEXT += ["cpu_scaling_enabled", "caches", "load_avg", "library_build_type"]


def has_module(name):
    return importlib.util.find_spec(name) is not None


@unittest.skipUnless(
    REGATTA and FAKE_CONTENDER, "REGATTA and FAKE_CONTENDER are not set: use ctest"
)
class BenchmarkJson(unittest.TestCase):
    """Of two runs with the same rows, one of which never answers right."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        (cls.folder / "contenders").mkdir()
        for name, flags in (("one", []), ("two", []), ("wrong", ["--misbehave", "wrong_answer"])):
            manifest = {"name": name, "command": [FAKE_CONTENDER, "--name", name, *flags]}
            (cls.folder / "contenders" / f"{name}.json").write_text(json.dumps(manifest))
        for run in ("before", "after"):
            subprocess.run(
                [REGATTA, "run", "--out", run, "--blocks", "3", "--target-time", "1"]
                + ["--system-calls", "none", "--scenario", "yield"]
                + ["--set", "tasks=2", "--set", "yields=2"],
                cwd=cls.folder,
                env={**os.environ, "REGATTA_CONTENDERS": str(cls.folder / "contenders")},
                capture_output=True,
                check=False,
            )
        cls.before = json.loads((cls.folder / "before/benchmark.json").read_text())

    def compare(self, *arguments):
        if not COMPARE.exists():
            self.skipTest(f"Google Benchmark's {COMPARE} is not here (apt: libbenchmark-tools)")
        if not has_module("scipy"):
            self.skipTest("compare.py needs the Python module scipy, which is not here")
        told = subprocess.run(
            [sys.executable, COMPARE, "--no-color", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(told.returncode, 0, told.stderr)
        return told.stdout

    def test_google_benchmark_compares_two_runs(self):
        told = self.compare("benchmarks", "before/benchmark.json", "after/benchmark.json")
        self.assertRegex(told, r"one/yield/tasks:2/yields:2_median +[+-]\d")
        self.assertRegex(told, r"one/yield/tasks:2/yields:2_pvalue +\d")
        self.assertNotRegex(told, r"wrong/yield\S*_median")

    def test_google_benchmark_compares_two_rows_of_one_run(self):
        told = self.compare("-a", "filters", "before/benchmark.json", "one", "two")
        self.assertRegex(told, r"\[one vs\. two\]/yield/tasks:2/yields:2_median +[+-]\d")

    def test_it_has_what_trackers_read(self):
        # github-action-benchmark (googlecpp) reads these keys of every entry; Bencher (cpp_google)
        # reads the name, the real time and its unit, and wants a list of caches.
        for key in CONTEXT:
            self.assertIn(key, self.before["context"])
        self.assertIsInstance(self.before["context"]["caches"], list)
        for entry in self.before["benchmarks"]:
            self.assertIsInstance(entry["name"], str)
            self.assertIsInstance(entry["real_time"], (int, float))
            self.assertIsInstance(entry["cpu_time"], (int, float))
            self.assertIn(entry["time_unit"], ("ns", "us", "ms", "s"))

    def test_the_filter_in_the_documentation_leaves_one_point_for_each_series(self):
        page = (ROOT / "docs" / "CI.md").read_text()
        (pattern,) = re.findall(r"jq '([^']+)' \S*benchmark\.json", page)
        if not shutil.which("jq"):
            self.skipTest("jq is not here")
        told = subprocess.run(
            ["jq", pattern, self.folder / "before/benchmark.json"],
            capture_output=True,
            text=True,
            check=True,
        )
        entries = json.loads(told.stdout)["benchmarks"]
        names = [entry["name"] for entry in entries]
        self.assertEqual(len(names), len(set(names)))
        cell = "yield/tasks:2/yields:2"
        self.assertEqual(sorted(names), [f"one/{cell}", f"two/{cell}"])
        self.assertTrue(all(entry["real_time"] > 0 for entry in entries))


class WorkflowFiles(unittest.TestCase):
    def expect_valid(self, schema, file):
        if not has_module("check_jsonschema"):
            self.skipTest("the module check_jsonschema is not here (pip install check-jsonschema)")
        told = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(told.returncode, 0, told.stdout + told.stderr)

    def test_github_takes_the_workflow(self):
        self.expect_valid("vendor.github-workflows", ROOT / "scripts/ci/github-workflow.yml")

    def test_gitlab_takes_the_jobs(self):
        self.expect_valid("vendor.gitlab-ci", ROOT / "scripts/ci/gitlab-ci.yml")

    def test_its_commands_are_shell_and_know_the_exit_codes(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("the module yaml is not here (pip install pyyaml)")
        workflow = yaml.safe_load((ROOT / "scripts/ci/github-workflow.yml").read_text())
        steps = {}
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                if "run" not in step:
                    continue
                subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)
                steps[step["name"]] = step["run"]
        for status, expected in ((0, 0), (1, 1), (2, 2), (3, 0)):
            with self.subTest(status=status):
                self.assertEqual(self.status_of(steps["Is it slower?"], status), expected)

    def status_of(self, commands, status):
        """Of the step, where regatta ends with `status`."""
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "build/release/bin/regatta"
            program.parent.mkdir(parents=True)
            program.write_text(f"#!/bin/sh\nexit {status}\n")
            program.chmod(0o755)
            # As GitHub runs it.
            told = subprocess.run(
                ["bash", "-e", "-c", commands],
                cwd=folder,
                env={**os.environ, "BASE": "0123abcd"},
                capture_output=True,
                check=False,
            )
            return told.returncode


if __name__ == "__main__":
    sys.exit(unittest.main())
