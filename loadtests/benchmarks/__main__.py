"""`make bench`, or `make bench ONLY=name`: run benchmarks, save figures, fail on a missed bar."""

import importlib
import sys
from pathlib import Path

from loadtests.benchmarks.figures import RESULTS, Figure, save_figures

NOT_BENCHMARKS = {
    *("__init__", "__main__", "figures", "heap_search", "mutations", "road_grid", "servers"),
    *("country_edges", "country_land", "country_net"),
    *("country_plot", "country_roads", "country_towns", "router_times"),
}


def main() -> int:
    """Run the benchmarks named on the command line, or all; gives the exit status."""
    here = Path(__file__).parent
    names = sorted(path.stem for path in here.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    wanted = sys.argv[1:] or names
    unknown = set(wanted) - set(names)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(names)}")
        return 2
    missed: list[Figure] = []
    failed: list[str] = []
    for number, name in enumerate(wanted, start=1):
        print(f"[{number}/{len(wanted)}] {name}", flush=True)
        try:
            figures = importlib.import_module(f"loadtests.benchmarks.{name}").run()
        except FileNotFoundError as fault:
            print(f"  cannot run: {fault}")
            failed.append(name)
            continue
        for figure in figures:
            print(figure.line())
        save_figures(figures)
        missed += [figure for figure in figures if figure.met is False]
    print(f"figures in {RESULTS.relative_to(Path.cwd()) / 'latest.json'}")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
