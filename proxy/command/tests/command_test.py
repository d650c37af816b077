"""The program as its user sees it: what it says, how it is told, what it writes and answers.

What it does to connections under faults is tested in proxy/tests/faults.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

PROXY = os.environ["REGATTA_PROXY"]
PATIENCE = 60


def run(*flags):
    return subprocess.run(
        [PROXY, *flags], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class Echo:
    """An upstream that sends back what it is sent."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(peer,), daemon=True).start()

    @staticmethod
    def _echo(peer):
        with peer:
            while heard := peer.recv(65536):
                peer.sendall(heard)

    def close(self):
        if self.door.fileno() >= 0:
            self.door.shutdown(socket.SHUT_RDWR)
            self.door.close()


class Running:
    """A proxy that has said that it is ready."""

    def __init__(self, *flags, before=()):
        self.process = subprocess.Popen(
            [*before, PROXY, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.lines = []
        while not self.lines or self.lines[-1] != "ready":
            line = self.process.stdout.readline()
            assert line, "it ended early: " + self.process.stderr.read()
            self.lines.append(line.rstrip("\n"))

    def addresses(self, begin="listening on "):
        return [line[len(begin) :] for line in self.lines if line.startswith(begin)]

    def connect(self, which=0):
        host, _, port = self.addresses()[which].rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)

    def ask(self, path, method="GET"):
        host, _, port = self.addresses("metrics on ")[0].rpartition(":")
        asked = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        try:
            asked.request(method, path)
            answer = asked.getresponse()
            return answer.status, answer.read().decode()
        finally:
            asked.close()

    def end(self, signal_number=signal.SIGTERM):
        """The exit code, what it printed since it was ready, and its log."""
        if signal_number:
            self.process.send_signal(signal_number)
        out, log = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.splitlines(), log

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.upstream = Echo()
        self.addCleanup(self.upstream.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.least = ("--listen", "127.0.0.1:0", "--upstream", self.upstream.address)

    def start(self, *flags, **more):
        running = Running(*flags, **more)
        self.addCleanup(running.kill)
        return running

    def expect_echo(self, peer):
        peer.sendall(b"hello")
        self.assertEqual(peer.recv(5), b"hello")


def events_of(log):
    return [json.loads(line) for line in log.splitlines()]


class Help(ProxyTest):
    def test_help_names_every_group_and_the_exit_codes(self):
        told = run("--help")
        self.assertEqual(told.returncode, 0)
        for words in (
            "Traffic:",
            "Limits and timeouts:",
            "Runtime:",
            "Watching:",
            "Operating:",
            "--idle-timeout DURATION",
            "Exit codes:",
        ):
            self.assertIn(words, told.stdout)

    def test_version(self):
        told = run("--version")
        self.assertEqual(told.returncode, 0)
        self.assertRegex(told.stdout, r"^regatta-proxy \d+\.\d+\.\d+\n$")

    def test_every_runtime_that_is_listed_can_be_chosen(self):
        listed = run("--list-runtimes")
        self.assertEqual(listed.returncode, 0)
        self.assertIn("simulated is missing: it is for tests only", listed.stdout)
        names = [line for line in listed.stdout.splitlines() if " is missing" not in line]
        self.assertIn("work_stealing", names)
        self.assertIn("single_threaded", names)
        for name in names:
            with self.subTest(name):
                try:
                    proxy = self.start(*self.least, "--runtime", name)
                except AssertionError as refused:
                    self.assertIn("cannot run here", str(refused))
                    continue
                with proxy.connect() as peer:
                    self.expect_echo(peer)
                code, out, log = proxy.end()
                self.assertEqual(code, 0)
                self.assertIn("completed=1", out[-1])
                self.assertEqual(events_of(log)[0]["runtime"], name)


class BadInput(ProxyTest):
    def expect(self, code, words, *flags):
        told = run(*flags)
        self.assertEqual(told.returncode, code, told.stderr)
        self.assertEqual(told.stdout, "")
        self.assertTrue(told.stderr.startswith("regatta-proxy: "), told.stderr)
        self.assertEqual(told.stderr.count("\n"), 1, "one sentence, and no more")
        for word in words:
            self.assertIn(word, told.stderr)

    def test_wrong_usage_is_2_with_a_sentence(self):
        self.expect(2, ["--listen is missing", "For example"], "--upstream", "127.0.0.1:1")
        self.expect(2, ["--upstream is missing", "For example"], "--listen", "127.0.0.1:0")
        self.expect(2, ["--idle-timeout", "'soon'", "10s"], *self.least, "--idle-timeout", "soon")
        self.expect(2, ["--runtime", "'tokyo'", "work_stealing"], *self.least, "--runtime", "tokyo")

    def test_what_cannot_be_had_is_1_with_a_sentence(self):
        self.expect(
            1, ["--runtime", "simulated", "for tests only"], *self.least, "--runtime", "simulated"
        )
        self.expect(1, ["--log", "/no/such/folder"], *self.least, "--log", "/no/such/folder/log")
        self.expect(
            1,
            ["--upstream", "no-such-name.invalid"],
            *self.least,
            "--upstream",
            "no-such-name.invalid:80",
        )
        self.expect(
            1,
            ["--handover", "/no/such/folder"],
            *self.least,
            "--handover",
            "/no/such/folder/socket",
            "--log",
            str(self.folder / "log"),
        )

    def test_all_is_checked_before_anybody_is_let_in(self):
        taken = self.upstream.address
        file = self.folder / "log"
        self.expect(
            1, ["--listen", taken, "in use"], *self.least, "--listen", taken, "--log", str(file)
        )
        last = events_of(file.read_text())[-1]
        self.assertEqual(last["event"], "failed")
        self.assertIn(taken, last["reason"])


class ConfigFile(ProxyTest):
    def test_holds_the_same_flags_and_the_line_has_precedence(self):
        file = self.folder / "proxy.toml"
        file.write_text(
            '# How we run it.\nlisten = ["127.0.0.1:0", "127.0.0.1:0"]\n'
            f'upstream = "{self.upstream.address}"\nruntime = "single_threaded"\n'
            'idle-timeout = "50ms"\n'
        )
        proxy = self.start("--config", str(file), "--idle-timeout", "1h")
        self.assertEqual(len(proxy.addresses()), 2)
        with proxy.connect(1) as peer:
            self.expect_echo(peer)
            time.sleep(0.3)
            self.expect_echo(peer)
        code, _, log = proxy.end()
        self.assertEqual(code, 0)
        self.assertEqual(events_of(log)[0]["runtime"], "single_threaded")


class Report(ProxyTest):
    def test_is_printed_every_so_often_and_at_the_end(self):
        proxy = self.start(*self.least, "--report-every", "50ms")
        with proxy.connect() as peer:
            self.expect_echo(peer)
            while "active=1" not in proxy.process.stdout.readline():
                pass
        code, out, _ = proxy.end()
        self.assertEqual(code, 0)
        self.assertEqual(
            out[-1],
            "accepted=1 active=0 completed=1 unreachable=0 broken=0 timed_out=0 shut_down=0 "
            "refused=0 shortages=0 bytes_up=5 bytes_down=5",
        )

    def test_never_means_only_at_the_end(self):
        proxy = self.start(*self.least, "--report-every", "0")
        time.sleep(0.2)
        _, out, _ = proxy.end()
        self.assertEqual(len(out), 1)

    def test_nobody_who_reads_does_not_stop_it(self):
        proxy = self.start(*self.least, "--report-every", "1ms")
        proxy.process.stdout.close()
        time.sleep(0.2)
        with proxy.connect() as peer:
            self.expect_echo(peer)
        proxy.process.send_signal(signal.SIGTERM)
        self.assertEqual(proxy.process.wait(PATIENCE), 0)
        proxy.process.stderr.close()


class Log(ProxyTest):
    def test_tells_the_life_of_the_proxy(self):
        proxy = self.start(*self.least, "--log-level", "debug")
        with proxy.connect() as peer:
            self.expect_echo(peer)
        _, _, log = proxy.end()
        events = events_of(log)
        names = [event["event"] for event in events]
        self.assertEqual(names, ["start", "listening", "ready", "stopping", "end"])
        self.assertEqual(events[0]["upstreams"], [self.upstream.address])
        self.assertEqual(events[1]["address"], proxy.addresses()[0])
        self.assertEqual(events[3]["reason"], "SIGTERM")
        last = events[4]
        self.assertEqual(
            last["accepted"],
            sum(
                last[end]
                for end in (
                    "active",
                    "completed",
                    "unreachable",
                    "broken",
                    "timed_out",
                    "shut_down",
                )
            ),
        )
        self.assertEqual((last["bytes_up"], last["deadline_came"]), (5, False))

    def test_tells_of_an_upstream_that_is_gone(self):
        self.upstream.close()
        proxy = self.start(*self.least)
        with proxy.connect() as peer, self.assertRaises(ConnectionResetError):
            peer.sendall(b"?")
            peer.recv(1)
            peer.recv(1)
        _, _, log = proxy.end()
        events = {event["event"]: event for event in events_of(log)}
        self.assertEqual(events["upstream_down"]["upstream"], self.upstream.address)
        self.assertEqual(events["no_upstream_reached"]["times"], 1)

    def test_goes_on_in_a_new_file_after_sighup(self):
        file = self.folder / "log"
        proxy = self.start(*self.least, "--log", str(file))
        file.rename(self.folder / "old")
        proxy.process.send_signal(signal.SIGHUP)
        while not file.exists():
            time.sleep(0.01)
        code, _, _ = proxy.end()
        self.assertEqual(code, 0)
        names = [event["event"] for event in events_of(file.read_text())]
        self.assertEqual(names, ["stopping", "end"])

    def test_a_log_that_nobody_reads_does_not_stop_it(self):
        proxy = self.start(*self.least, "--log-level", "debug")
        proxy.process.stderr.close()
        with proxy.connect() as peer:
            self.expect_echo(peer)
        proxy.process.send_signal(signal.SIGTERM)
        self.assertEqual(proxy.process.wait(PATIENCE), 0)
        proxy.process.stdout.close()


class Metrics(ProxyTest):
    def setUp(self):
        super().setUp()
        # A port that is taken: whoever can, says so and ends.
        told = run(*self.least, "--metrics", self.upstream.address)
        if "cpp-httplib" in told.stderr:
            self.skipTest(told.stderr)

    def test_are_in_the_text_format_and_right(self):
        proxy = self.start(*self.least, "--metrics", "127.0.0.1:0")
        with proxy.connect() as peer:
            self.expect_echo(peer)
            status, text = proxy.ask("/metrics")
        self.assertEqual(status, 200)
        samples = dict(
            line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")
        )
        self.assertEqual(samples["regatta_proxy_connections_active"], "1")
        self.assertEqual(samples['regatta_proxy_bytes_total{direction="up"}'], "5")
        upstream = f'regatta_proxy_upstream_connections{{upstream="{self.upstream.address}"}}'
        self.assertEqual(samples[upstream], "1")
        self.assertTrue(
            any(re.match(r'regatta_proxy_info\{runtime="work_stealing"', one) for one in samples)
        )

    def test_health_is_503_while_draining(self):
        proxy = self.start(*self.least, "--metrics", "127.0.0.1:0")
        self.assertEqual(proxy.ask("/healthz"), (200, "ok\n"))
        peer = proxy.connect()
        self.expect_echo(peer)
        proxy.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while proxy.ask("/healthz")[0] == 200 and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(proxy.ask("/healthz"), (503, "draining\n"))
        self.expect_echo(peer)
        peer.close()
        self.assertEqual(proxy.end(None)[0], 0)

    def test_clients_that_never_finish_asking_do_not_hold_up_the_end(self):
        proxy = self.start(*self.least, "--metrics", "127.0.0.1:0")
        host, _, port = proxy.addresses("metrics on ")[0].rpartition(":")
        ended = threading.Event()

        def dribble():
            address = (host, int(port))
            with contextlib.suppress(OSError), socket.create_connection(address) as client:
                while not ended.is_set():
                    client.sendall(b"G")
                    ended.wait(0.2)

        clients = [threading.Thread(target=dribble) for _ in range(2)]
        for client in clients:
            client.start()
        try:
            proxy.process.send_signal(signal.SIGTERM)
            self.assertEqual(proxy.end(None)[0], 0)
        finally:
            ended.set()
            for client in clients:
                client.join()

    def test_what_is_not_there_is_404_and_nothing_can_be_changed(self):
        proxy = self.start(*self.least, "--metrics", "127.0.0.1:0")
        self.assertEqual(proxy.ask("/secrets")[0], 404)
        self.assertEqual(proxy.ask("/metrics", "POST")[0], 404)

    def test_a_port_that_is_taken_is_said(self):
        told = run(
            *self.least, "--metrics", self.upstream.address, "--log", str(self.folder / "log")
        )
        self.assertEqual(told.returncode, 1)
        self.assertIn(f"--metrics: cannot listen on {self.upstream.address}", told.stderr)

    def test_garbage_and_silence_leave_them_answering(self):
        proxy = self.start(*self.least, "--metrics", "127.0.0.1:0")
        host, _, port = proxy.addresses("metrics on ")[0].rpartition(":")
        peers = [socket.create_connection((host, int(port)), timeout=PATIENCE) for _ in range(20)]
        for number, peer in enumerate(peers):
            peer.sendall(bytes([number]) * 100 if number % 2 else b"GET /")
        self.assertEqual(proxy.ask("/metrics")[0], 200)
        for peer in peers:
            peer.close()


class Handover(ProxyTest):
    def setUp(self):
        super().setUp()
        self.path = str(self.folder / "handover")

    def test_a_successor_adopts_what_both_list_and_opens_the_rest(self):
        flags = ("--handover", self.path, "--upstream", self.upstream.address)
        first = self.start("--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", *flags)
        kept, dropped = first.addresses()
        held = first.connect()
        self.expect_echo(held)
        second = self.start("--listen", kept, "--listen", "[::1]:0", *flags)
        self.assertEqual(second.addresses()[0], kept)
        with second.connect(0) as peer:
            self.expect_echo(peer)
        self.expect_echo(held)
        with self.assertRaises(ConnectionRefusedError):
            host, _, port = dropped.rpartition(":")
            socket.create_connection((host, int(port)))
        held.close()
        code, out, log = first.end(None)
        self.assertEqual(code, 0)
        self.assertIn("accepted=1", out[-1])
        names = [event["event"] for event in events_of(log)]
        self.assertIn("handed_over", names)
        self.assertIn("address_dropped", names)
        code, _, log = second.end()
        self.assertEqual(code, 0)
        self.assertIn("took_over", [event["event"] for event in events_of(log)])

    def test_the_same_metrics_port_can_be_used(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            metrics = f"127.0.0.1:{free.getsockname()[1]}"
        flags = (*self.least, "--handover", self.path, "--metrics", metrics)
        self.start(*flags)
        second = self.start(*flags)
        self.assertEqual(second.ask("/healthz")[0], 200)

    def test_a_successor_on_another_runtime(self):
        listed = run("--list-runtimes").stdout.splitlines()
        names = [line for line in listed if " is missing" not in line]
        flags = (*self.least, "--handover", self.path)
        current = self.start(*flags)
        address = current.addresses()[0]
        for name in names:
            with self.subTest(name):
                following = self.start(*flags, "--runtime", name)
                self.assertEqual(following.addresses()[0], address)
                self.assertEqual(current.end(None)[0], 0)
                with following.connect() as peer:
                    self.expect_echo(peer)
                current = following

    def test_a_successor_that_dies_before_it_is_ready_changes_nothing(self):
        first = self.start(*self.least, "--handover", self.path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.connect(self.path)
            text, descriptors, _, _ = socket.recv_fds(stranger, 65536, 10)
            self.assertEqual(json.loads(text)["listen"], ["127.0.0.1:0"])
            self.assertEqual(len(descriptors), 1)
            for each in descriptors:
                os.close(each)
            with first.connect() as peer:
                self.expect_echo(peer)
        with first.connect() as peer:
            self.expect_echo(peer)
        second = self.start(*self.least, "--handover", self.path)
        self.assertEqual(second.addresses(), first.addresses())
        code, _, log = first.end(None)
        self.assertEqual(code, 0)
        self.assertIn("successor_turned_away", log)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_another_user_gets_nothing(self):
        first = self.start(*self.least, "--handover", self.path)
        self.folder.chmod(0o755)
        os.chmod(self.path, 0o666)
        script = (
            "import os, socket, sys\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            "peer.connect(sys.argv[1])\n"
            "text, descriptors, _, _ = socket.recv_fds(peer, 65536, 10)\n"
            "sys.exit(7 if not text and not descriptors else 8)\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", script, self.path], timeout=PATIENCE, check=False
        )
        self.assertEqual(told.returncode, 7)
        with first.connect() as peer:
            self.expect_echo(peer)
        _, _, log = first.end()
        self.assertIn("it runs for another user", log)

    def test_the_file_goes_with_the_proxy_and_a_stale_one_is_replaced(self):
        first = self.start(*self.least, "--handover", self.path)
        first.process.kill()
        first.process.wait()
        self.assertTrue(os.path.exists(self.path))
        second = self.start(*self.least, "--handover", self.path)
        self.assertEqual(second.end()[0], 0)
        self.assertFalse(os.path.exists(self.path))


class Ending(ProxyTest):
    def test_a_second_signal_ends_it_at_once(self):
        for second in (signal.SIGINT, signal.SIGTERM):
            proxy = self.start(*self.least)
            with proxy.connect() as peer:
                self.expect_echo(peer)
                proxy.process.send_signal(signal.SIGTERM)
                # Both of one kind that wait at once are one.
                while "stopping" not in proxy.process.stderr.readline():
                    pass
                self.assertEqual(proxy.end(second)[0], 128 + second)

    def test_what_was_ignored_by_whoever_started_it_is_heard_all_the_same(self):
        # As a shell does that starts it in the background.
        deaf = ("sh", "-c", 'trap "" INT TERM HUP; exec "$@"', "sh")
        proxy = self.start(*self.least, before=deaf)
        self.assertEqual(proxy.end(signal.SIGINT)[0], 0)


if __name__ == "__main__":
    unittest.main()
