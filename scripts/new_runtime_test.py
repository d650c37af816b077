"""Runs scripts/new_runtime in a copy of what it reads; tests/new_runtime builds what it writes."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ = ("scripts/new_runtime", "runtimes/README.md", "docs/ADDING_A_RUNTIME.md")


class NewRuntime(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "regatta"
        for name in READ:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)

    def run_it(self, *arguments):
        return subprocess.run(
            [sys.executable, self.root / "scripts/new_runtime", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def files(self):
        return {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }


class Making(NewRuntime):
    def test_a_runtime_is_one_folder_and_touches_nothing_else(self):
        before = {name: (self.root / name).read_bytes() for name in self.files()}
        done = self.run_it("work_sharing")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            self.files() - set(before),
            {
                f"runtimes/work_sharing/{name}"
                for name in ("CMakeLists.txt", "README.md", "runtime.hpp")
            },
        )
        for name, content in before.items():
            self.assertEqual((self.root / name).read_bytes(), content, name)

    def test_it_is_the_example_of_the_page_under_another_name(self):
        self.run_it("work_sharing")
        folder = self.root / "runtimes/work_sharing"
        text = (folder / "runtime.hpp").read_text()
        self.assertIn("namespace regatta::runtimes::work_sharing {", text)
        self.assertNotIn("patient", text)
        self.assertIn(
            text.replace("work_sharing", "patient"), (ROOT / "runtimes/README.md").read_text()
        )
        self.assertEqual(
            (folder / "CMakeLists.txt").read_text(), "regatta_add_runtime(work_sharing)\n"
        )

    def test_a_foreign_one_is_a_program(self):
        self.assertEqual(self.run_it("--foreign", "snail").returncode, 0)
        program = self.root / "runtimes/snail/contender.py"
        self.assertTrue(program.stat().st_mode & 0o100, "it must be executable")
        self.assertIn('"runtime": "snail"', program.read_text())
        self.assertIn(
            "regatta_add_foreign_runtime(snail", (program.parent / "CMakeLists.txt").read_text()
        )

    def test_out_of_the_tree_it_is_a_project(self):
        out = self.root.parent / "elsewhere"
        before = self.files()
        self.assertEqual(self.run_it("snail", "--out", str(out)).returncode, 0)
        self.assertEqual(self.files(), before)
        lines = (out / "CMakeLists.txt").read_text().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("find_package(regatta", lines[2])


class Refusing(NewRuntime):
    def refused(self, *arguments):
        before = self.files()
        done = self.run_it(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(self.files(), before)
        return done.stderr

    def test_names_that_are_not_in_snake_case(self):
        for name in ("Work", "a-b", "2work", "a__b", "_work", "work_", "a b", "../work", ""):
            self.assertIn("snake_case", self.refused(name))

    def test_names_that_mean_something_else(self):
        self.assertIn("keyword", self.refused("class"))
        self.assertIn("keyword", self.refused("co_await"))
        for name in ("interface", "core", "laws", "test"):
            self.assertIn("taken by the house", self.refused(name))
        for name in ("std", "task", "runtime", "regatta", "budget"):
            self.assertIn("vocabulary", self.refused(name))

    def test_a_folder_that_is_there(self):
        (self.root / "runtimes/snail").mkdir()
        (self.root / "runtimes/snail/runtime.hpp").write_text("// mine\n")
        self.assertIn("is there already", self.refused("snail"))
        self.assertEqual((self.root / "runtimes/snail/runtime.hpp").read_text(), "// mine\n")

    def test_usage(self):
        self.assertIn("--help", self.refused())
        self.assertIn("--frobnicate", self.refused("snail", "--frobnicate"))
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.startswith("usage: scripts/new_runtime"))

    def test_a_page_without_an_example(self):
        (self.root / "runtimes/README.md").write_text("nothing\n")
        done = self.run_it("snail")
        self.assertEqual(done.returncode, 1)
        self.assertIn("shows no example any more", done.stderr)


if __name__ == "__main__":
    unittest.main()
