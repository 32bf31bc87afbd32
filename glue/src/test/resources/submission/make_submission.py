"""Writes submission.json: files of a GLUE submission as the leaderboard's sample has them, of random predictions."""
import csv
import io
import json
import os

import numpy as np

# Names and labels as in the zip of sample submissions of gluebenchmark.com, and as the formatter of nyu-mll/jiant writes
# them; the class index is that of google-research/bert.
BINARY = ["0", "1"]
TWO_WAY = ["entailment", "not_entailment"]
THREE_WAY = ["contradiction", "entailment", "neutral"]
FILES = {
    "CoLA.tsv": BINARY,
    "SST-2.tsv": BINARY,
    "MRPC.tsv": BINARY,
    "STS-B.tsv": None,
    "QQP.tsv": BINARY,
    "MNLI-m.tsv": THREE_WAY,
    "MNLI-mm.tsv": THREE_WAY,
    "QNLI.tsv": TWO_WAY,
    "RTE.tsv": TWO_WAY,
    "WNLI.tsv": BINARY,
    "AX.tsv": THREE_WAY,
}
ROWS = 9
rng = np.random.default_rng(11)
cases = []
for name, labels in FILES.items():
    if labels is None:
        predictions = np.concatenate([rng.random(ROWS - 3) * 5, [-0.25, 5.75, 3]]).astype(np.float32)
        words = ["%.3f" % min(max(value, 0), 5) for value in predictions.astype(np.float64)]
    else:
        predictions = rng.integers(0, len(labels), ROWS)
        words = [labels[index] for index in predictions]
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(("index", "prediction"))
    writer.writerows(enumerate(words))
    cases.append({"name": name, "predictions": predictions.tolist(), "text": text.getvalue()})

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "submission.json"), "w", encoding="utf-8") as f:
    f.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
