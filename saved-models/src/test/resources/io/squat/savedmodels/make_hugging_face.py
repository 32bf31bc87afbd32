# Writes hf-bert, hf-distilbert and hf-classifier beside this file: tiny models with random weights, and what TensorFlow's
# Python computes with them.
# pip install tensorflow-cpu==2.18.1 tf-keras==2.18.0 transformers==4.46.3
import glob
import json
import os
import shutil

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
os.environ['TF_USE_LEGACY_KERAS'] = '1'
import numpy as np
import tensorflow as tf
import tf_keras
from transformers import (BertConfig, DistilBertConfig, TFBertForSequenceClassification, TFBertModel,
                          TFDistilBertModel)

OUT = os.environ.get('OUT', os.path.dirname(os.path.abspath(__file__)))
V, H, L, A, I, P = 120, 48, 2, 4, 80, 40
rs = np.random.RandomState(7)
ids = rs.randint(5, V, (3, 11)).astype(np.int32)
mask = np.ones((3, 11), np.int32)
mask[1, 7:] = 0
mask[2, 4:] = 0
ids = ids * mask
segments = (np.arange(11)[None] >= 5).astype(np.int32) * mask


def write(name, cls, config, feeds):
    tf_keras.utils.set_random_seed(5)
    model = cls(config)
    model(model.dummy_inputs)
    tmp = f'{OUT}/{name}-tmp'
    model.save_pretrained(tmp, saved_model=True)
    shutil.rmtree(f'{OUT}/{name}', ignore_errors=True)
    shutil.copytree(f'{tmp}/saved_model/1', f'{OUT}/{name}/model')
    shutil.rmtree(tmp)
    for unused in glob.glob(f'{OUT}/{name}/model/*'):
        if os.path.basename(unused) not in ('saved_model.pb', 'variables'):
            shutil.rmtree(unused) if os.path.isdir(unused) else os.remove(unused)
    signature = tf.saved_model.load(f'{OUT}/{name}/model').signatures['serving_default']
    outputs = signature(**{key: tf.constant(value) for key, value in feeds.items()})
    with open(f'{OUT}/{name}/expected.json', 'w') as file:
        json.dump(dict(
            note=f'Hugging Face transformers 4.46.3 {cls.__name__}.save_pretrained(saved_model=True), random weights',
            inputs={key: value.tolist() for key, value in feeds.items()},
            outputs={key: value.numpy().astype(float).tolist() for key, value in outputs.items()}), file)


bert = dict(vocab_size=V, hidden_size=H, num_hidden_layers=L, num_attention_heads=A, intermediate_size=I,
            max_position_embeddings=P, initializer_range=0.15)
three = dict(input_ids=ids, attention_mask=mask, token_type_ids=segments)
two = dict(input_ids=ids, attention_mask=mask)
if __name__ == '__main__':
    write('hf-bert', TFBertModel, BertConfig(**bert), three)
    write('hf-classifier', TFBertForSequenceClassification, BertConfig(num_labels=3, **bert), three)
    write('hf-distilbert', TFDistilBertModel,
          DistilBertConfig(vocab_size=V, dim=H, n_layers=L, n_heads=A, hidden_dim=I, max_position_embeddings=P,
                           initializer_range=0.15), two)
