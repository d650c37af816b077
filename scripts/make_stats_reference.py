#!/usr/bin/env python3
"""Makes harness/stats/reference/*.json: what SciPy and R say, for our statistics to agree with.

The tables are committed, and tests read them; nobody needs SciPy or R to build or test Regatta.
Run this again where a statistic is added, with SciPy 1.11 or newer and Rscript at hand:

    python3 -m venv build/reference && build/reference/bin/pip install scipy
    build/reference/bin/python scripts/make_stats_reference.py

The inputs are drawn with fixed seeds, so that the same versions make the same files. Each says
which versions made it. Exit status: 0 written, 3 SciPy or R is missing.
"""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "harness" / "stats" / "reference"

try:
    import numpy as np
    import scipy
    from scipy import optimize, spatial, stats

    stats.false_discovery_control  # noqa: B018  from 1.11 on
except (ImportError, AttributeError):
    print("make_stats_reference.py: SciPy 1.11 or newer is missing (pip install scipy)")
    sys.exit(3)


def run_r(program):
    """What an R program prints, one number a line."""
    done = subprocess.run(["Rscript", "-e", program], capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def as_r(values):
    return "c(" + ",".join(repr(float(v)) for v in values) + ")"


def rounded(values, digits=4):
    return [round(float(v), digits) for v in values]


def order_statistics():
    """The binomial distribution behind the interval of a median and the sign test."""
    intervals = []
    for n in (1, 2, 5, 6, 7, 10, 17, 20, 40, 100, 333, 1000):
        ranks = [k for k in range(1, n // 2 + 1) if 1 - 2 * stats.binom.cdf(k - 1, n, 0.5) >= 0.95]
        k = max(ranks, default=1)
        confidence = max(0.0, 1 - 2 * stats.binom.cdf(k - 1, n, 0.5))
        intervals.append({"n": n, "rank": k, "confidence": float(confidence)})
    signs = [
        {"above": a, "below": b, "p_value": stats.binomtest(a, a + b).pvalue}
        for a, b in ((6, 0), (9, 1), (3, 3), (2, 8), (17, 8), (60, 40), (700, 800))
    ]
    return {"intervals": intervals, "sign_tests": signs}


def bootstrap():
    """BCa with the replicates that SciPy drew: with the same, endpoints must be the same."""
    random = np.random.default_rng(20)
    samples = {
        "normal": rounded(random.normal(5.0, 1.0, 12)),
        "skewed": rounded(random.lognormal(0.0, 1.0, 20)),
        "ties": [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 9.0],
    }
    cases = []
    for name, values in samples.items():
        for statistic, function in (("mean", np.mean), ("median", np.median)):
            for confidence in (0.9, 0.95):
                found = stats.bootstrap(
                    (np.array(values),),
                    function,
                    confidence_level=confidence,
                    n_resamples=399,
                    method="BCa",
                    random_state=np.random.default_rng(7),
                )
                interval = found.confidence_interval
                if math.isnan(interval.low):
                    continue  # SciPy knows no acceleration where leaving one out changes nothing
                cases.append(
                    {
                        "sample": name,
                        "values": values,
                        "statistic": statistic,
                        "confidence": confidence,
                        "replicates": [float(r) for r in found.bootstrap_distribution],
                        "low": float(interval.low),
                        "high": float(interval.high),
                    }
                )
    return {"cases": cases}


def pairs_of_groups():
    random = np.random.default_rng(3)
    yield "tiny", [1.5, 3.25, 2.0], [4.0, 5.5, 6.75, 7.0]
    yield "one", [2.5], [1.0, 3.0, 4.0]
    yield "apart", rounded(random.normal(0, 1, 8)), rounded(random.normal(2, 1, 10))
    yield "near", rounded(random.normal(0, 1, 15)), rounded(random.normal(0.3, 2, 12))
    yield "large", rounded(random.normal(0, 1, 60)), rounded(random.normal(0.3, 1, 55))
    yield "49", rounded(random.normal(0, 1, 49), 6), rounded(random.normal(0.4, 1, 49), 6)
    yield "ties", [1.0, 2.0, 2.0, 3.0, 3.0, 5.0], [2.0, 3.0, 4.0, 4.0, 5.0, 6.0, 7.0]
    yield "equal", [1.0, 1.0, 1.0], [1.0, 1.0]
    yield "middle", [1.0, 4.0], [2.0, 3.0]


def rank_tests():
    """Mann and Whitney by SciPy; Hodges and Lehmann, which SciPy has not, by R's wilcox.test."""
    tests, shifts = [], []
    for name, a, b in pairs_of_groups():
        tied = len(set(a + b)) < len(a) + len(b)
        exact = not tied and len(a) < 50 and len(b) < 50
        if len(set(a + b)) > 1:
            found = stats.mannwhitneyu(a, b, method="exact" if exact else "asymptotic")
            u, p = float(found.statistic), float(found.pvalue)
        else:
            u, p = len(a) * len(b) / 2, 1.0
        tests.append({"name": name, "a": a, "b": b, "u": u, "p_value": p, "exact": exact})
        if exact:
            low, high, median, confidence = run_r(
                f"a <- {as_r(a)}; b <- {as_r(b)};"
                "t <- suppressWarnings(wilcox.test(a, b, conf.int=TRUE, exact=TRUE));"
                "q <- max(1, qwilcox(0.025, length(a), length(b)));"
                "c <- 1 - 2 * pwilcox(q - 1, length(a), length(b));"
                'cat(sprintf("%.17g\\n", c(t$conf.int, t$estimate, max(0, c))))'
            )
            shifts.append(
                {
                    "name": name,
                    "a": a,
                    "b": b,
                    "median": median,
                    "low": low,
                    "high": high,
                    "confidence": confidence,
                }
            )
    centres = []
    random = np.random.default_rng(4)
    for n in (1, 2, 5, 6, 7, 10, 25, 49):
        values = rounded(random.normal(1.0, 2.0, n), 6)
        low, high, median, confidence = run_r(
            f"x <- {as_r(values)}; n <- length(x);"
            "t <- suppressWarnings(wilcox.test(x, conf.int=TRUE, exact=TRUE));"
            "q <- max(1, qsignrank(0.025, n)); c <- 1 - 2 * psignrank(q - 1, n);"
            'cat(sprintf("%.17g\\n", c(t$conf.int, t$estimate, max(0, c))))'
        )
        centres.append(
            {"values": values, "median": median, "low": low, "high": high, "confidence": confidence}
        )
    return {"mann_whitney": tests, "shifts": shifts, "centres": centres}


def multiple_comparisons():
    random = np.random.default_rng(5)
    families = [
        [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
        + [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0],
        [0.03, 0.04],
        [0.5],
        [0.02, 0.02, 0.02, 0.9, 1.0],
        rounded(random.uniform(0, 1, 40) ** 3, 8),
    ]
    cases = []
    for p in families:
        adjusted = [float(q) for q in stats.false_discovery_control(p)]
        by_r = run_r(f'cat(sprintf("%.17g\\n", p.adjust({as_r(p)}, "BH")))')
        assert np.allclose(adjusted, by_r, rtol=1e-12, atol=0)
        cases.append({"p_values": p, "adjusted": adjusted})
    return {"cases": cases}


def scaled_energy_distance(a, b):
    """From SciPy's energy distance, whose means over pairs count each value with itself too."""
    m, n = len(a), len(b)
    within_a = spatial.distance.pdist(np.array(a)[:, None], "cityblock").sum() * 2 / m**2
    within_b = spatial.distance.pdist(np.array(b)[:, None], "cityblock").sum() * 2 / n**2
    biased = stats.energy_distance(a, b) ** 2
    return m * n / (m + n) * (biased - within_a / (m - 1) - within_b / (n - 1))


def best_split(values, least):
    """Every split at tau with every end kappa, the slow and plain way."""
    best = (-math.inf, 0)
    for tau in range(least, len(values) - least + 1):
        for kappa in range(tau + least, len(values) + 1):
            best = max(best, (scaled_energy_distance(values[:tau], values[tau:kappa]), tau))
    return best


def change_points():
    random = np.random.default_rng(6)
    distances = []
    for m, n, shift, scale in ((2, 2, 0, 1), (5, 3, 1, 1), (20, 30, 0, 1), (12, 12, 0, 4)):
        a = rounded(random.normal(0, 1, m))
        b = rounded(random.normal(shift, scale, n))
        distances.append({"a": a, "b": b, "distance": float(scaled_energy_distance(a, b))})
    planted = {
        "a step": [*random.normal(100, 1, 14), *random.normal(106, 1, 10)],
        "a step taken back": [
            *random.normal(100, 1, 12),
            *random.normal(108, 1, 6),
            *random.normal(100, 1, 12),
        ],
        "another spread": [*random.normal(100, 0.3, 15), *random.normal(100, 6, 15)],
        "near the end": [*random.normal(100, 1, 20), *random.normal(110, 1, 3)],
    }
    splits = []
    for name, values in planted.items():
        values = rounded(values)
        statistic, index = best_split(values, 3)
        splits.append({"name": name, "values": values, "index": index, "statistic": statistic})
    return {"least_stretch": 3, "distances": distances, "first_splits": splits}


def usl(n, rate, sigma, kappa):
    return rate * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))


def usl_fits():
    """curve_fit over throughputs weighed by themselves: the relative deviations are made small."""
    random = np.random.default_rng(8)
    threads = np.array([1.0, 2, 3, 4, 6, 8, 12, 16])
    cases = []
    for rate, sigma, kappa in ((1e6, 0.08, 0.004), (3e5, 0.3, 0.001), (2e7, 0.02, 0.02)):
        seen = np.round(usl(threads, rate, sigma, kappa) * np.exp(random.normal(0, 0.02, 8)), 1)
        found, _ = optimize.curve_fit(
            usl,
            threads,
            seen,
            p0=(seen[0], 0.1, 0.01),
            sigma=seen,
            bounds=(0, np.inf),
            x_scale=(seen[0], 0.1, 0.01),
            ftol=1e-15,
            xtol=1e-15,
            gtol=1e-15,
            max_nfev=100_000,
        )
        cases.append(
            {
                "threads": threads.tolist(),
                "throughput": seen.tolist(),
                "lambda": float(found[0]),
                "sigma": float(found[1]),
                "kappa": float(found[2]),
            }
        )
    return {"cases": cases}


def power():
    """Binomial tails with the chance of one block from the normal distribution."""
    cases = []
    for effect, spread, floor in (
        (0.1, 0.1, 0.0),
        (0.1, 0.1, 0.05),
        (0.05, 0.03, 0.02),
        (0.5, 0.01, 0.05),
        (-0.2, 0.3, 0.1),
    ):
        for blocks in (4, 5, 6, 10, 25, 80):
            ranks = [
                k
                for k in range(1, blocks // 2 + 1)
                if 1 - 2 * stats.binom.cdf(k - 1, blocks, 0.5) >= 0.95
            ]
            k = max(ranks, default=1)
            confidence = 1 - 2 * stats.binom.cdf(k - 1, blocks, 0.5)
            size = abs(effect)
            above = stats.norm.cdf(size / spread)
            beyond = stats.norm.cdf((size - math.log1p(floor)) / spread)
            # At most k - 1 blocks below 0, and more than half of all beyond the floor.
            both = sum(
                stats.multinomial.pmf(
                    [below, between, blocks - below - between],
                    blocks,
                    [1 - above, above - beyond, beyond],
                )
                for below in range(k)
                for between in range(blocks - blocks // 2 - below)
            )
            cases.append(
                {
                    "effect": effect,
                    "spread": spread,
                    "floor": floor,
                    "blocks": blocks,
                    "power": float(both) if confidence >= 0.9 else 0.0,
                }
            )
    return {"cases": cases}


TABLES = {
    "bootstrap": bootstrap,
    "change_points": change_points,
    "multiple_comparisons": multiple_comparisons,
    "order_statistics": order_statistics,
    "power": power,
    "rank_tests": rank_tests,
    "usl_fit": usl_fits,
}


def main():
    if not shutil.which("Rscript"):
        print("make_stats_reference.py: Rscript is missing (r-base-core)", file=sys.stderr)
        return 3
    r_version = subprocess.run(
        ["Rscript", "-e", "cat(as.character(getRversion()))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    made_by = {"scipy": scipy.__version__, "numpy": np.__version__, "R": r_version}
    FOLDER.mkdir(exist_ok=True)
    for name, make in TABLES.items():
        text = json.dumps({"made_by": made_by, **make()}, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
