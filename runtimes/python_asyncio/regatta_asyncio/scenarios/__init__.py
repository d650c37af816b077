"""Regatta's workloads as an asyncio programmer writes them.

What each one does, its parameters and its answer are those of the header of that name in Regatta's
folder scenarios.
"""

from regatta_asyncio.scenarios.chained_spawn import ChainedSpawn
from regatta_asyncio.scenarios.channel import Channel
from regatta_asyncio.scenarios.channel_backpressure import ChannelBackpressure
from regatta_asyncio.scenarios.channel_latency import ChannelLatency
from regatta_asyncio.scenarios.channel_ring import ChannelRing
from regatta_asyncio.scenarios.join import Join
from regatta_asyncio.scenarios.join_cpu import JoinCpu
from regatta_asyncio.scenarios.ping_pong import PingPong
from regatta_asyncio.scenarios.proxy import Proxy
from regatta_asyncio.scenarios.scenario import Scenario, Unsupported
from regatta_asyncio.scenarios.skynet import Skynet
from regatta_asyncio.scenarios.spawn import Spawn
from regatta_asyncio.scenarios.yield_ import Yield

__all__ = ["SCENARIOS", "Scenario", "Unsupported"]

SCENARIOS: dict[str, type[Scenario]] = {
    "chained_spawn": ChainedSpawn,
    "channel": Channel,
    "channel_backpressure": ChannelBackpressure,
    "channel_latency": ChannelLatency,
    "channel_ring": ChannelRing,
    "join": Join,
    "join_cpu": JoinCpu,
    "ping_pong": PingPong,
    "proxy": Proxy,
    "skynet": Skynet,
    "spawn": Spawn,
    "yield": Yield,
}
