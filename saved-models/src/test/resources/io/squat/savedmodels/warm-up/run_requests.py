"""Reads the warm-up requests of an exported model as a server does, and runs them on it."""
import sys
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2


def main():
    folder = Path(sys.argv[1])
    model = tf.saved_model.load(str(folder))
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    for record in tf.data.TFRecordDataset(str(file)):  # checks the checksums
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        # ParseTensor reads a TensorProto as the server does, in C++.
        inputs = {
            name: tf.io.parse_tensor(value.SerializeToString(), tf.int32)
            for name, value in request.inputs.items()
        }
        answer = model.signatures[request.model_spec.signature_name](**inputs)
        print(
            request.model_spec.name,
            request.model_spec.signature_name,
            {
                name: (value.shape.as_list(), int(tf.reduce_min(value)), int(tf.reduce_max(value)))
                for name, value in sorted(inputs.items())
            },
            {name: value.shape.as_list() for name, value in sorted(answer.items())},
        )
    print(file.stat().st_size, "bytes")


main()
