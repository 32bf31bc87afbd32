"""Writes wordpiece.json (token ids by the Python tokenizers library) and cased-vocab.txt (a small vocabulary, built here)."""
import json
import os

import tokenizers
from tokenizers import BertWordPieceTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))

TEXTS = [
    "",
    " ",
    "\t \n",
    "The cat sat on the mat.",
    "Quantization-aware training, with 4-bit weights: isn't it fun?!",
    "UPPER lower MiXeD CamelCase iPhone",
    "unaffable embeddings hyperparameterization",
    "##ing is no piece at the start of a word ##",
    "it's we're don't O'Neill rock'n'roll",
    "\"quoted\" 'single' `back` \u201ccurly\u201d \u2018curly\u2019 \u00abguillemets\u00bb",
    "a,b;c:d.e!f?g/h\\i|j_k-l+m=n*o&p^q%r$s#t@u~v",
    "(round) [square] {curly} <angle>",
    "3.14159 1,000,000 2nd 1e-5 0x1F \u00bd \u2167 \u00b2 \u2460",
    "http://www.example.org/a?b=c&d=%20 me@example.org",
    # accents, composed and not; letters that change when lower-cased or decomposed
    "Caf\u00e9 na\u00efve fa\u00e7ade \u00fcber \u00c5ngstr\u00f6m \u00d1and\u00fa",
    "Cafe\u0301 nai\u0308ve u\u0308ber A\u030angstro\u0308m",
    "Stra\u00dfe STRA\u1e9eE \u00e6on \u0153uvre \u00f8re \u0142\u00f3d\u017a \u0111\u1ed3ng Vi\u1ec7t",
    "\u0130stanbul I\u0131 \u01c5 \ufb01ligature \u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u039f\u0394\u039f\u03a3",
    "e\u0301\u0302\u0303 \u0301alone",
    # Chinese, Japanese, Korean and other scripts
    "\u5317\u4eac\u662f\u4e2d\u56fd\u7684\u9996\u90fd",
    "BERT\u6a21\u578b2018\u5e74by Google\uff0c\u5f88\u597d\u3002",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u3072\u3089\u304c\u306a \u30ab\u30bf\u30ab\u30ca \u304c\u304b\u3099",
    "\ud55c\uad6d\uc5b4 \ubb38\uc7a5 \u1112\u1161\u11ab",
    "\U00020000\U0002a6d6 \u3400 \uf900 \U0002f800 \u9fff",
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \u0439 \u0451",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u0643\u0650\u062a\u064e\u0627\u0628",
    "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u05e9\u05dc\u05d5\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u12a0\u121b\u122d\u129b",
    # control and format characters, spaces of all kinds
    "null\u0000bell\u0007escape\u001bdelete\u007fnext\u0085line",
    "soft\u00adhyphen zero\u200bwidth joiner\u200dnon\u200cjoiner bom\ufeff mark\u200e",
    "replace\ufffdment private\ue000use",
    "no-break\u00a0space thin\u2009space ideographic\u3000space narrow\u202fspace",
    "line\u2028separator paragraph\u2029separator vertical\u000btab form\u000cfeed return\rhere",
    "tab\tinside\tthe text",
    # emoji and symbols
    "\U0001f600 smile \U0001f468\u200d\U0001f469\u200d\U0001f467 family \U0001f1e9\U0001f1ea flag \u2764\ufe0f heart \U0001f44d\U0001f3fd",
    "\u20ac5 \u00a36 \u00a57 \u20b98 \u00a9 \u2122 \u00b0C \u00b1 \u2211 \u2260 \u2248 \u2192 \u2026 \u2013 \u2014",
    "\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48 \uff01 \u2133\U0001d4b6\U0001d4c9\u210e",
    # the limit of 100 characters a word
    "x" * 99 + " end",
    "x" * 100 + " end",
    "x" * 101 + " end",
    "ab" * 400,
    "\u00e9" * 60 + " " + "\u00e9" * 101,
    "." * 120,
    # special tokens in a text are text
    "[MASK] [CLS] [SEP] [PAD] [UNK] [unused1]",
    "he said[MASK]there",
    "[ MASK ] [mask]",
]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def cased_entries():
    """A vocabulary that knows most characters of the texts, and the beginnings and middles of their words."""
    known = "".join(TEXTS[: TEXTS.index("tab\tinside\tthe text")])
    characters = sorted({c for c in known if c.isprintable() and not c.isspace()})
    entries = characters + ["##" + c for c in characters if c.isalnum() or ord(c) > 0x2FF]
    for word in sorted({w for text in TEXTS for w in text.split() if w.isalpha() and len(w) < 30}):
        entries += [word[:2], word[:4], "##" + word[2:5], "##" + word[-3:]]
    return SPECIAL + list(dict.fromkeys(entries))


def encodings(tokenizer, texts):
    return [tokenizer.encode(text).ids for text in texts]


def main():
    uncased = BertWordPieceTokenizer(os.path.join(HERE, "uncased-vocab.txt"), lowercase=True)
    cased_vocab = os.path.join(HERE, "cased-vocab.txt")
    with open(cased_vocab, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(entry + "\n" for entry in cased_entries())
    cased = BertWordPieceTokenizer(cased_vocab, lowercase=False)
    for tokenizer in (uncased, cased):
        # "[MASK]" in a text is then text, as in Google's tokenization.py.
        tokenizer._tokenizer.encode_special_tokens = True

    pairs = [(TEXTS[i], TEXTS[(i + 7) % len(TEXTS)]) for i in range(len(TEXTS))]
    pair_encodings = [uncased.encode(a, b) for a, b in pairs]
    whole = encodings(uncased, TEXTS)
    uncased.enable_truncation(9)
    fixture = {
        "tokenizers": tokenizers.__version__,
        "texts": TEXTS,
        "uncased": whole,
        "cased": encodings(cased, TEXTS),
        "uncasedTo9": encodings(uncased, TEXTS),
        "pairs": [
            {"a": a, "b": b, "ids": e.ids, "segments": e.type_ids} for (a, b), e in zip(pairs, pair_encodings)
        ],
    }
    with open(os.path.join(HERE, "wordpiece.json"), "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in fixture.items()) + "\n}\n")


main()
