"""Runs scripts/detection with a stand-in for regatta: whose gates say what the test wants."""

import importlib.util
import json
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "detection"

# Says `worse` where a slowdown is planted, or else what $SAYS has; notes each call.
STAND_IN = """#!/bin/sh
echo "$*" >>"$0.calls"
verdict=${SAYS:-unchanged}
case "$*" in *--plant-slowdown*) verdict=worse ;; esac
echo '{"verdict": "'$verdict'", "why": "", "noise": {"spread": 0.01}, "cells": []}'
"""


def load():
    # Nothing is compiled beside the script.
    sys.dont_write_bytecode = True
    loader = SourceFileLoader("detection", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("detection", loader))
    loader.exec_module(module)
    return module


class ClopperPearson(unittest.TestCase):
    def test_agrees_with_the_tables(self):
        interval = load().clopper_pearson
        # R: binom.test(0, 40), binom.test(38, 40), binom.test(40, 40)
        for successes, low, high in ((0, 0.0, 0.08810), (38, 0.83080, 0.99389), (40, 0.91190, 1.0)):
            found = interval(successes, 40)
            self.assertAlmostEqual(found[0], low, 4)
            self.assertAlmostEqual(found[1], high, 4)
        self.assertEqual(interval(0, 0), (0.0, 1.0))


class Detection(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.regatta = self.folder / "regatta"
        self.regatta.write_text(STAND_IN)
        self.regatta.chmod(0o755)

    def run_it(self, *arguments, says="unchanged"):
        return subprocess.run(
            [
                sys.executable,
                SCRIPT,
                "--regatta",
                self.regatta,
                "--out",
                self.folder / "out",
                *arguments,
            ],
            env={"SAYS": says, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self):
        return (self.folder / "regatta.calls").read_text().splitlines()

    def test_a_detector_that_finds_and_raises_nothing_else_is_as_wanted(self):
        done = self.run_it("--sessions", "3", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        kinds = {kind["kind"]: kind for kind in json.loads(done.stdout)["kinds"]}
        self.assertEqual(kinds["aa"]["raised"], 0)
        self.assertEqual(kinds["slow10"]["raised"], 3)
        self.assertEqual(len(self.calls()), 9)
        self.assertEqual(sum("--plant-slowdown 10" in call for call in self.calls()), 3)
        self.assertTrue(all("--measure-identical" in call for call in self.calls()))

    def test_false_alarms_are_not_as_wanted_in_either_direction(self):
        for verdict in ("worse", "better"):
            with self.subTest(verdict):
                out = str(self.folder / verdict)
                done = self.run_it("--sessions", "2", "--kinds", "aa", "--out", out, says=verdict)
                self.assertEqual(done.returncode, 1)
                self.assertIn("NO", done.stdout)

    def test_what_could_not_be_measured_is_no_alarm_but_nothing_else_is_status_3(self):
        done = self.run_it("--sessions", "2", "--kinds", "aa", says="could_not_measure")
        self.assertEqual(done.returncode, 3)
        self.assertIn("too busy", done.stderr)

    def test_whoever_comes_again_goes_on(self):
        self.run_it("--sessions", "2", "--kinds", "aa")
        file = self.folder / "out" / "sessions.jsonl"
        file.write_text(file.read_text() + '{"kind": "aa", "num')
        done = self.run_it("--sessions", "3", "--kinds", "aa")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.calls()), 3)
        self.assertIn("cut off", done.stderr)

    def test_an_answer_that_is_there_already_is_told_again_only_if_that_is_wanted(self):
        self.run_it("--sessions", "2", "--kinds", "aa")
        done = self.run_it("--sessions", "2", "--kinds", "aa")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--resume", done.stderr)
        done = self.run_it("--sessions", "2", "--kinds", "aa", "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.calls()), 2)

    def test_sessions_of_other_programs_or_options_are_not_added_to(self):
        build = self.folder / "build"
        (build / "contenders").mkdir(parents=True)
        program = build / "it"
        program.write_text("1")
        manifest = {"name": "it", "variants": [{"command": [str(program), "--fast"]}]}
        (build / "contenders" / "it.json").write_text(json.dumps(manifest))
        common = ("--kinds", "aa", "--build", str(build), "--contender", "it")
        self.assertEqual(self.run_it("--sessions", "1", *common).returncode, 0)
        self.assertEqual(self.run_it("--sessions", "2", *common).returncode, 0)

        def refused(what, *more):
            done = self.run_it("--sessions", "3", *common, *more)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, f"these differ: .*{what}")

        refused("blocks", "--blocks", "7")
        refused("contenders", "--contender", "else")
        program.write_text("2")
        refused("programs")
        program.write_text("1")
        self.regatta.write_text(STAND_IN + "# changed\n")
        refused("regatta")
        self.assertEqual(len(self.calls()), 2)

    def test_a_gate_that_cannot_run_is_status_3(self):
        self.regatta.write_text("#!/bin/sh\necho no compiler >&2\nexit 3\n")
        done = self.run_it("--sessions", "1", "--kinds", "aa")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no compiler", done.stderr)

    def test_a_busy_session_leaves_no_process_behind(self):
        done = self.run_it("--sessions", "1", "--kinds", "aa", "--busy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("busy", done.stdout)

    def test_a_wrong_word_gets_a_sentence_and_status_2(self):
        for wrong in (("--kinds", "slow99"), ("--sessions", "0"), ("--regatta", "/nowhere")):
            self.assertEqual(self.run_it(*wrong).returncode, 2, wrong)
