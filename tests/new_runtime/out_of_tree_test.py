"""Regatta is installed, moved, and a runtime of one's own is built against it, verified and run.

The folder of that runtime is what scripts/new_runtime --out writes: a runtime.hpp, and a
CMakeLists.txt of four lines.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CMAKE = os.environ.get("CMAKE", "cmake")


class OutOfTree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def must(self, *command):
        done = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            cwd=self.folder,
            check=False,
        )
        said = f"{command}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        self.assertEqual(done.returncode, 0, said)
        return done.stdout

    def install(self):
        self.must(
            CMAKE, "--install", os.environ["REGATTA_BUILD"], "--prefix", self.folder / "first"
        )
        # Nothing in it may know where it lay.
        (self.folder / "first").rename(self.folder / "regatta")
        return self.folder / "regatta"

    def build(self, prefix):
        self.must(
            sys.executable, ROOT / "scripts/new_runtime", "snail", "--out", self.folder / "snail"
        )
        build = self.folder / "snail/build"
        self.must(
            CMAKE, "-S", self.folder / "snail", "-B", build, "-G", os.environ["REGATTA_GENERATOR"],
            f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={os.environ['CXX']}",
            f"-DCMAKE_BUILD_TYPE={os.environ['REGATTA_BUILD_TYPE']}",
            f"-DCMAKE_CXX_FLAGS={os.environ['REGATTA_CXX_FLAGS']}",
            f"-DCMAKE_CXX_COMPILER_LAUNCHER={os.environ['REGATTA_LAUNCHER']}",
            # The laws take minutes to compile, and are the same.
            "-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON",
        )  # fmt: skip
        self.must(CMAKE, "--build", build, "--parallel", "2")
        return build

    def test_a_runtime_of_ones_own(self):
        prefix = self.install()
        build = self.build(prefix)
        regatta = prefix / "bin/regatta"
        self.must(regatta, "verify", "--contenders", build / "contenders")

        # Beside the contenders that were installed, which are found where they lie now.
        installed = prefix / "share/regatta/contenders"
        listed = json.loads(self.must(regatta, "list", "--json"))
        names = {one["contender"] for one in listed["contenders"]}
        self.assertIn("single_threaded", names)
        self.must(
            regatta, "run", "--contenders", f"{build / 'contenders'}:{installed}",
            "--contender", "snail", "--contender", "single_threaded",
            "--quick", "--scenario", "chained_spawn",
            "--blocks", "1", "--no-twin", "--target-time", "1", "--out", "run",
        )  # fmt: skip
        samples = (self.folder / "run/samples.jsonl").read_text().splitlines()
        lines = [json.loads(line) for line in samples]
        self.assertEqual({line["row"] for line in lines}, {"snail", "single_threaded"})
        self.assertEqual({line["outcome"] for line in lines}, {"ok"})


if __name__ == "__main__":
    unittest.main()
