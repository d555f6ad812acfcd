"""A player on a clock of the tests, with scenarios that take their time and break nothing."""

from collections.abc import Callable

from aggregator.inventory import HostEntry, Inventory, VenueEntry
from tests.rehearsal.playing.virtual import Hands
from tests.rehearsal.runfile.scenarios import expectation, scenario
from venuewatch.rehearsal.live.health import Health
from venuewatch.rehearsal.playing.live import ActPhase, Ending
from venuewatch.rehearsal.playing.player import Means, Player
from venuewatch.rehearsal.playing.sitting import isolation_of
from venuewatch.rehearsal.playing.turns import Turns
from venuewatch.rehearsal.runfile.file import RunFile
from venuewatch.rehearsal.scenario import Order, Scenario

VENUES = tuple(f"V{number}" for number in range(39))
FLEET = Inventory(
    tuple(
        VenueEntry(code, host=tuple(HostEntry(f"{code}-{at}") for at in range(7)))
        for code in VENUES
    )
)
LOOK_S = 1.2
OVER_S = 8.0
WELL = Health(frozenset(), frozenset())


def hit(number: int, venue: str, *, lasts_s: float, whole: bool = False) -> Scenario:
    """Return one that hits a host of a venue, or all of it."""
    target = f"venue:{venue}" if whole else f"host:{venue}/{venue}-1"
    order = Order(
        step="off",
        at_s=number % 7 * 0.4,
        fault="uplink_cut" if whole else "agent_killed",
        targets=(target,),
        lasts_s=lasts_s,
    )
    expected = (expectation(target),)
    return scenario(number, venues=(venue,), orders=(order,), expected=expected)


def quiet(number: int, venue: str) -> Scenario:
    """Return one in which nothing is done."""
    return scenario(number, venues=(venue,), orders=(), expected=())


class Acted:
    """A scenario that takes its time and breaks nothing."""

    def __init__(self, played: Scenario, hands: Hands) -> None:
        self.scenario = played
        self.phase: ActPhase = "looking"
        self.ending = Ending("ended", "")
        self.began_at: float | None = None
        self._hands = hands
        orders = played.orders
        self.lasts_s = OVER_S + max((each.at_s + each.lasts_s for each in orders), default=20.0)

    def look(self) -> None:
        self._hands.takes_s["look"] = LOOK_S
        self._hands.do("look", lambda: None, lambda _done: self._looked())

    def _looked(self) -> None:
        self.phase = "ready"

    def begin(self, now: float) -> None:
        self.began_at, self.phase = now, "playing"

    def step(self, now: float, health: tuple[float, Health]) -> None:
        del health
        if self.began_at is not None and now >= self.began_at + self.lasts_s:
            self.phase = "over"

    def wants_health(self, now: float) -> bool:
        return self.began_at is not None and now >= self.began_at + self.lasts_s - 1.0

    def spoil(self, reason: str, now: float) -> None:
        del now
        if self.began_at is not None:
            self.ending = Ending("ended", reason)


class Stage:
    """A player, its clock, and the acts that it has made."""

    def __init__(self, file: RunFile, scenarios: list[Scenario]) -> None:
        self.file = file
        self.hands = Hands()
        self.acts: list[Acted] = []
        self.health = WELL
        self.refusal = ""
        self.meanwhile: tuple[float, Callable[[], None]] | None = None
        self.asked = 0
        self.said: list[str] = []
        self.isolation = isolation_of(FLEET)
        self.turns = Turns(scenarios, self.isolation)

    def play(self) -> None:
        means = Means(
            self.hands,
            self._act_of,
            self._ask,
            self._refused,
            lambda: self.hands.now,
            self.said.append,
        )
        Player(self.file, "a world", means, self.turns, self.isolation).play(lambda _: None)

    def at_once(self) -> int:
        """Return how many were played at once at most, from when each really began."""
        spans = [(act.began_at or 0.0, (act.began_at or 0.0) + act.lasts_s) for act in self.acts]
        return max(sum(begin <= at < end for begin, end in spans) for at, _ in spans)

    def states(self) -> set[str]:
        return {each.state for each in self.file.scenarios()}

    def _act_of(self, played: Scenario) -> Acted:
        self.acts.append(Acted(played, self.hands))
        return self.acts[-1]

    def _refused(self) -> str:
        """Say what the guardian says; what happens meanwhile happens here."""
        if self.meanwhile is not None and self.hands.now >= self.meanwhile[0]:
            (_, do), self.meanwhile = self.meanwhile, None
            do()
        return self.refusal

    def _ask(self) -> Health:
        self.asked += 1
        return self.health
