"""Makes the runs that the report is tested with, and what NumPy says of them.

    python make_sweep.py     (Python 3.11, NumPy 2.0, SciPy 1.14; no other input)

sweep.json     the files of run folders by their paths, of runs that nobody trained: predictions are labels with errors
               that are drawn
expected.json  means, deviations and bootstrap intervals by NumPy, of as many replicates that the intervals hardly differ
               from those of other random numbers
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

HERE = Path(__file__).parent
ROWS = 120
REPLICATES = 40_000
SEEDS = [1, 2, 3]
rng = np.random.default_rng(7)
labels = (rng.random(ROWS) < 0.66).astype(int)
hard = rng.random(ROWS)  # rows that are hard for all models


def settings(method, seed, bits="2-8-8", epochs=2, rho=0.01, alternation="within"):
    quantized = method != "FP"
    return {
        "task": "MRPC",
        "trainHash": "a1" * 32,
        "devHash": "b2" * 32,
        "model": "c3" * 32,
        "choice": {"tags": None, "signature": None, "inputs": {}},
        "casing": "UNCASED",
        "method": method,
        "bits": bits,
        "levels": None,
        "granularity": "TENSOR",
        "alternation": alternation,
        "rho": rho,
        "floatEpochs": 2,
        "epochs": epochs if quantized else 0,
        "batch": 16,
        "maxLength": 48,
        "optimizer": {
            "learningRate": 5e-5,
            "stepLearningRate": 1e-3,
            "weightDecay": 0.01,
            "warmup": 0.1,
            "clip": 1.0,
            "dropout": 0.1,
        },
        "seed": seed,
    }


def predict(error):
    wrong = rng.random(ROWS) < error * 2 * hard
    return np.where(wrong, 1 - labels, labels)


def f1(p, y):
    tp, fp, fn = np.sum((p == 1) & (y == 1)), np.sum((p == 1) & (y == 0)), np.sum((p == 0) & (y == 1))
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0


def accuracy(p, y):
    return np.mean(p == y)


METRICS = {"F1": f1, "accuracy": accuracy}
files = {}
runs = {}


def add(folder, run, errors, steps=8, last=True):
    quantized = run["method"] != "FP"
    stage = "quantized" if quantized else "float"
    files[f"{folder}/settings.json"] = json.dumps(run)
    files[f"{folder}/data.json"] = json.dumps(
        {"trainRows": 64, "devRows": ROWS, "medianTokens": 20, "longTokens": 40, "mostTokens": 48}
    )
    lines = []
    predictions = []
    scores = []
    for epoch, error in enumerate(errors, 1):
        for step in range((epoch - 1) * steps, epoch * steps):
            if quantized and step % 5 == 0:
                lines.append({"step": step, "quantizers": quantizers(step)})
            lines.append({"step": step + 1, "loss": round(0.7 / (1 + 0.05 * step) + 0.01 * run["seed"], 6), "learningRate": 5e-5})
        p = predict(error)
        predictions.append(p)
        scores.append({"epoch": epoch, "metrics": {n: float(m(p, labels)) for n, m in METRICS.items()}})
        lines.append({"step": epoch * steps, "epoch": epoch, "dev": scores[-1]["metrics"]})
        files[f"{folder}/{stage}/dev-predictions-{epoch}.txt"] = "".join(f"{float(x)}\n" for x in p)
    files[f"{folder}/{stage}/metrics.jsonl"] = "".join(json.dumps(line) + "\n" for line in lines)
    if not last:  # killed: no result
        return
    files[f"{folder}/dev-labels.txt"] = "".join(f"{float(x)}\n" for x in labels)
    files[f"{folder}/size.json"] = json.dumps({"bytes": 14_740_000 if quantized else 90_860_000})
    if quantized:
        files[f"{folder}/quantized/model/histograms.json"] = json.dumps(
            [histogram("bert/embeddings/word_embeddings", "embedding", 8), histogram("bert/encoder/query/kernel", "weight", 2)]
        )
    best = max(scores, key=lambda score: score["metrics"]["F1"])
    files[f"{folder}/result.json"] = json.dumps(
        {
            "task": "MRPC",
            "method": run["method"].lower(),
            "bits": run["bits"] if quantized else None,
            "seed": run["seed"],
            "floatScores": [] if quantized else scores,
            "quantizedScores": scores if quantized else [],
            "best": best["metrics"],
            "last": scores[-1]["metrics"],
        }
    )
    runs.setdefault(folder.rsplit("/", 1)[0], {})[run["seed"]] = {
        "last": predictions[-1],
        "best": predictions[best["epoch"] - 1],
    }


def quantizers(step):
    def state(kind, size, clipped):
        return {"kind": kind, "stepSize": size, "smallest": size, "largest": size, "clipped": clipped}

    return {
        "bert/embeddings/word_embeddings": state("embedding", 0.002 * (1 + 0.001 * step), 0.0),
        "bert/encoder/query/kernel": state("weight", 0.1 * (1 - 0.001 * step), 0.125),
        "bert/encoder/output/kernel": state("weight", 0.05, 0.1 + 0.001 * step),
        "bert/encoder/input": state("activation", 0.04, 0.001),
    }


def histogram(name, kind, bits):
    q = 2 ** (bits - 1)
    low, high = (-3.0, 3.0) if bits == 2 else (-191.75, 190.75)
    return {
        "name": name,
        "kind": kind,
        "bits": bits,
        "qMin": -1 if bits == 2 else -q,
        "qMax": q - 1,
        "low": low,
        "high": high,
        "below": 1,
        "above": 2,
        "counts": [int(1000 * np.exp(-((i - 31.5) ** 2) / 100)) for i in range(64)],
    }


for seed in SEEDS:
    add(f"float/MRPC/seed-{seed}", settings("FP", seed), [0.3, 0.2])
    add(f"runs/MRPC/lsq-2/seed-{seed}", settings("LSQ", seed), [0.4, 0.33])
    add(f"runs/MRPC/lsq-4/seed-{seed}", settings("LSQ", seed, epochs=4), [0.4, 0.35, 0.25, 0.3])
    add(f"runs/MRPC/squat/seed-{seed}", settings("SQUAT", seed), [0.35, 0.25])
    if seed < 3:  # another rho has fewer seeds
        add(f"runs/MRPC/squat-rho/seed-{seed}", settings("SQUAT", seed, rho=0.05), [0.3, 0.4])
add("runs/MRPC/saq/seed-1", settings("SAQ", 1), [0.4, 0.4])
add("runs/MRPC/wide/seed-1", settings("LSQ", 1, bits="4-8-8"), [0.25, 0.22])
add("runs/MRPC/saq/seed-2", settings("SAQ", 2), [0.4], last=False)
add("runs/MRPC/saq/seed-3", settings("SAQ", 3), [0.4], last=False)
files["status.json"] = json.dumps(
    {
        "runs": {
            "runs/MRPC/saq/seed-1": {"seconds": 3.5, "steps": 16, "failure": None},
            "runs/MRPC/saq/seed-3": {"seconds": 3.5, "steps": 9, "failure": "the loss is NaN at step 9"},
        }
    }
)

samples = []
for name, group in runs.items():
    for epoch in ["last", "best"]:
        for metric, function in METRICS.items():
            values = [function(run[epoch], labels) for run in group.values()]
            samples.append(
                {
                    "group": name,
                    "epoch": epoch,
                    "metric": metric,
                    "mean": float(np.mean(values)),
                    "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
                }
            )


def interval(ours, theirs, metric, epoch):
    seeds = [seed for seed in runs[ours] if seed in runs[theirs]]
    function = METRICS[metric]
    n = len(seeds)
    differences = np.array(
        [function(runs[ours][s][epoch], labels) - function(runs[theirs][s][epoch], labels) for s in seeds]
    )
    found = np.empty((REPLICATES, n))
    for i in range(REPLICATES):
        rows = rng.integers(0, ROWS, ROWS)
        found[i] = [
            function(runs[ours][seed][epoch][rows], labels[rows]) - function(runs[theirs][seed][epoch][rows], labels[rows])
            for seed in seeds
        ]
    difference = np.mean(differences)
    variance = np.var(found.mean(axis=1))  # of the rows, and what rows and seeds do together
    t = stats.norm.ppf(0.975)
    share = None
    if n > 1:
        over_seeds = np.var(differences, ddof=1)
        together = np.mean(np.var(found - differences, axis=1, ddof=1))
        of_seeds = max(0, over_seeds - together) / n
        variance += of_seeds
        share = float(of_seeds / variance) if of_seeds > 0 else 0
        if over_seeds > 0:  # Satterthwaite
            t = stats.t.ppf(0.975, max(n - 1, variance**2 / ((over_seeds / n) ** 2 / (n - 1))))
    low, high = difference - t * np.sqrt(variance), difference + t * np.sqrt(variance)
    return {
        "ours": ours,
        "theirs": theirs,
        "metric": metric,
        "epoch": epoch,
        "seeds": len(seeds),
        "difference": float(difference),
        "low": float(low),
        "high": float(high),
        "seedShare": share,
    }


r = "runs/MRPC/"
differences = [
    interval(ours, theirs, metric, epoch) | {"to": to}
    for ours, theirs, to in [
        (r + "squat", r + "lsq-2", "lsq, equal epochs"),
        (r + "squat", r + "lsq-4", "lsq, equal passes"),
        (r + "squat", "float/MRPC", "fp"),
        (r + "squat-rho", r + "lsq-4", "lsq, equal passes"),
        (r + "saq", r + "lsq-2", "lsq, equal epochs"),
        (r + "lsq-4", "float/MRPC", "fp"),
        (r + "wide", "float/MRPC", "fp"),
    ]
    for metric in METRICS
    for epoch in ["last", "best"]
]
(HERE / "sweep.json").write_text(json.dumps(files, indent=0) + "\n")
(HERE / "expected.json").write_text(json.dumps({"samples": samples, "differences": differences}, indent=1) + "\n")
