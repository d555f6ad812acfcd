"""Write every dashboard as JSON: ``python -m deploy.grafana [--page URL] [--into FOLDER]``."""

import argparse
from pathlib import Path

from deploy.grafana.assembly import PAGE, generate

GENERATED = Path(__file__).parent / "generated"


def main() -> None:
    """Write one file for each module in ``dashboards/``."""
    parser = argparse.ArgumentParser(prog="python -m deploy.grafana", description=__doc__)
    parser.add_argument("--page", default=PAGE, help="the aggregator's external URL, for links")
    parser.add_argument("--into", type=Path, default=GENERATED, help="the folder of the JSON files")
    options = parser.parse_args()
    for name, text in generate(options.page.rstrip("/")).items():
        (options.into / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
