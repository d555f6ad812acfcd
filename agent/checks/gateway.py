"""Probes the next router: the check finds it by itself."""

from typing import Annotated, Literal

from agent.checks import Reading, SimpleCheck, about
from agent.checks.net.probing import OtherwiseTcp, ProbeConfig, read
from agent.checks.net.routes import Route, default_routes
from agent.checks.reading.asking import FAILURES, failed
from agent.checks.reading.times import for_reading


class Config(ProbeConfig, frozen=True, kw_only=True, tag="gateway"):
    """Probes the default route's gateway as ``ping`` does."""

    port: OtherwiseTcp = 80
    interface: Annotated[
        str, about("of the default route (Windows: its own IP); empty for the one in use", "eth0")
    ] = ""
    family: Annotated[
        Literal["any", "ipv4", "ipv6"], about("which default route; any: IPv4's first", "ipv6")
    ] = "any"


class Check(SimpleCheck[Config]):
    """A gateway that answers is ``ok``; none, or a silent one, is ``critical``."""

    def read(self) -> Reading:
        """Find the gateway, and probe it."""
        config = self._config
        deadline = for_reading(config.timeout_s)
        try:
            routes = [route for route in default_routes(deadline) if self._is_meant(route)]
        except FAILURES as error:
            state, words, _ = failed(error)
            return Reading(state, f"the routes can not be read: {words}")
        if not routes:
            over = f" over {config.interface}" if config.interface else ""
            return Reading("critical", f"no default route{over}")
        gateway = routes[0].gateway
        if gateway is None:
            link = routes[0].interface
            return Reading("unknown", f"the default route over {link} names no gateway to ask")
        state, detail, values = read(config, gateway, deadline)
        return Reading(state, f"{gateway}: {detail}", values)

    def _is_meant(self, route: Route) -> bool:
        config = self._config
        is_family = config.family == "any" or route.is_v6 == (config.family == "ipv6")
        return is_family and config.interface in {"", route.interface}
