"""The scripts for clusters: a job array played by a stand-in for Slurm, and what the manifests say.

The array is a real one: each of its jobs measures fakes with the real command, and the last merges
them.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = ROOT / "scripts" / "cluster"
MANIFESTS = CLUSTER / "kubernetes"
REGATTA = os.environ.get("REGATTA", "")
FAKE_CONTENDER = os.environ.get("FAKE_CONTENDER", "")

# Runs the jobs of the array one after the other, as a cluster of one node would.
SBATCH = r"""#!/usr/bin/env python3
import os, re, subprocess, sys
arguments = sys.argv[1:]
options = [a for a in arguments if a.startswith("--")][:3]
script, rest = arguments[3], arguments[4:]
array = next((re.fullmatch(r"--array=(\d+)-(\d+)", o) for o in options if "--array" in o), None)
for index in range(int(array[1]), int(array[2]) + 1) if array else [None]:
    extra = {} if index is None else {
        "SLURM_ARRAY_TASK_ID": str(index),
        "SLURM_ARRAY_TASK_MIN": array[1],
        "SLURM_ARRAY_TASK_MAX": array[2],
    }
    subprocess.run(["bash", script, *rest], env={**os.environ, **extra}, stdout=sys.stderr)
print("17" if array else "18")
"""

SMALL = ["--blocks", "1", "--target-time", "1", "--no-twin", "--system-calls", "none"]
SMALL += ["--scenario", "yield", "--set", "tasks=2", "--set", "yields=2"]
SMALL += ["--scenario", "skynet", "--set", "leaves=8", "--set", "fan_out=2"]


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def call(self, *command, **environment):
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "JOB_", "REGATTA"))
        }
        return subprocess.run(
            [str(part) for part in command],
            env={**kept, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path


class WhichShard(Folder):
    """Of run_shard, with a stand-in for regatta that says how it was called."""

    def shard_for(self, **environment):
        echo = self.program("regatta", '#!/bin/bash\necho "$@"\nexit "${STATUS-0}"\n')
        return self.call(
            CLUSTER / "run_shard", self.folder / "run", "--full", REGATTA=str(echo), **environment
        )

    def test_the_index_of_slurm_begins_with_one_and_that_of_kubernetes_with_zero(self):
        slurm = self.shard_for(
            SLURM_ARRAY_TASK_ID="3", SLURM_ARRAY_TASK_MIN="1", SLURM_ARRAY_TASK_MAX="8"
        )
        self.assertIn("run --shard 3/8 --out", slurm.stdout)
        pod = self.shard_for(JOB_COMPLETION_INDEX="0", REGATTA_SHARDS="4")
        self.assertIn("run --shard 1/4 --out", pod.stdout)
        self.assertTrue(pod.stdout.strip().endswith("shard-1 --full"))
        by_hand = self.shard_for(REGATTA_SHARD="2", REGATTA_SHARDS="3")
        self.assertIn("run --shard 2/3 --out", by_hand.stdout)

    def test_an_array_that_repeats_some_shards_must_say_how_many_there_are(self):
        some = {
            "SLURM_ARRAY_TASK_ID": "3",
            "SLURM_ARRAY_TASK_MIN": "3",
            "SLURM_ARRAY_TASK_MAX": "5",
        }
        self.assertEqual(self.shard_for(**some).returncode, 2)
        self.assertIn("--shard 3/8", self.shard_for(**some, REGATTA_SHARDS="8").stdout)

    def test_a_shard_that_was_begun_goes_on(self):
        (self.folder / "run" / "shard-1").mkdir(parents=True)
        (self.folder / "run" / "shard-1" / "plan.json").write_text("{}")
        again = self.shard_for(REGATTA_SHARD="1", REGATTA_SHARDS="3")
        self.assertEqual(again.stdout.strip(), f"run --resume {self.folder}/run/shard-1")

    def test_what_went_wrong_in_a_cell_is_measured_and_what_could_not_be_measured_is_not(self):
        for status, expected in ((0, 0), (1, 0), (2, 2), (3, 3), (130, 130)):
            told = self.shard_for(REGATTA_SHARD="1", REGATTA_SHARDS="3", STATUS=str(status))
            self.assertEqual(told.returncode, expected)

    def test_without_a_scheduler_it_says_what_it_misses(self):
        told = self.shard_for()
        self.assertEqual(told.returncode, 2)
        self.assertIn("which shard?", told.stderr)


@unittest.skipUnless(
    REGATTA and FAKE_CONTENDER, "REGATTA and FAKE_CONTENDER name no programs: start this with ctest"
)
class JobArray(Folder):
    def test_all_its_jobs_make_the_whole_run(self):
        (self.folder / "bin").mkdir()
        self.program("bin/sbatch", SBATCH)
        (self.folder / "contenders").mkdir()
        for name in ("one", "two"):
            manifest = {"name": name, "command": [FAKE_CONTENDER, "--name", name]}
            (self.folder / "contenders" / f"{name}.json").write_text(json.dumps(manifest))
        told = self.call(
            *(CLUSTER / "slurm" / "submit", "2", self.folder / "run", *SMALL),
            PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}",
            REGATTA=REGATTA,
            REGATTA_CONTENDERS=str(self.folder / "contenders"),
        )
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn("the shards as job 17, their merge as job 18", told.stdout)
        merged = json.loads((self.folder / "run" / "merged" / "summary.json").read_text())
        self.assertEqual([c["cell"].split()[0] for c in merged["cells"]], ["skynet", "yield"])
        self.assertEqual(merged["merged"], {"of": 2, "shards": [1, 2], "different_machines": False})


class Manifests(unittest.TestCase):
    def documents(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("the Python module yaml is not here (pip install pyyaml)")
        return {
            path.stem: yaml.safe_load(path.read_text()) for path in sorted(MANIFESTS.glob("*.yaml"))
        }

    def test_they_are_what_kubernetes_takes(self):
        documents = self.documents()
        try:
            import kubernetes_validate
        except ImportError:
            self.skipTest(
                "the module kubernetes_validate is not here (pip install kubernetes-validate)"
            )
        for name, document in documents.items():
            # The oldest counts failures by index; the last is the newest that the module knows.
            for version in ("1.29", "1.33", kubernetes_validate.latest_version()):
                with self.subTest(manifest=name, kubernetes=version):
                    kubernetes_validate.validate(document, version, strict=True)

    def test_there_are_as_many_pods_as_shards_and_each_knows_its_number(self):
        job = self.documents()["shards"]["spec"]
        container = job["template"]["spec"]["containers"][0]
        environment = {variable["name"]: variable["value"] for variable in container["env"]}
        self.assertEqual(job["completionMode"], "Indexed")
        self.assertEqual(job["parallelism"], job["completions"])
        self.assertEqual(environment["REGATTA_SHARDS"], str(job["completions"]))

    def test_a_shard_has_whole_processors_of_its_own_and_no_neighbour(self):
        pod = self.documents()["shards"]["spec"]["template"]["spec"]
        resources = pod["containers"][0]["resources"]
        self.assertEqual(
            resources["requests"], resources["limits"], "else the class is not Guaranteed"
        )
        self.assertTrue(
            resources["limits"]["cpu"].isdigit(), "a share of a CPU is none of one's own"
        )
        apart = pod["affinity"]["podAntiAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ][0]
        self.assertEqual(apart["topologyKey"], "kubernetes.io/hostname")
        labels = self.documents()["shards"]["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(apart["labelSelector"]["matchLabels"], labels)
        self.assertTrue(pod["nodeSelector"])


if __name__ == "__main__":
    sys.exit(unittest.main())
