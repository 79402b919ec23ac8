#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The benches of the bridge: called by tests/bench/run, as root, in namespaces of its own.

usage: bridge.py bridge|protocols BUILD [--json] [SCENARIO...]

Each scenario has a farm of CoAP nodes (bridge_farm), mosquitto, and either rpld-bridge or a naive
bridge made of libcoap and libmosquitto; all figures are of the same run on the same machine, and
`limit` is the naive bridge's. BENCH_LOSS_S=600 makes the runs on a bad air ten minutes long.
"""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import protocols

HERE = os.path.dirname(os.path.abspath(__file__))
PLAY = os.path.join(HERE, "..", "bridge", "rpld-play.py")
MQTT = 21883
LOSS_S = int(os.environ.get("BENCH_LOSS_S", "90"))


def model():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown processor"


class Figures:
    """The same two outputs as bench.c has."""

    def __init__(self, bench, as_json):
        self.bench, self.as_json, self.figures = bench, as_json, []
        self.machine = "%s, %d processors, Linux %s %s" % (
            model(), os.cpu_count(), platform.release(), platform.machine())
        if not as_json:
            print("%s on %s\n%-36s %10s %12s %-8s %12s %8s %10s %s" % (
                bench, self.machine, "FIGURE", "AT", "VALUE", "UNIT", "LIMIT", "RATIO", "GOAL",
                "MET"), flush=True)

    def add(self, name, at, value, unit, limit=0., goal=None):
        ratio = value / limit if limit > 0 else 0.
        met = goal is None or value <= goal
        self.figures.append({"name": name, "at": at, "value": round(value, 3), "unit": unit,
                             "limit": round(limit, 3), "ratio": round(ratio, 3),
                             "goal": 0. if goal is None else round(goal, 3), "met": met})
        if not self.as_json:
            print("%-36s %10d %12.2f %-8s %12.2f %8.2f %10.2f %s" % (
                name, at, value, unit, limit, ratio, goal or 0.,
                "-" if goal is None else "yes" if met else "no"), flush=True)

    def end(self):
        if self.as_json:
            print(json.dumps({"schema": 1, "bench": self.bench, "machine": self.machine,
                              "figures": self.figures}))


def until(seconds, what, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("bridge.py: waited in vain for " + what)
        time.sleep(0.02)


def listens(port, host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        return sock.connect_ex((host, port)) == 0


def cpu_ns(pid):
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total


def memory_mb(pid):
    """Private dirty pages and all resident ones."""
    sums = {}
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as rollup:
        for line in rollup.readlines()[1:]:
            name, value = line.split()[:2]
            sums[name] = int(value) / 1024
    return sums["Private_Dirty:"], sums["Rss:"]


def socket_drops(pid):
    """What found no room in the sockets of its namespace but the nodes' own."""
    with open("/proc/%d/net/udp6" % pid, encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(int(row[-1]) for row in rows if not row[1].endswith(":1633"))


class Run:
    """One scenario with one bridge."""

    def __init__(self, build, which, nodes, **farm):
        self.build, self.which, self.nodes = build, which, nodes
        self.dir = tempfile.mkdtemp(prefix="rpld-bench-")
        os.chmod(self.dir, 0o777)
        self.processes = []
        self.broker = self.bridge = None
        self.log = open(os.path.join(self.dir, "log"), "w", encoding="utf-8")
        self.broker_start()
        args = [self.built("tests/bench/bridge_farm"), "--port", str(MQTT), "--nodes", str(nodes)]
        for name, value in farm.items():
            args += ["--" + name.replace("_", "-")] + ([] if value is True else [str(value)])
        self.farm = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True, stderr=self.log)
        self.processes.append(self.farm)
        if which == "rpld-bridge":
            self.play_start()
        self.bridge_start()
        seen = self.tell("wait 120")
        if seen != "observed %d" % nodes:
            self.show()
            raise SystemExit("bridge.py: %s of %d nodes with %s" % (seen, nodes, which))

    def built(self, path):
        return os.path.join(self.build, path)

    def spawn(self, *args, **options):
        process = subprocess.Popen(args, stdout=self.log, stderr=self.log, **options)
        self.processes.append(process)
        return process

    def broker_start(self):
        conf = os.path.join(self.dir, "broker.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write("listener %d 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\n"
                      "persistence_location %s/\nautosave_interval 0\nmax_queued_messages 0\n"
                      "max_inflight_messages 0\nset_tcp_nodelay true\nlog_type error\n"
                      % (MQTT, self.dir))
        self.broker = self.spawn("mosquitto", "-c", conf)
        until(10, "the broker", lambda: listens(MQTT))

    def play_start(self):
        path = os.path.join(self.dir, "rpld.sock")
        play = self.spawn("python3", PLAY, path, stdin=subprocess.PIPE)
        for n in range(1, self.nodes + 1):
            play.stdin.write(b"up %016x fd00:b::%x:%x\n" % (n, n >> 16, n & 0xffff))
        play.stdin.flush()
        until(10, "the routing daemon's part", lambda: os.path.exists(path))
        os.chmod(path, 0o666)
        with open(os.path.join(self.dir, "rpld.conf"), "w", encoding="ascii") as out:
            out.write('bridge = { broker = "mqtt://127.0.0.1:%d"; coap_port = 5690; settle_s = 0;'
                      ' control_socket = "none"; socket = "%s"; spool = "%s/spool.db"; log = "warning"; node_rate = 0; };\n'
                      % (MQTT, path, self.dir))

    def bridge_start(self):
        if self.which == "rpld-bridge":
            self.bridge = self.spawn(self.built("bridge/rpld-bridge"), "-f", "-c",
                                     os.path.join(self.dir, "rpld.conf"))
        else:
            self.bridge = self.spawn(self.built("tests/bench/naive_bridge"), str(MQTT),
                                     str(self.nodes))

    def tell(self, command):
        self.farm.stdin.write(command + "\n")
        self.farm.stdin.flush()
        return self.farm.stdout.readline().strip()

    def ask(self, command):
        """Sends a command whose answer is read later."""
        self.farm.stdin.write(command + "\n")
        self.farm.stdin.flush()
        return self.farm.stdout.readline

    def load(self, seconds):
        """Readings for so long; the report, with memory and CPU of the bridge until the last of
        them has arrived: what waits is work, too."""
        before = cpu_ns(self.bridge.pid)
        sent = int(self.tell("go %d" % seconds).split()[1])
        dirty, rss = memory_mb(self.bridge.pid)
        self.tell("settle 30")
        cpu = cpu_ns(self.bridge.pid) - before
        report = json.loads(self.tell("report"))
        report.update(drops=socket_drops(self.bridge.pid))
        report.update(cpu_us=cpu / 1000 / max(sent, 1), cpu_percent=cpu / 1e7 / seconds,
                      dirty_mb=dirty, rss_mb=rss)
        return report

    def kill_bridge(self):
        self.bridge.kill()
        self.bridge.wait()

    def show(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            sys.stderr.write("".join(log.readlines()[-20:]))

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
        self.log.close()
        shutil.rmtree(self.dir)


def steady(figures, build, nodes, seconds, name, limits, **farm):
    """The same load for both bridges."""
    reports = {}
    for which in ("naive", "rpld-bridge"):
        run = Run(build, which, nodes, **farm)
        try:
            reports[which] = run.load(seconds)
        finally:
            run.end()
    ours, naive = reports["rpld-bridge"], reports["naive"]
    figures.add(name + ": not delivered", nodes, ours["sent"] - ours["arrived"], "readings",
                naive["sent"] - naive["arrived"], 0)
    figures.add(name + ": no room in the socket", nodes, ours["drops"], "datagrams", naive["drops"])
    figures.add(name + ": acknowledged, lost", nodes, ours["acked_lost"], "readings",
                naive["acked_lost"], 0)
    figures.add(name + ": rate", nodes, ours["sent"] / seconds, "per s", naive["sent"] / seconds)
    figures.add(name + ": way, p50", nodes, ours["p50_us"], "us", naive["p50_us"])
    figures.add(name + ": way, p99", nodes, ours["p99_us"], "us", naive["p99_us"])
    figures.add(name + ": CPU per reading", nodes, ours["cpu_us"], "us", naive["cpu_us"],
                naive["cpu_us"])
    figures.add(name + ": CPU", nodes, ours["cpu_percent"], "%", naive["cpu_percent"])
    figures.add(name + ": private dirty", nodes, ours["dirty_mb"], "MB", naive["dirty_mb"],
                limits.get("dirty_mb"))
    figures.add(name + ": resident", nodes, ours["rss_mb"], "MB", naive["rss_mb"])


def loss(figures, build, percent):
    """Acknowledgements get lost on the air; Max-Age is 60 s."""
    reports = {}
    for which in ("naive", "rpld-bridge"):
        run = Run(build, which, 20, rate=20, loss=percent)
        try:
            # A silent observation is one that gave nothing in twice Max-Age and 30 s; the naive
            # bridge never asks again, so that less time shows what becomes of it.
            run.tell("go %d" % (LOSS_S if which == "rpld-bridge" else min(LOSS_S, 90)))
            run.tell("settle 100")
            reports[which] = json.loads(run.tell("report"))
        finally:
            run.end()
    ours, naive = reports["rpld-bridge"], reports["naive"]
    name = "%d %% of ACKs lost" % percent
    figures.add(name + ": acknowledged, lost", 20, ours["acked_lost"], "readings",
                naive["acked_lost"], 0)
    figures.add(name + ": delivered", 20, ours["arrived"], "readings", naive["arrived"])
    figures.add(name + ": sent", 20, ours["sent"], "readings", naive["sent"])
    figures.add(name + ": observations silent", 20, ours["silent"], "nodes", naive["silent"], 0)


def outage(figures, build):
    """The broker is away for 10 s, and the bridge is killed and started again in the middle."""
    reports = {}
    for which in ("naive", "rpld-bridge"):
        run = Run(build, which, 100, rate=500)
        try:
            answer = run.ask("go 20")
            time.sleep(3)
            run.broker.send_signal(signal.SIGTERM) # it keeps what it has for the subscriber
            run.broker.wait()
            time.sleep(5)
            run.kill_bridge()
            run.bridge_start()
            time.sleep(5)
            run.broker_start()
            answer()
            run.tell("settle 60")
            reports[which] = json.loads(run.tell("report"))
        finally:
            run.end()
    ours, naive = reports["rpld-bridge"], reports["naive"]
    name = "broker away 10 s, kill -9"
    figures.add(name + ": acknowledged, lost", 100, ours["acked_lost"], "readings",
                naive["acked_lost"], 0)
    figures.add(name + ": acknowledged", 100, ours["acked"], "readings", naive["acked"])
    figures.add(name + ": delivered", 100, ours["arrived"], "readings", naive["arrived"])
    figures.add(name + ": registrations", 100, ours["registrations"], "requests",
                naive["registrations"], 100)


SCENARIOS = {
    "con-100": lambda f, b: steady(f, b, 100, 10, "1000 CON/s", {"dirty_mb": 6}, rate=1000),
    "con-5000": lambda f, b: steady(f, b, 5000, 20, "1000 CON/s", {"dirty_mb": 14}, rate=1000),
    "non-20000": lambda f, b: steady(f, b, 100, 10, "20000 NON/s", {}, rate=20000, non=True),
    "loss-10": lambda f, b: loss(f, b, 10),
    "loss-30": lambda f, b: loss(f, b, 30),
    "outage": outage,
}


def inside():
    for need, package in (("mosquitto", "mosquitto"), ("ip", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(need, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            sys.exit("bridge.py: %s is missing. Mend it with: apt-get install %s" % (need, package))
    if "BENCH_INSIDE" not in os.environ:
        os.environ["BENCH_INSIDE"] = "1"
        os.environ["PATH"] += ":/usr/sbin:/sbin"
        os.execvp("unshare", ["unshare", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount",
                              "--mount-proc", sys.executable] + sys.argv)
    subprocess.run("ip link set lo up; ip -6 route add local fd00:b::/64 dev lo", shell=True,
                   check=True)


def with_broker(work, figures):
    with tempfile.TemporaryDirectory() as directory:
        conf = os.path.join(directory, "broker.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write("listener %d ::1\nallow_anonymous true\nuser root\nset_tcp_nodelay true\n"
                      "log_type error\n" % MQTT)
        broker = subprocess.Popen(["mosquitto", "-c", conf], stderr=subprocess.DEVNULL)
        try:
            until(10, "the broker", lambda: listens(MQTT, "::1"))
            work(figures)
        finally:
            broker.kill()
            broker.wait()


def main():
    as_json = "--json" in sys.argv
    words = [word for word in sys.argv[1:] if word != "--json"]
    bench, build, only = words[0], os.path.abspath(words[1]), words[2:]
    inside()
    figures = Figures(bench, as_json)
    if bench == "protocols":
        with_broker(protocols.run, figures)
        figures.end()
        return
    unknown = [name for name in only if name not in SCENARIOS]
    if unknown:
        sys.exit("bridge.py: no scenario is called %s; there are: %s" % (
            ", ".join(unknown), " ".join(SCENARIOS)))
    for name, scenario in SCENARIOS.items():
        if not only or name in only:
            scenario(figures, build)
    figures.end()


main()
