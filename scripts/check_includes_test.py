"""Plants includes, right and wrong, into a small house and looks at what the check says."""

import tempfile
import unittest
from pathlib import Path

import check_includes


class IncludeDirections(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for path in (
            "runtimes/interface/task.hpp",
            "runtimes/core/reactor.hpp",
            "runtimes/single_threaded/runtime.hpp",
            "scenarios/skynet.hpp",
            "scenarios/support/scenario.hpp",
            "proxy/relay.hpp",
            "harness/stats/histogram.hpp",
            "harness/stats/interval.hpp",
            "harness/protocol/message.hpp",
        ):
            self.write(path, "#pragma once\n")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def reasons(self, path, *includes):
        """What the check says of a file at `path` with these #include lines."""
        self.write(path, "".join(f"#include {header}\n" for header in includes))
        return check_includes.violations(self.root)

    def test_the_small_house_is_clean(self):
        self.assertEqual(check_includes.violations(self.root), [])

    def test_permitted_arrows_pass(self):
        for path, header in (
            ("runtimes/core/timer.hpp", '"runtimes/interface/task.hpp"'),
            ("runtimes/lightweight/runtime.hpp", '"runtimes/core/reactor.hpp"'),
            ("runtimes/lightweight/worker.cpp", "<sys/epoll.h>"),
            ("scenarios/proxy.hpp", '"proxy/relay.hpp"'),
            ("scenarios/yield.hpp", '"scenarios/support/scenario.hpp"'),
            ("harness/contender/serve.cpp", '"harness/stats/histogram.hpp"'),
            ("harness/contender/serve.cpp", "<benchmark/benchmark.h>"),
            ("harness/stats/interval_test.cpp", "<gtest/gtest.h>"),
            ("runtimes/interface/join.hpp", "<coroutine>"),
        ):
            self.assertEqual(self.reasons(path, header), [], f"{path} may include {header}")

    def test_planted_violations_are_found(self):
        for path, header in (
            ("runtimes/interface/join.hpp", '"runtimes/core/reactor.hpp"'),
            ("runtimes/interface/join.hpp", "<fmt/format.h>"),
            ("runtimes/interface/join.hpp", "<boost/asio.hpp>"),
            ("runtimes/lightweight/runtime.hpp", '"runtimes/single_threaded/runtime.hpp"'),
            ("runtimes/lightweight/runtime.hpp", '"scenarios/skynet.hpp"'),
            ("runtimes/lightweight/runtime.hpp", '"harness/stats/histogram.hpp"'),
            ("runtimes/core/timer.hpp", '"runtimes/single_threaded/runtime.hpp"'),
            ("scenarios/yield.hpp", '"runtimes/single_threaded/runtime.hpp"'),
            ("scenarios/yield.hpp", "<runtimes/single_threaded/runtime.hpp>"),
            ("scenarios/yield.hpp", "<iostream>"),
            ("harness/stats/test_of_stats.hpp", '"harness/protocol/message.hpp"'),
            ("harness/contender/serve.cpp", '"harness/stats/interval.hpp"'),
            ("harness/contender/serve.cpp", '"scenarios/skynet.hpp"'),
            ("harness/driver/main.cpp", '"runtimes/interface/task.hpp"'),
            ("harness/driver/main.cpp", "<benchmark/benchmark.h>"),
            ("harness/driver/main.cpp", "<gtest/gtest.h>"),
        ):
            with self.subTest(path=path, header=header):
                found = self.reasons(path, header)
                self.assertEqual([(where, line) for where, line, _ in found], [(path, 1)])
                (self.root / path).unlink()

    def test_a_path_that_is_not_from_the_root_is_found(self):
        for header in (
            '"task.hpp"',
            '"../interface/task.hpp"',
            '"runtimes/core/../interface/task.hpp"',
        ):
            self.assertEqual(len(self.reasons("runtimes/core/timer.hpp", header)), 1, header)

    def test_a_header_that_is_not_there_is_found(self):
        found = self.reasons("runtimes/core/timer.hpp", '"runtimes/interface/tusk.hpp"')
        self.assertIn("does not exist", found[0][2])

    def test_a_folder_without_a_line_in_the_table_is_found(self):
        self.write("harness/attic/old.hpp", "")
        self.assertIn("lies in no box", check_includes.violations(self.root)[0][2])

    def test_an_include_in_a_comment_counts_for_nothing(self):
        self.write(
            "runtimes/interface/join.hpp",
            '/*\n#include "scenarios/skynet.hpp"\n*/ // #include <fmt/core.h>\n',
        )
        self.assertEqual(check_includes.violations(self.root), [])

    def test_the_line_is_the_one_of_the_include(self):
        self.write(
            "runtimes/interface/join.hpp",
            '// A heading.\n\n#pragma once\n#  include "scenarios/skynet.hpp"\n',
        )
        self.assertEqual(check_includes.violations(self.root)[0][1], 4)


class TheTable(unittest.TestCase):
    def test_has_no_circle(self):
        done = set()

        def visit(box, way):
            self.assertNotIn(box, way, "boxes include each other in a circle")
            if box in done:
                return
            for target in check_includes.BOXES[box][0]:
                visit(
                    target if target in check_includes.BOXES else target.rsplit("/", 1)[0],
                    way + [box],
                )
            done.add(box)

        for box in check_includes.BOXES:
            visit(box, [])

    def test_names_only_known_libraries(self):
        for _, libraries in check_includes.BOXES.values():
            self.assertLessEqual(set(libraries), set(check_includes.LIBRARIES))


if __name__ == "__main__":
    unittest.main()
