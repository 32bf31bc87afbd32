"""Writes requests.tfrecord: two warm-up requests, by TensorFlow Serving's own classes and TensorFlow's own writer."""
import sys
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

SIZES = [(2, 3), (3, 5)]  # rows, tokens a row


def tensor(rows, length, values):
    """TensorFlow repeats the last value where there are fewer than the shape has."""
    result = tensor_pb2.TensorProto(dtype=tf.int32.as_datatype_enum)
    for size in (rows, length):
        result.tensor_shape.dim.add().size = size
    result.int_val.extend(values)
    return result


def request(rows, length):
    ids = [7 * i * i * i % 30522 + 1 for i in range(rows * length)]
    return predict_pb2.PredictRequest(
        model_spec=model_pb2.ModelSpec(name="cola", signature_name="serving_default"),
        inputs={
            "input_ids": tensor(rows, length, ids),
            "input_mask": tensor(rows, length, [1]),
            "segment_ids": tensor(rows, length, [0]),
        },
    )


def main():
    file = Path(sys.argv[1]) / "requests.tfrecord"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for rows, length in SIZES:
            log = prediction_log_pb2.PredictionLog(
                predict_log=prediction_log_pb2.PredictLog(request=request(rows, length))
            )
            writer.write(log.SerializeToString(deterministic=True))


main()
