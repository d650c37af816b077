"""Reads small coroutines, well and badly written, and looks at what the check says."""

import unittest

import check_coroutines


def sentences(body, is_test=False):
    """What the check says of a coroutine with this body."""
    text = "task<int> run(runtime& rt) {\n" + body + "\n}\n"
    return [sentence for _, sentence in check_coroutines.violations(text, is_test)]


class OneAwaitPerStatement(unittest.TestCase):
    def test_one_after_the_other_is_well_written(self):
        self.assertEqual(
            sentences("auto a = co_await f();\nauto b = co_await g();\nco_return a + b;"), []
        )

    def test_two_in_one_statement_are_found(self):
        self.assertEqual(len(sentences("co_return co_await f() + co_await g();")), 1)
        self.assertEqual(len(sentences("h(co_await f(),\n  co_await g());")), 1)
        self.assertEqual(len(sentences("co_await (co_await f()).close();")), 1)
        self.assertEqual(len(sentences("auto x = pair{co_await f(), co_await g()};")), 1)

    def test_a_head_and_its_body_are_two_statements(self):
        for body in (
            "if (auto v = co_await f()) co_await g(*v);",
            "while (auto v = co_await f()) { co_await g(*v); }",
            "for (auto v = co_await f(); v; v = co_await g()) co_await h(v);",
            "if constexpr (x) { co_await f(); } else { co_await g(); }\nco_await h();",
            "for (;;) { co_await f(); }\nco_await g();",
            "try { co_await f(); } catch (error const&) { failed = true; }\nco_await g();",
        ):
            self.assertEqual(sentences(body), [], body)

    def test_two_in_one_head_are_found(self):
        self.assertEqual(len(sentences("if (auto v = co_await f(co_await g())) { h(); }")), 1)

    def test_the_words_of_comments_and_strings_count_for_nothing(self):
        self.assertEqual(sentences('co_await log("co_await twice");  // and co_await\n'), [])

    def test_the_line_is_the_one_of_the_second(self):
        found = check_coroutines.violations(
            "task<int> f() {\n  // One.\n  g(co_await a(),\n    co_await b());\n}"
        )
        self.assertEqual(found[0][0], 4)


class NoAwaitInACondition(unittest.TestCase):
    def test_a_condition_that_awaits_is_found(self):
        for body in (
            "if (co_await f()) g();",
            "while (!co_await f()) g();",
            "while (co_await f(a, b) > 0) { g(); }",
            "while ((co_await f()).has_value()) g();",
            "switch (co_await f()) { default: g(); }",
            "for (int i = 0; co_await f(i); ++i) g();",
        ):
            self.assertEqual(len(sentences(body)), 1, body)

    def test_a_variable_that_it_initialises_is_well_written(self):
        for body in (
            "while (auto v = co_await f()) g(*v);",
            "if (auto v = co_await f(); v.ok()) g();",
            "for (auto v = co_await f(); v; v = co_await g()) h(v);",
            "for (auto& v : co_await f()) g(v);",
            "if (ok) { co_await f(); }",
        ):
            self.assertEqual(sentences(body), [], body)


class NoLambdaBesideAnAwait(unittest.TestCase):
    def test_a_lambda_that_makes_a_task_in_its_own_statement_is_well_written(self):
        self.assertEqual(
            sentences(
                "auto t = spawn_n(rt, 3, [&](u64 i) { return node(i); });\nco_await join_all(t);"
            ),
            [],
        )

    def test_a_lambda_beside_an_await_is_found(self):
        for body in (
            "co_await rt.spawn([x] { return g(x); });",
            "co_await spawn_n(rt, 3, [&](u64 i) -> task<int> { return node(i); });",
            "auto n = co_await f(options{.make = [x] { return x; }});",
            "co_await f([](int i) noexcept { return i; });",
        ):
            self.assertEqual(len(sentences(body)), 1, body)

    def test_brackets_that_are_no_lambda_are_well_written(self):
        for body in (
            "co_await tasks[i];",
            "[[maybe_unused]] auto x = co_await f();",
            "auto [a, b] = co_await f();",
            "auto& [a, b] = co_await f();",
            "co_await f(g()[0], h[1][2]);",
        ):
            self.assertEqual(sentences(body), [], body)

    def test_an_await_inside_a_lambda_is_not_beside_it(self):
        self.assertEqual(
            sentences(
                "auto make = [](runtime& rt) -> task<int> { co_await g(rt); co_return 1; };\n"
                "co_await make(rt);"
            ),
            [],
        )

    def test_safe_because_on_the_line_above_settles_it(self):
        self.assertEqual(
            sentences("// Safe because it captures nothing.\nco_await f([] { return 1; });"), []
        )


class LambdasThatAreCoroutines(unittest.TestCase):
    CAPTURES = "auto t = [x](runtime& rt) -> task<int> { if (x) { co_return 1; }\nco_return 2; };"

    def test_with_captures_are_found_once(self):
        self.assertEqual(len(sentences(self.CAPTURES)), 1)

    def test_with_captures_are_permitted_in_a_test(self):
        self.assertEqual(sentences(self.CAPTURES, is_test=True), [])

    def test_without_captures_are_well_written(self):
        self.assertEqual(sentences("auto t = [](int x) -> task<int> { co_return x; };"), [])

    def test_a_capturing_lambda_around_a_captureless_one_is_well_written(self):
        self.assertEqual(
            sentences("auto f = [&] { return [](int x) -> task<int> { co_return x; }(1); };"), []
        )


if __name__ == "__main__":
    unittest.main()
