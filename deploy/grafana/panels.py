"""Panels of five forms: a number, tiles, lines, a timeline of states, a table.

Every panel has a title, a description in plain words, and a width in columns of Grafana's 24. Units
are Grafana's names. A row's height is that of its panels.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from grafana_foundation_sdk.models import common, stat, statetimeline, table, timeseries, units
from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DashboardLink,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColor,
    FieldColorModeId,
    FieldConfig,
    FieldConfigSource,
    GridPos,
    MatcherConfig,
    Panel,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
)
from grafana_foundation_sdk.models.prometheus import Dataquery, PromQueryFormat

from deploy.grafana import states
from deploy.grafana.links import Link, host_links, incident_links, venue_links

DATASOURCE = DataSourceRef("prometheus", "${datasource}")

COUNT, SECONDS, BYTES, BITS = units.Short, units.Seconds, units.BytesIEC, units.BitsPerSecondSI
RATIO, PER_SECOND, CELSIUS = units.PercentUnit, units.CountsPerSecond, units.Celsius

CHECK_INTERVAL = "1m"
"""The least step of counters of checks: ``$__rate_interval`` is then 4 min or more.

That is 4 x ``every_s`` of a check that is read each minute; the default is 30 s.
"""


class Query(NamedTuple):
    """A query, and the legend of its series. ``interval``: the least step, e.g. ``1m``."""

    expr: str
    legend: str = ""
    interval: str = ""


class Limits(NamedTuple):
    """Limits beyond which a value is yellow, or red; ``is_low``: it is below them."""

    warning: float
    critical: float
    is_low: bool = False


BUSY, FULL = Limits(0.8, 0.95), Limits(0.75, 0.97)
"""Limits of what is used of a CPU or a memory, and of a disk: red where it is an alert."""


class Column(NamedTuple):
    """A column of a table: its query, and its look; ``of``: labels of the query to be shown."""

    name: str
    expr: str
    unit: str = COUNT
    mapping: dict[str, str] | None = None
    limits: Limits | None = None
    of: Sequence[str] = ()


def number(  # noqa: PLR0913 - a panel has so many parts
    title: str,
    about: str,
    *queries: Query,
    unit: str = COUNT,
    limits: Limits | None = None,
    mapping: dict[str, str] | ValueMap | None = None,
    links: Sequence[Link] = (),
    width: int = 4,
    height: int = 4,
) -> Panel:
    """Return a panel of one number, or few, as they are now."""
    panel = _panel("stat", title, about, queries, (width, height), is_instant=True)
    panel.options = stat.Options(
        graph_mode=common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.BACKGROUND
        if mapping
        else common.BigValueColorMode.VALUE,
        text_mode=common.BigValueTextMode.VALUE_AND_NAME
        if any(query.legend for query in queries)
        else common.BigValueTextMode.VALUE,
        reduce_options=common.ReduceDataOptions(calcs=["lastNotNull"]),
    )
    panel.field_config = _fields(unit, limits, mapping, links)
    return panel


def tiles(  # noqa: PLR0913 - a panel has so many parts
    title: str,
    about: str,
    query: Query,
    *,
    mapping: dict[str, str],
    links: Sequence[Link] = (),
    width: int = 24,
    height: int = 7,
) -> Panel:
    """Return a panel of one coloured tile a series, the worst first."""
    ordered = query._replace(expr=f"sort_desc(\n{query.expr}\n)")
    return number(title, about, ordered, mapping=mapping, links=links, width=width, height=height)


def lines(  # noqa: PLR0913 - a panel has so many parts
    title: str,
    about: str,
    *queries: Query,
    unit: str = COUNT,
    limits: Limits | None = None,
    links: Sequence[Link] = (),
    is_stacked: bool = False,
    top: float | None = None,
    colors: dict[str, str] | None = None,
    width: int = 12,
    height: int = 8,
) -> Panel:
    """Return a panel of lines over time; ``top``: the axis ends there; ``colors`` by legend."""
    panel = _panel("timeseries", title, about, queries, (width, height))
    panel.options = timeseries.Options(
        legend=common.VizLegendOptions(
            display_mode=common.LegendDisplayMode.TABLE,
            placement=common.LegendPlacement.BOTTOM,
            show_legend=True,
            calcs=["lastNotNull", "max"],
            sort_by="Max",
            sort_desc=True,
        ),
        tooltip=common.VizTooltipOptions(
            mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING
        ),
    )
    fields = _fields(unit, limits, None, links)
    fields.defaults.color = FieldColor(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    fields.defaults.custom = timeseries.FieldConfig(
        fill_opacity=40 if is_stacked else 5,
        show_points=common.VisibilityMode.NEVER,
        stacking=common.StackingConfig(common.StackingMode.NORMAL) if is_stacked else None,
        thresholds_style=common.GraphThresholdsStyleConfig(
            common.GraphThresholdsStyleMode.DASHED
            if limits
            else common.GraphThresholdsStyleMode.OFF
        ),
        axis_soft_min=0,
    )
    fields.defaults.max_val = top
    fields.overrides += [
        _override(name, {"color": {"mode": "fixed", "fixedColor": color}})
        for name, color in (colors or {}).items()
    ]
    panel.field_config = fields
    return panel


def timeline(
    title: str,
    about: str,
    *queries: Query,
    mapping: dict[str, str],
    links: Sequence[Link] = (),
    width: int = 24,
    height: int = 9,
) -> Panel:
    """Return a panel of states over time, a row a series."""
    panel = _panel("state-timeline", title, about, queries, (width, height))
    panel.options = statetimeline.Options(
        show_value=common.VisibilityMode.NEVER,
        merge_values=True,
        legend=common.VizLegendOptions(
            display_mode=common.LegendDisplayMode.LIST,
            placement=common.LegendPlacement.BOTTOM,
            show_legend=True,
        ),
        tooltip=common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE),
        per_page=40,
    )
    panel.field_config = _fields(COUNT, None, mapping, links)
    panel.field_config.defaults.custom = statetimeline.FieldConfig(fill_opacity=80, line_width=0)
    return panel


def ranked(  # noqa: PLR0913 - a panel has so many parts
    title: str,
    about: str,
    labels: Sequence[str],
    *columns: Column,
    by: str = "",
    is_ascending: bool = False,
    width: int = 24,
    height: int = 10,
) -> Panel:
    """Return a table with a row for each set of ``labels``, sorted ``by`` a column (the first)."""
    queries = [Query(column.expr) for column in columns]
    panel = _panel("table", title, about, queries, (width, height), is_instant=True, is_table=True)
    panel.options = table.Options(
        show_header=True,
        sort_by=[common.TableSortByFieldState(by or columns[0].name, not is_ascending)],
    )
    values = [f"Value #{_ref(at)}" for at in range(len(columns))] if len(columns) > 1 else ["Value"]
    order = [*labels]
    for column, value in zip(columns, values, strict=True):
        order += column.of or [value]
    hidden = [value for column, value in zip(columns, values, strict=True) if column.of]
    panel.transformations = [
        _transformation("filterFieldsByName", include={"pattern": "^(?!Time$).*"}),
        _transformation("merge"),
        _transformation(
            "organize",
            excludeByName=dict.fromkeys(hidden, True),
            indexByName={name: at for at, name in enumerate(order)},
            renameByName={
                value: column.name
                for column, value in zip(columns, values, strict=True)
                if not column.of
            },
        ),
    ]
    panel.field_config = _fields(COUNT, None, None, ())
    panel.field_config.defaults.custom = table.FieldConfig(
        filterable=True, cell_options=common.TableAutoCellOptions()
    )
    panel.field_config.overrides = [*_label_links(labels), *map(_look, columns)]
    return panel


def _panel(  # noqa: PLR0913 - a panel has so many parts
    kind: str,
    title: str,
    about: str,
    queries: Iterable[Query],
    size: tuple[int, int],
    *,
    is_instant: bool = False,
    is_table: bool = False,
) -> Panel:
    width, height = size
    targets = [
        Dataquery(
            expr=query.expr,
            ref_id=_ref(at),
            instant=is_instant,
            range_val=not is_instant,
            legend_format=query.legend or None,
            format_val=PromQueryFormat.TABLE if is_table else PromQueryFormat.TIME_SERIES,
            interval=query.interval or None,
            datasource=DATASOURCE,
        )
        for at, query in enumerate(queries)
    ]
    return Panel(
        type_val=kind,
        title=title,
        description=about,
        datasource=DATASOURCE,
        targets=[*targets],
        grid_pos=GridPos(h=height, w=width),
    )


def _fields(
    unit: str,
    limits: Limits | None,
    mapping: dict[str, str] | ValueMap | None,
    links: Sequence[Link],
) -> FieldConfigSource:
    maps = [mapping] if isinstance(mapping, ValueMap) else _maps(mapping)
    return FieldConfigSource(
        FieldConfig(
            unit=unit,
            mappings=[*maps] or None,
            thresholds=_thresholds(limits),
            color=FieldColor(FieldColorModeId.THRESHOLDS),
            links=[_data_link(link) for link in links] or None,
        )
    )


def _maps(mapping: dict[str, str] | None) -> list[ValueMap]:
    return [states.mapping(mapping)] if mapping else []


def _thresholds(limits: Limits | None) -> ThresholdsConfig:
    steps = [Threshold(None, states.GREEN)]
    if limits is not None and limits.is_low:
        steps = [
            Threshold(None, states.RED),
            Threshold(limits.critical, states.ORANGE),
            Threshold(limits.warning, states.GREEN),
        ]
    elif limits is not None:
        steps += [Threshold(limits.warning, states.ORANGE), Threshold(limits.critical, states.RED)]
    return ThresholdsConfig(ThresholdsMode.ABSOLUTE, steps)


def _data_link(link: Link) -> DashboardLink:
    return DashboardLink(
        title=link.title,
        type_val=DashboardLinkType.LINK,
        url=link.url,
        target_blank=link.is_outside,
    )


def _transformation(name: str, **options: object) -> DataTransformerConfig:
    return DataTransformerConfig(id_val=name, options=options)


def _override(field: str, properties: dict[str, Any]) -> DashboardFieldConfigSourceOverrides:
    return DashboardFieldConfigSourceOverrides(
        MatcherConfig("byName", field),
        [DynamicConfigValue(name, value) for name, value in properties.items()],
    )


def _look(column: Column) -> DashboardFieldConfigSourceOverrides:
    look: dict[str, Any] = {"unit": column.unit}
    if column.mapping or column.limits:
        look["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
    if column.mapping:
        look["mappings"] = _maps(column.mapping)
    if column.limits:
        look["thresholds"] = _thresholds(column.limits)
    return _override(column.name, look)


def _label_links(labels: Sequence[str]) -> list[DashboardFieldConfigSourceOverrides]:
    fields = "__data.fields"
    ways = {
        "venue": venue_links(fields),
        "host": host_links(fields),
        "incident": incident_links(fields),
    }
    return [
        _override(
            label,
            {
                "links": [
                    {"title": link.title, "url": link.url, "targetBlank": link.is_outside}
                    for link in ways[label]
                ]
            },
        )
        for label in labels
        if label in ways
    ]


def _ref(at: int) -> str:
    return chr(ord("A") + at)
