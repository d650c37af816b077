"""Regatta's workloads as an asyncio programmer writes them.

What each one does, its parameters and its answer are those of the header of that name in Regatta's
folder scenarios.
"""

from regatta_asyncio.scenarios.accept import Accept
from regatta_asyncio.scenarios.blocking import Blocking
from regatta_asyncio.scenarios.bytes_ import Bytes
from regatta_asyncio.scenarios.cancel_read import CancelRead
from regatta_asyncio.scenarios.cancel_storm import CancelStorm
from regatta_asyncio.scenarios.chained_spawn import ChainedSpawn
from regatta_asyncio.scenarios.channel import Channel
from regatta_asyncio.scenarios.channel_backpressure import ChannelBackpressure
from regatta_asyncio.scenarios.channel_latency import ChannelLatency
from regatta_asyncio.scenarios.channel_ring import ChannelRing
from regatta_asyncio.scenarios.connect_churn import ConnectChurn
from regatta_asyncio.scenarios.echo import Echo
from regatta_asyncio.scenarios.fairness import Fairness
from regatta_asyncio.scenarios.fan_out import FanOut
from regatta_asyncio.scenarios.fib import Fib
from regatta_asyncio.scenarios.file_read import FileRead
from regatta_asyncio.scenarios.frame_size import FrameSize
from regatta_asyncio.scenarios.join import Join
from regatta_asyncio.scenarios.join_cpu import JoinCpu
from regatta_asyncio.scenarios.memory import Memory
from regatta_asyncio.scenarios.nqueens import NQueens
from regatta_asyncio.scenarios.ping_pong import PingPong
from regatta_asyncio.scenarios.proxy import Proxy
from regatta_asyncio.scenarios.scaling import Scaling
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported
from regatta_asyncio.scenarios.select import Select
from regatta_asyncio.scenarios.shutdown import Shutdown
from regatta_asyncio.scenarios.skynet import Skynet
from regatta_asyncio.scenarios.sleep_many import SleepMany
from regatta_asyncio.scenarios.spawn import Spawn
from regatta_asyncio.scenarios.spawn_blocking import SpawnBlocking
from regatta_asyncio.scenarios.spawn_many import SpawnMany
from regatta_asyncio.scenarios.startup import Startup
from regatta_asyncio.scenarios.stream import Stream
from regatta_asyncio.scenarios.timeout import Timeout
from regatta_asyncio.scenarios.timer_lateness import TimerLateness
from regatta_asyncio.scenarios.timers import Timers
from regatta_asyncio.scenarios.wake import Wake
from regatta_asyncio.scenarios.yield_ import Yield

__all__ = ["MISSING", "SCENARIOS", "Scenario", "Unsupported"]

SCENARIOS: dict[str, type[Scenario]] = {
    "accept": Accept,
    "blocking": Blocking,
    "bytes": Bytes,
    "cancel_read": CancelRead,
    "cancel_storm": CancelStorm,
    "chained_spawn": ChainedSpawn,
    "channel": Channel,
    "channel_backpressure": ChannelBackpressure,
    "channel_latency": ChannelLatency,
    "channel_ring": ChannelRing,
    "connect_churn": ConnectChurn,
    "echo": Echo,
    "fairness": Fairness,
    "fan_out": FanOut,
    "fib": Fib,
    "file_read": FileRead,
    "frame_size": FrameSize,
    "join": Join,
    "join_cpu": JoinCpu,
    "memory": Memory,
    "nqueens": NQueens,
    "ping_pong": PingPong,
    "proxy": Proxy,
    "scaling": Scaling,
    "select": Select,
    "shutdown": Shutdown,
    "skynet": Skynet,
    "sleep_many": SleepMany,
    "spawn": Spawn,
    "spawn_blocking": SpawnBlocking,
    "spawn_many": SpawnMany,
    "startup": Startup,
    "stream": Stream,
    "timeout": Timeout,
    "timer_lateness": TimerLateness,
    "timers": Timers,
    "wake": Wake,
    "yield": Yield,
}

# Why the others are not here.
MISSING: dict[str, str] = {
    "binary_size": "there is no program to measure: Python interprets a text",
}
