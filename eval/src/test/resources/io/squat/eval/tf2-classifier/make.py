"""Writes a small TF2 classifier and what TensorFlow's Python says about a batch: python make.py FOLDER"""
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

VOCABULARY, HIDDEN, CLASSES, ROWS, LENGTH = 31, 6, 3, 5, 9
folder = Path(sys.argv[1])
random = np.random.default_rng(20)


class Classifier(tf.Module):
    def __init__(self):
        def variable(name, *shape):
            return tf.Variable(random.normal(size=shape).astype(np.float32), name=name)

        self.table = variable("table", VOCABULARY, HIDDEN)
        self.segments = variable("segments", 2, HIDDEN)
        self.inner = variable("inner", HIDDEN, HIDDEN)
        self.outer = variable("outer", HIDDEN, CLASSES)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int64, name=name)
            for name in ("input_word_ids", "input_mask", "input_type_ids")
        ]
    )
    def __call__(self, input_word_ids, input_mask, input_type_ids):
        x = tf.gather(self.table, input_word_ids) + tf.gather(self.segments, input_type_ids)
        scores = tf.einsum("bth,hk,buk->btu", x, self.inner, x)
        scores += (1 - tf.cast(input_mask, tf.float32))[:, None, :] * -1e4
        x = tf.einsum("btu,buh->bth", tf.nn.softmax(scores), x)
        pooled = tf.tanh(x[:, 0])
        return {"logits": pooled @ self.outer, "pooled_output": pooled, "sequence_output": x}


model = Classifier()
lengths = [9, 4, 7, 1, 6]
mask = np.array([[1] * n + [0] * (LENGTH - n) for n in lengths])
ids = random.integers(1, VOCABULARY, size=mask.shape) * mask
segments = (np.arange(LENGTH) >= 3) * mask
logits = model(*(tf.constant(a, tf.int64) for a in (ids, mask, segments)))["logits"]
tf.saved_model.save(model, str(folder / "model"), signatures=model.__call__)
(folder / "expected.json").write_text(
    json.dumps(
        {
            "ids": ids.tolist(),
            "mask": mask.tolist(),
            "segments": segments.tolist(),
            "logits": logits.numpy().tolist(),
        },
        indent=1,
    )
    + "\n"
)
