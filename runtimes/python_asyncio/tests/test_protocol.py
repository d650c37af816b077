import io
import unittest

from regatta_asyncio import protocol
from regatta_asyncio.protocol import Hello, List, Prepare, Quit, Run


class Requests(unittest.TestCase):
    def test_every_request_is_understood(self):
        expected = {
            b'{"hello":1,"variant":"a","threads":2,"seed":18446744073709551615}': Hello("a"),
            b'{"hello":1,"a key from the future":[1]}': Hello(),
            b'{"list":{}}': List(),
            b'{"prepare":{"scenario":"s"}}': Prepare("s", {}),
            b'{"prepare":{"scenario":"s","params":{"n":18446744073709551615,"w":"x"}}}': Prepare(
                "s", {"n": 2**64 - 1, "w": "x"}
            ),
            b'{"run":{"iterations":12}}': Run(12, 1),
            b'{"run":{"iterations":12,"samples":3}}': Run(12, 3),
            b'{"quit":true}': Quit(),
        }
        for line, request in expected.items():
            with self.subTest(line):
                self.assertEqual(protocol.parse(line), request)

    def test_what_is_no_request_is_explained(self):
        expected = {
            b"this is no JSON": "expected one JSON object",
            b"\xff": "expected one JSON object",
            b"[" * 60_000: "expected one JSON object",
            b"[1]": "expected a JSON object",
            b"{}": "a request is one of",
            b'{"hello":2}': "speaks protocol 2",
            b'{"hello":true}': "hello.hello must be a whole number",
            b'{"hello":1,"threads":-1}': "hello.threads must be a whole number",
            b'{"hello":1,"variant":1}': "hello.variant must be a string",
            b'{"prepare":7}': "prepare must be an object",
            b'{"prepare":{}}': "prepare.scenario must be a string",
            b'{"prepare":{"scenario":"s","params":[]}}': "prepare.params must be an object",
            b'{"prepare":{"scenario":"s","params":{"n":1.5}}}': "params.n must be a whole number",
            b'{"prepare":{"scenario":"s","params":{"n":-1}}}': "params.n must be a whole number",
            b'{"run":{}}': "run.iterations must be a whole number",
            b'{"run":{"iterations":0}}': "must be 1 or more",
        }
        for line, sentence in expected.items():
            with self.subTest(line[:60]), self.assertRaisesRegex(protocol.NotUnderstood, sentence):
                protocol.parse(line)


class Replies(unittest.TestCase):
    def test_a_reply_is_one_line_and_whole_numbers_are_whole(self):
        target = io.StringIO()
        protocol.write(target, sample={"answer": 2**64 - 1})
        self.assertEqual(target.getvalue(), '{"sample":{"answer":18446744073709551615}}\n')


if __name__ == "__main__":
    unittest.main()
