"""Voids: why a scenario says nothing about the monitor. Only stage and witness can say so.

A monitor that is not well, or that says nothing, makes no scenario void.
"""

from venuewatch.rehearsal.runfile.rows import Phase, Sees
from venuewatch.rehearsal.score.evidence import Evidence, Judged, StepTimes
from venuewatch.rehearsal.score.result import Verdict

_UNPLAYED = {"waiting": "not played", "begun": "still played"}
_BROKEN_OFF = {"interrupted": "interrupted and not played again", "aborted": "aborted"}


def unjudged(scenario: Judged, evidence: Evidence) -> tuple[Verdict, str] | None:
    """Return that a scenario is void or not judged, and why; None where it is to be judged."""
    if evidence.state in _UNPLAYED:
        return "not_judged", _UNPLAYED[evidence.state]
    reasons = [_BROKEN_OFF.get(evidence.state, ""), evidence.void_reason]
    reasons += [f"{one.by}: not well" for one in evidence.unwell if one.by != "monitor"]
    reasons += [_not_true(target.step, evidence) for target in scenario.targets]
    return next((("void", reason) for reason in reasons if reason), None)


def not_mended(step: str, evidence: Evidence) -> str:
    """Return why it is not known that a step was mended, empty where it is."""
    if evidence.steps.get(step, StepTimes()).ended_at is None:
        return f"step {step} was not ended"
    after = _sights(step, "after", evidence)
    if not after or after[-1] not in {"healed", "no_effect"}:
        return f"the witness did not see step {step} healed"
    return ""


def _not_true(step: str, evidence: Evidence) -> str:
    """Return why it is not known that a step was made true, empty where it is."""
    if evidence.steps.get(step, StepTimes()).began_at is None:
        return f"step {step} did not begin"
    before, during = _sights(step, "before", evidence), _sights(step, "during", evidence)
    if "effect" in before:
        return f"the witness saw step {step} before it began"
    if "no_effect" not in before and "healed" not in before:
        return f"the witness could not see step {step} before it began"
    if "effect" in during:
        return ""
    is_blind = not during or set(during) == {"cant_see"}
    return f"the witness {'could' if is_blind else 'did'} not see step {step}"


def _sights(step: str, phase: Phase, evidence: Evidence) -> list[Sees]:
    """Return what the witness of a step saw in a phase, by time."""
    return [one.sees for one in evidence.sights if one.step == step and one.phase == phase]
