"""Writes model/assets/vocab.txt and CoLA/{train,dev}.tsv: python make.py FOLDER"""

import pathlib
import random
import sys

NOUNS = "cat dog bird fish tree house car book man woman child boy girl king queen sun moon star river hill".split()
VERBS = "see like eat make find read take give run walk sleep sing jump fall swim help".split()
ADJECTIVES = "big small red blue old new good bad fast slow happy sad".split()
SMALL = (
    "the a an this that every some no in on under with near behind and or but not very too never often here"
    " there i you he she it we they was is are were did has had will can may must"
).split()
PIECES = "##s ##ing ##ed ##er ##est ##ly ##y ##n ##t".split()
SPECIAL = "[PAD] [UNK] [CLS] [SEP] [MASK]".split()
ENTRIES = 120


def phrase(rng):
    adjectives = rng.sample(ADJECTIVES, rng.choice([0, 0, 1, 2]))
    return [rng.choice(["the", "a", "this", "some"]), *adjectives, rng.choice(NOUNS)]


def sentence(rng):
    words = [*phrase(rng), rng.choice(VERBS) + rng.choice(["s", "ed"]), *phrase(rng)]
    if rng.random() < 0.4:
        words += [rng.choice(["near", "under", "behind", "with"]), *phrase(rng)]
    return words


def row(rng, name, index):
    words, label = sentence(rng), 1
    if index % 5 in (1, 3):
        label = 0
        while words == (words := rng.sample(words, len(words))):
            pass
    mark = "" if label else "*"
    return f"{name}{index}\t{label}\t{mark}\t{' '.join(words)} ."


def main(folder):
    folder = pathlib.Path(folder)
    vocab = SPECIAL + NOUNS + VERBS + ADJECTIVES + SMALL + PIECES + list(".,?!:;")
    vocab += [letter for letter in "bcdefghjklmno"][: ENTRIES - len(vocab)]
    if len(vocab) != ENTRIES or len(set(vocab)) != ENTRIES:
        raise ValueError(f"expected {ENTRIES} different entries, found {len(set(vocab))} of {len(vocab)}")
    (folder / "model/assets").mkdir(parents=True, exist_ok=True)
    (folder / "model/assets/vocab.txt").write_text("\n".join(vocab) + "\n")
    (folder / "CoLA").mkdir(exist_ok=True)
    rng = random.Random(20221013)
    for name, rows in (("train", 61), ("dev", 23)):
        lines = [row(rng, name, index) for index in range(rows)]
        (folder / f"CoLA/{name}.tsv").write_text("\n".join(lines) + "\n")


main(sys.argv[1])
