#!/usr/bin/env python3
"""Checks how coroutines are written, where compilers have sharp edges.

1. One `co_await` per statement: compilers differ in the order of several, and have lost destructors
   between them.
2. No lambda beside a `co_await` in one statement: g++ 12 destroys its captures twice (GCC PR 99576,
   100611). Make the task in one statement, await it in the next.
3. A lambda with captures is no coroutine: the frame keeps only a pointer to the lambda, which is
   often gone when the task resumes. (A *_test.cpp may: it keeps the lambda until block_on returns.)
4. No `co_await` in the condition of an if, a while or a switch, unless it initialises a variable
   there: g++ 12 destroys the awaiter or the awaited task wrongly (seen to crash, at -O0 too).

A statement that is right nonetheless has a comment beginning `Safe because` on the line above.
The check reads tokens, not C++: it sees what is written, not what macros make of it.

Exit status: 0 all is well, 1 a violation (one line each), 2 wrong usage.
"""

import argparse
import re
import sys
from pathlib import Path

import cpp_sources

AWAITS = {"co_await", "co_yield"}
COROUTINE_WORDS = AWAITS | {"co_return"}
HEADS = {"if", "for", "while", "switch"}
CLOSING = {"(": ")", "[": "]", "{": "}"}

# After one of these words a `[` begins a lambda; after any other it is an index or a binding.
WORDS_BEFORE_A_LAMBDA = {"return", "co_return", "co_await", "co_yield", "case", "else", "do"}
# After the `}` of a block these go on with the statement in which it stands.
GOES_ON = {";", ",", ")", "(", "."}

_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|::|->|&&|\|\||[^\s\w]")
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_SAFE = re.compile(r"//\s*Safe because")


class Tokens:
    """The tokens of a text whose comments and literals are blank, with their brackets paired."""

    def __init__(self, text):
        text = _PREPROCESSOR.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
        matches = list(_TOKEN.finditer(text))
        self.words = [m.group() for m in matches]
        self.offsets = [m.start() for m in matches]
        self.partner = {}
        opened = []
        for index, word in enumerate(self.words):
            if word in CLOSING:
                opened.append(index)
            elif word in CLOSING.values():
                # Branches of an #if may leave a bracket over: pair what fits, drop the rest.
                while opened and CLOSING[self.words[opened[-1]]] != word:
                    opened.pop()
                if opened:
                    self.partner[opened.pop()] = index

    def before(self, index):
        return self.words[index - 1] if index > 0 else ""

    def lambda_body(self, index):
        """The index of the `{` of the lambda that begins at `index`; None where none begins."""
        if self.words[index] != "[" or index not in self.partner:
            return None
        before, after = self.before(index), self.words[index + 1]
        if "[" in (before, after) or before in (")", "]"):
            return None  # an attribute, an index
        if re.match(r"\w", before) and before not in WORDS_BEFORE_A_LAMBDA:
            return None  # an index, auto [a, b]
        if before in ("&", "&&") and self.before(index - 1) == "auto":
            return None  # auto& [a, b]
        at = self.partner[index] + 1
        while at < len(self.words) and self.words[at] not in ("{", "}", ";"):
            # Past parameters, noexcept(…), attributes and the type after ->.
            at = (self.partner.get(at, at) if self.words[at] in "([" else at) + 1
        return at if at < len(self.words) and self.words[at] == "{" else None

    def is_block(self, index):
        """Whether the `{` at `index` opens statements rather than the values of an object."""
        if self.before(index) in (")", "else", "do", "try", ";", "{", "}"):
            return True
        at, end = index + 1, self.partner.get(index, index)
        while at < end:
            if self.words[at] == ";" or (self.words[at] in HEADS and self.words[at + 1] == "("):
                return True
            at = self.partner.get(at, at) + 1
        return False


class Bracket:
    """An open bracket. `kind` is block, head (of an if, a for, …) or values."""

    def __init__(self, kind, captures=False):
        self.kind, self.captures = kind, captures
        self.is_lambda = False
        self.begins = 0  # in a head: where the part that is being read begins
        self.awaits, self.lambdas = [], []  # of the statement that is being read, in a block


def _look(tokens):
    """Yields (token index, sentence) for each violation, whatever the file."""
    stack = [Bracket("block")]
    lambda_bodies = {}

    def end_statement():
        block = next(b for b in reversed(stack) if b.kind == "block")
        awaits, lambdas = block.awaits, block.lambdas
        block.awaits, block.lambdas = [], []
        if len(awaits) > 1:
            yield awaits[1], "a second co_await in one statement: give the first result a name"
        if awaits and lambdas:
            yield lambdas[
                0
            ], "a lambda beside co_await: make the task in one statement, await it in the next"

    for index, word in enumerate(tokens.words):
        block = next(b for b in reversed(stack) if b.kind == "block")
        if word in COROUTINE_WORDS:
            function = next((b for b in reversed(stack) if b.is_lambda), None)
            if function and function.captures:
                function.captures = False  # once is enough
                yield index, "a coroutine lambda with captures: pass them as parameters"
            if word in AWAITS:
                block.awaits.append(index)
                head = next((b for b in reversed(stack) if b.kind != "values"), block)
                if head.kind == "head" and not {"=", ":"} & set(tokens.words[head.begins : index]):
                    yield index, "co_await in a condition: initialise a variable with it first"
        elif word in CLOSING and index in tokens.partner:
            body = tokens.lambda_body(index)
            if body is not None:
                block.lambdas.append(index)
                lambda_bodies[body] = tokens.partner[index] > index + 1
            if index in lambda_bodies:
                stack.append(Bracket("block", lambda_bodies[index]))
                stack[-1].is_lambda = True
            elif word == "{" and tokens.is_block(index):
                stack.append(Bracket("block"))
            elif word == "(" and (
                tokens.before(index) in HEADS
                or (tokens.before(index) == "constexpr" and tokens.before(index - 1) == "if")
            ):
                yield from end_statement()
                stack.append(Bracket("head"))
                stack[-1].begins = index
            else:
                stack.append(Bracket("values"))
            stack[-1].closes = tokens.partner[index]
        elif word == ";" and stack[-1].kind in ("block", "head"):
            stack[-1].begins = index
            yield from end_statement()
        elif word in CLOSING.values() and len(stack) > 1 and stack[-1].closes == index:
            if stack[-1].kind != "values":
                yield from end_statement()
            closed = stack.pop()
            after = tokens.words[index + 1] if index + 1 < len(tokens.words) else ""
            if closed.kind == "block" and stack[-1].kind == "block" and after not in GOES_ON:
                yield from end_statement()


def violations(text, is_test=False):
    """The (line, sentence) of each violation in the C++ source `text`."""
    tokens = Tokens(cpp_sources.without_comments(text))
    lines = text.split("\n")
    found = []
    for index, sentence in _look(tokens):
        if is_test and "with captures" in sentence:
            continue
        line = cpp_sources.line_of(text, tokens.offsets[index])
        if not any(_SAFE.search(near) for near in lines[max(0, line - 2) : line]):
            found.append((line, sentence))
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "root",
        nargs="?",
        default=Path(__file__).parent.parent,
        help="the repository (default: this one)",
    )
    root = Path(parser.parse_args().root)
    paths = cpp_sources.find(root)
    if not paths:
        print(f"check_coroutines: {root} holds no C++ sources; is it the root?", file=sys.stderr)
        return 2
    count = 0
    for path in paths:
        text = (root / path).read_text(encoding="utf-8")
        for line, sentence in violations(text, is_test=path.name.endswith("_test.cpp")):
            print(f"{path}:{line}: {sentence}")
            count += 1
    print(f"check_coroutines: {count} violations in {len(paths)} files")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
