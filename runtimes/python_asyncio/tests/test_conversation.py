import io
import json
import subprocess
import sys
import unittest
from pathlib import Path

from regatta_asyncio import conversation, loops

PROGRAM = Path(__file__).parent.parent / "contender.py"


def say(*requests):
    """Has a conversation; answers the replies and the exit code."""
    source = io.BytesIO("".join(request + "\n" for request in requests).encode())
    target = io.StringIO()
    code = conversation.serve(source, target)
    return [json.loads(line) for line in target.getvalue().splitlines()], code


class Conversation(unittest.TestCase):
    def test_a_hello_is_answered_with_what_is(self):
        for variant in loops.LOOPS:
            [hello], _ = say(json.dumps({"hello": 1, "variant": variant, "threads": 4}))
            self.assertEqual(hello["variant"], variant)
            self.assertEqual(hello["threads"], 1)
            self.assertEqual(hello["io"], "epoll")

    def test_the_default_variant_has_a_name(self):
        [hello], _ = say('{"hello":1,"variant":""}')
        self.assertEqual(hello["variant"], "asyncio")
        self.assertEqual(hello["variants"][0], "asyncio")

    def test_a_cell_is_prepared_and_run(self):
        replies, code = say(
            '{"prepare":{"scenario":"skynet","params":{"leaves":100}}}',
            '{"run":{"iterations":2,"samples":2}}',
            '{"quit":true}',
            '{"list":{}}',
        )
        self.assertEqual(code, 0)
        self.assertEqual(replies[0], {"ready": True})
        self.assertEqual([each["sample"]["answer"] for each in replies[1:3]], [4950, 4950])
        self.assertEqual([each["sample"]["operations"] for each in replies[1:3]], [222, 222])
        self.assertEqual(replies[3:], [{"done": True}])

    def test_what_is_missing_is_listed_with_why(self):
        replies, _ = say('{"list":{}}', '{"prepare":{"scenario":"binary_size"}}')
        names = [each["scenario"] for each in replies[:-2]]
        self.assertEqual(names, sorted(names))
        [missing] = [each for each in replies if "unsupported" in each]
        self.assertEqual(missing["scenario"], "binary_size")
        self.assertNotIn("params", missing)
        self.assertEqual(replies[-1], {"error": "unsupported", "reason": missing["unsupported"]})

    def test_it_goes_on_after_an_error(self):
        for request, kind in {
            "this is no JSON": "protocol",
            '{"run":{"iterations":1}}': "protocol",
            '{"hello":1,"variant":"green"}': "unsupported",
            '{"prepare":{"scenario":"no such"}}': "unsupported",
            '{"prepare":{"scenario":"join","params":{"style":"join"}}}': "unsupported",
            '{"prepare":{"scenario":"scaling","params":{"threads":2}}}': "unsupported",
            '{"prepare":{"scenario":"join","params":{"no such":1}}}': "failed",
            '{"prepare":{"scenario":"join","params":{"width":0}}}': "failed",
        }.items():
            with self.subTest(request):
                replies, code = say(request, '{"prepare":{"scenario":"skynet"}}')
                self.assertEqual(replies[0]["error"], kind)
                self.assertEqual(replies[1:], [{"ready": True}])
                self.assertEqual(code, 0)

    def test_a_prepare_that_fails_leaves_nothing_to_run(self):
        replies, _ = say(
            '{"prepare":{"scenario":"skynet","params":{"leaves":10}}}',
            '{"prepare":{"scenario":"skynet","params":{"leaves":7}}}',
            '{"run":{"iterations":1}}',
        )
        self.assertEqual(replies[2]["error"], "protocol")

    def test_a_line_that_is_too_long_ends_it(self):
        replies, code = say("x" * 70_000)
        self.assertEqual(replies[0]["error"], "protocol")
        self.assertEqual(code, 1)


class Program(unittest.TestCase):
    def start(self, *arguments, say=""):
        return subprocess.run(
            [sys.executable, PROGRAM, *arguments],
            input=say,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def counters_of(self, scenario, **params):
        """In a process of its own, because what another has freed would be used again."""
        requests = (
            {"prepare": {"scenario": scenario, "params": params}},
            {"run": {"iterations": 1}},
        )
        ended = self.start("--serve", say="".join(json.dumps(each) + "\n" for each in requests))
        _, sample, _ = (json.loads(line) for line in ended.stdout.splitlines())
        return sample["sample"]["counters"]

    def test_it_tells_what_tasks_take_that_wait(self):
        for kind, tasks in ("sleep", 20_000), ("receive", 20_000), ("connection", 100):
            none = self.counters_of("memory", kind=kind, tasks=0)
            many = self.counters_of("memory", kind=kind, tasks=tasks)
            with self.subTest(kind):
                # A task and its coroutine are some 500 bytes at least.
                self.assertGreater(many["bytes"], none["bytes"] + tasks * 500)
                self.assertGreater(many["held_bytes"], none["held_bytes"])

    def test_it_tells_what_tasks_take_that_hold_a_buffer(self):
        params = {"where": "heap", "held": 65_536, "tasks": 200}
        held = self.counters_of("frame_size", scope="open", **params)
        self.assertGreater(held["bytes"], 200 * 65_536)
        let_go = self.counters_of("frame_size", scope="closed", **params)
        self.assertLess(let_go["bytes"], 100 * 65_536)

    def test_the_end_of_its_input_ends_it(self):
        ended = self.start("--serve", say='{"list":{}}\n')
        self.assertEqual(ended.returncode, 0)
        self.assertEqual(json.loads(ended.stdout.splitlines()[-1]), {"end": True})

    def test_without_serve_it_says_how_it_is_used(self):
        ended = self.start()
        self.assertEqual(ended.returncode, 2)
        self.assertEqual(ended.stdout, "")
        self.assertIn("usage", ended.stderr)


if __name__ == "__main__":
    unittest.main()
