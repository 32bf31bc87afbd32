# pip: tensorflow-cpu==2.18.1 tf-keras==2.18.0, tf-models-official==2.18.0 (--no-deps) and what it then asks for
import os; os.environ['TF_CPP_MIN_LOG_LEVEL']='3'; os.environ['TF_USE_LEGACY_KERAS']='1'
import tensorflow as tf, numpy as np, json, shutil, tf_keras
from official.nlp.modeling import networks
OUT=__import__('os').environ.get('OUT','out'); rs=np.random.RandomState(7); V,H,L,A,I,P=120,48,2,4,80,40
ids=rs.randint(5,V,(3,11)).astype(np.int32); mask=np.ones((3,11),np.int32); mask[1,7:]=0; mask[2,4:]=0; ids=ids*mask; seg=(np.arange(11)[None]>=5).astype(np.int32)*mask
tf_keras.utils.set_random_seed(5)
enc=networks.BertEncoderV2(vocab_size=V,hidden_size=H,num_layers=L,num_attention_heads=A,inner_dim=I,max_sequence_length=P,initializer=tf_keras.initializers.TruncatedNormal(stddev=0.15))
inp=dict(input_word_ids=tf_keras.Input((None,),dtype=tf.int32,name='input_word_ids'),input_mask=tf_keras.Input((None,),dtype=tf.int32,name='input_mask'),input_type_ids=tf_keras.Input((None,),dtype=tf.int32,name='input_type_ids'))
o=enc(inp)
class N(tf_keras.layers.Layer):
    pass
m=tf_keras.Model(inp,dict(pooled_output=o['pooled_output'],sequence_output=o['sequence_output'],default=o['pooled_output']))
@tf.function(input_signature=[tf.TensorSpec([None,None],tf.int32,name=n) for n in ('input_word_ids','input_mask','input_type_ids')])
def serve(a,b,c): return m(dict(input_word_ids=a,input_mask=b,input_type_ids=c),training=False)
shutil.rmtree(f'{OUT}/tfm-bert',ignore_errors=True)
tf.saved_model.save(m,f'{OUT}/tfm-bert/model',signatures=serve)
x=dict(input_word_ids=ids,input_mask=mask,input_type_ids=seg)
r=tf.saved_model.load(f'{OUT}/tfm-bert/model').signatures['serving_default'](**{k:tf.constant(v) for k,v in x.items()})
json.dump(dict(note='TensorFlow Model Garden 2.18.0 networks.BertEncoderV2 (the encoder of the TF2 hub bert_en_* models), saved by tf.saved_model.save, TensorFlow 2.18.1, random weights',inputs={k:v.tolist() for k,v in x.items()},outputs={k:v.numpy().astype(float).tolist() for k,v in r.items()}),open(f'{OUT}/tfm-bert/expected.json','w'))
print({k:v.shape for k,v in r.items()})
