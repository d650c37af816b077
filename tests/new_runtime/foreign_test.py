"""The contender of docs/ADDING_A_RUNTIME.md passes `regatta verify`, and a run measures it."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Foreign(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        made = subprocess.run(
            [sys.executable, ROOT / "scripts/new_runtime", "--foreign", "snail"]
            + ["--out", self.folder / "snail"],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        self.program = self.folder / "snail/contender.py"

    def regatta(self, *arguments):
        return subprocess.run(
            [os.environ["REGATTA"], *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_is_verified_and_measured(self):
        done = self.regatta("verify", "--contender", str(self.program), "--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        verdicts = {one["check"].split(" ")[0]: one["verdict"] for one in json.loads(done.stdout)}
        self.assertEqual((verdicts["yield"], verdicts["chained_spawn"]), ("ok", "ok"))
        self.assertEqual(verdicts["skynet"], "unsupported")

        done = self.regatta(
            "run", "--contender", str(self.program), "--scenario", "yield",
            "--set", "tasks=3", "--set", "yields=3",
            "--blocks", "1", "--no-twin", "--target-time", "1", "--out", "run",
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        samples = (self.folder / "run/samples.jsonl").read_text().splitlines()
        lines = [json.loads(line) for line in samples]
        self.assertEqual([line["outcome"] for line in lines], ["ok"])

    def test_what_it_does_wrong_is_named(self):
        text = self.program.read_text()
        self.program.write_text(text.replace("sys.stdout.flush()", "print('debug', flush=True)"))
        done = self.regatta("verify", "--contender", str(self.program), "--scenario", "yield")
        self.assertEqual(done.returncode, 1)
        self.assertIn("debug", done.stdout)


if __name__ == "__main__":
    unittest.main()
