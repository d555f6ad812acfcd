"""Variables of the dashboards, and the selectors that use them.

Every venue, host or check at once is ``.+``, so that a query is as short for 39 venues as for one.
"""

from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
    VariableType,
)

from deploy.grafana.panels import DATASOURCE

JOB = 'job="$job"'
VENUE = f'{JOB},venue=~"$venue"'
HOST = f'{VENUE},host=~"$host"'
CHECK = f'{HOST},check=~"$check"'
VITALS_OF_VENUE = 'job="$node_job",venue=~"$venue"'
VITALS = f'{VITALS_OF_VENUE},host=~"$host"'

_ALL = ".+"


def incidents(*names: str) -> str:
    """Return the selector of incidents by these variables.

    An incident of a venue has no host, one of the monitor no venue: these are always selected.
    """
    return JOB + "".join(f',{name}=~"${name}|"' for name in names)


def datasource() -> VariableModel:
    """Return the choice of a Prometheus."""
    return VariableModel(
        name="datasource",
        label="Prometheus",
        type_val=VariableType.DATASOURCE,
        query="prometheus",
        refresh=VariableRefresh.ON_DASHBOARD_LOAD,
    )


def job(name: str, label: str, metric: str, usual: str) -> VariableModel:
    """Return the choice of a scrape job that has ``metric``; ``usual`` is its shipped name."""
    variable = _query(name, label, f"label_values({metric}, job)")
    variable.current = VariableOption(selected=True, text=usual, value=usual)
    return variable


def page(url: str) -> VariableModel:
    """Return the aggregator's external URL, a constant."""
    return VariableModel(
        name="page",
        type_val=VariableType.CONSTANT,
        hide=VariableHide.HIDE_VARIABLE,
        query=url,
        current=VariableOption(selected=True, text=url, value=url),
        skip_url_sync=True,
    )


def one(name: str, label: str, values: str) -> VariableModel:
    """Return the choice of one of these ``values``."""
    return _query(name, label, values)


def several(name: str, label: str, values: str) -> VariableModel:
    """Return the choice of some of these ``values``; at first all."""
    variable = _query(name, label, values)
    variable.multi = True
    variable.include_all = True
    variable.all_value = _ALL
    variable.current = VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable


VENUES = f"label_values(venuewatch_venue_up{{{JOB}}}, venue)"
HOSTS = f"label_values(venuewatch_host_up{{{VENUE}}}, host)"
CHECKS = f"label_values(venuewatch_check_up{{{HOST}}}, check)"
FEEDS = f"label_values(venuewatch_results_state{{{HOST}}}, check)"
FEED_HOSTS = f"label_values(venuewatch_results_state{{{VENUE}}}, host)"
AGGREGATORS = f"label_values(venuewatch_aggregator_build_info{{{JOB}}}, instance)"


def _query(name: str, label: str, values: str) -> VariableModel:
    return VariableModel(
        name=name,
        label=label,
        type_val=VariableType.QUERY,
        query=values,
        datasource=DATASOURCE,
        refresh=VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=VariableSort.ALPHABETICAL_ASC,
    )
