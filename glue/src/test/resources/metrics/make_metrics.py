"""Writes metrics.json: GLUE's metrics by scikit-learn and SciPy, on random and on degenerate inputs."""
import json
import os
import warnings

import numpy as np
import scipy
import sklearn
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20260101)
cases = []


def number(value):
    """JSON has no NaN."""
    return None if np.isnan(value) else float(value)


def classes(name, predictions, labels):
    predictions, labels = np.asarray(predictions), np.asarray(labels)
    expected = {"ACCURACY": number(accuracy_score(labels, predictions))}
    if max(predictions.max(), labels.max()) <= 1:
        expected["F1"] = number(f1_score(labels, predictions, pos_label=1, zero_division=0))
        expected["MATTHEWS"] = number(matthews_corrcoef(labels, predictions))
    else:
        expected["F1"] = number(f1_score(labels, predictions, labels=[1], average="macro", zero_division=0))
    add(name, predictions, labels, expected)


def scores(name, predictions, labels):
    predictions = np.asarray(predictions, dtype=np.float32).astype(np.float64)
    labels = np.asarray(labels, dtype=np.float32).astype(np.float64)
    expected = {
        "PEARSON": number(pearsonr(predictions, labels).statistic),
        "SPEARMAN": number(spearmanr(predictions, labels).statistic),
    }
    add(name, predictions, labels, expected)


def add(name, predictions, labels, expected):
    cases.append(
        {"name": name, "predictions": predictions.tolist(), "labels": labels.tolist(), "expected": expected}
    )


for n, p, q in [(7, 0.5, 0.4), (31, 0.9, 0.7), (200, 0.2, 0.35), (1043, 0.69, 0.75)]:
    labels = (rng.random(n) < p).astype(int)
    noise = (rng.random(n) < q).astype(int)
    classes(f"binary {n}", np.where(rng.random(n) < 0.6, labels, noise), labels)
classes("three classes 53", rng.integers(0, 3, 53), rng.integers(0, 3, 53))
some = [0, 1, 1, 0, 1]
classes("all right", some, some)
classes("all wrong", [1, 0, 0, 1, 0], some)
classes("only class 0 predicted", [0] * 5, some)
classes("only class 1 predicted", [1] * 5, some)
classes("only class 0 present", some, [0] * 5)
classes("only class 1 present", some, [1] * 5)
classes("class 1 nowhere", [0] * 4, [0] * 4)
classes("class 0 nowhere", [1] * 4, [1] * 4)
classes("one row right", [1], [1])
classes("one row wrong", [0], [1])

for n in [5, 23, 150]:
    labels = rng.random(n) * 5
    scores(f"scores {n}", labels + rng.normal(0, 1.5, n), labels)
labels = np.round(rng.random(97) * 5 * 5) / 5
scores("ties in the labels", labels * 0.6 + rng.normal(0, 1, 97), labels)
scores("ties in both", np.round(labels + rng.normal(0, 1, 97)), labels)
scores("same order, not linear", np.exp([0, 1, 2, 3.5, 5]), [0, 1, 2, 3.5, 5])
scores("reversed", [5, 4, 2.5, 1], [0, 1, 2.5, 4])
scores("two rows", [0.25, 0.5], [1, 3])
scores("constant predictions", [2.5] * 6, [0, 1, 2, 3, 4, 5])
scores("constant labels", [0, 1, 2, 3, 4, 5], [2.5] * 6)
scores("both constant", [1.0] * 3, [2.0] * 3)

versions = {"numpy": np.__version__, "scipy": scipy.__version__, "sklearn": sklearn.__version__}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json"), "w", encoding="utf-8") as f:
    rows = ",\n".join(json.dumps(case) for case in cases)
    f.write('{"versions": %s, "cases": [\n%s\n]}\n' % (json.dumps(versions), rows))
