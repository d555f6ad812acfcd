"""Write the tables of ``docs/results.md`` from the profiles: ``python docs/make_results.py``."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.checks import profiles
from agent.checks.profiles import Profile
from agent.checks.streams.settings import plan_of

TARGET = Path(__file__).parent / "results.md"
BEGIN, END = "<!-- profiles -->\n", "<!-- end of profiles -->\n"

_WORDS: Mapping[str, str] = {
    "silent": "it stops",
    "frozen": "it hangs",
    "cut": "it is cut off",
    "garbage": "garbage",
}
_CALM = ("flowing", "not_expected")
_MINUTE_S = 60


def text() -> str:
    """Return the whole page: what stands between the two marks is made anew."""
    page = TARGET.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made()}\n{END}{after}"


def made() -> str:
    """Return the table of all profiles, and a section for each."""
    known = {name: profiles.load(name) for name in profiles.names()}
    rows = [_row(name, profile) for name, profile in known.items()]
    head = ["| profile | system | life | progress | we see |", "|---|---|---|---|---|"]
    sections = [part for name, profile in known.items() for part in _section(name, profile)]
    return "\n".join([*head, *rows, "", *sections])


def _row(name: str, profile: Profile) -> str:
    about = profile.about
    cells = (f"[`{name}`](#{name})", about.system, about.life, about.progress, seen(profile))
    return f"| {' | '.join(cells)} |"


def seen(profile: Profile) -> str:
    """Return what a check says of all that can happen, and what it does not see."""
    states = msgspec.structs.asdict(profile.about.sees)
    by_state: dict[str, list[str]] = {}
    for thing, words in _WORDS.items():
        by_state.setdefault(states[thing], []).append(words)
    said = [
        f"{', '.join(things)}: `{state}`{_after(profile, state)}"
        for state, things in by_state.items()
        if state not in _CALM
    ]
    if unseen := [words for state in _CALM for words in by_state.get(state, ())]:
        said.append(f"**not seen**: {', '.join(unseen)}")
    if states["between_heats"] != "flowing":
        said.append(f"between heats: `{states['between_heats']}`")
    return "; ".join(said)


def _after(profile: Profile, state: str) -> str:
    """Return after what time a state is said, "" where it depends."""
    plan = plan_of(profile.check)
    rests = [limit for limit in (plan.clock_rests_s, plan.number_rests_s) if limit is not None]
    limit_s = plan.silence_limit_s if state == "silent" else min(rests, default=0.0)
    if state not in {"silent", "frozen"}:
        return ""
    is_long = limit_s > 2 * _MINUTE_S
    return f" after {limit_s / _MINUTE_S:g} min" if is_long else f" after {limit_s:g} s"


def _section(name: str, profile: Profile) -> list[str]:
    about = profile.about
    return [
        f"### {name}",
        "",
        f"{about.system}.",
        "",
        "```toml",
        "[[check]]",
        'kind = "stream"',
        f'name = "{name.replace("_", "-")}"',
        f'profile = "{name}"',
        about.give,
        "```",
        "",
        f"Not seen: {about.cannot_see}",
        "",
        f"Known from: {about.source}.",
        "",
    ]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
