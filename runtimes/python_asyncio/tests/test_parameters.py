import unittest
from dataclasses import dataclass

from regatta_asyncio import parameters
from regatta_asyncio.parameters import choice, number_or


@dataclass
class Example:
    size: int = 1
    from_: str = choice("worker", "external")
    room: int | str = number_or("unbounded", 2)


class Parameters(unittest.TestCase):
    def test_they_are_read_from_numbers_and_from_texts(self):
        read = parameters.read(Example, {"size": "18446744073709551615", "room": 0})
        self.assertEqual(read, Example(size=2**64 - 1, room=0))
        read = parameters.read(Example, {"from": "external", "room": "unbounded"})
        self.assertEqual(read, Example(from_="external", room="unbounded"))

    def test_defaults_are_in_their_order(self):
        self.assertEqual(
            list(parameters.defaults(Example).items()),
            [("size", 1), ("from", "worker"), ("room", 2)],
        )

    def test_wrong_ones_are_explained(self):
        for name, sentence in {
            "siz": "there is no parameter 'siz'; there are: size, from, room",
            "size": "size must be a whole number, but it is 'x'",
            "from": "from must be one of worker external, but it is 'x'",
            "room": "room must be a whole number or the word unbounded, but it is 'x'",
        }.items():
            with self.subTest(name), self.assertRaisesRegex(ValueError, sentence):
                parameters.read(Example, {name: "x"})
        with self.assertRaises(ValueError):
            parameters.read(Example, {"size": str(2**64)})


if __name__ == "__main__":
    unittest.main()
