"""Writes order.json: the batches of an epoch, by the documented rule, from scratch.

java.util.Random is rewritten from its documentation, Collections.shuffle likewise; MurmurHash3 is the mmh3 library's.
"""
import json
import os
import struct

import mmh3

POOL = 50


class JavaRandom:
    def __init__(self, seed):
        self.state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)

    def next31(self):
        self.state = (self.state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return self.state >> 17

    def below(self, bound):
        if bound & -bound == bound:
            return (bound * self.next31()) >> 31
        while True:
            bits = self.next31()
            value = bits % bound
            if bits - value + bound - 1 < 1 << 31:
                return value

    def shuffle(self, values):
        for i in range(len(values), 1, -1):
            j = self.below(i)
            values[i - 1], values[j] = values[j], values[i - 1]


def batches(lengths, batch_size, seed, epoch):
    random = JavaRandom(mmh3.hash64(struct.pack("<qi", seed, epoch), 0, True, True)[0])
    rows = list(range(len(lengths)))
    random.shuffle(rows)
    pool = POOL * batch_size
    rows = [
        row
        for start in range(0, len(rows), pool)
        for row in sorted(rows[start : start + pool], key=lambda row: -lengths[row])
    ]
    cut = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    random.shuffle(cut)
    return cut


cases = []
for count, batch_size, seed, epoch in [(7, 3, 42, 1), (131, 2, -5, 0), (131, 2, -5, 7), (64, 8, 1 << 40, 3)]:
    lengths = [2 + (row * row * 7 + row) % 23 for row in range(count)]
    cases.append(
        {
            "lengths": lengths,
            "batchSize": batch_size,
            "seed": seed,
            "epoch": epoch,
            "batches": batches(lengths, batch_size, seed, epoch),
        }
    )
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "order.json"), "w", encoding="utf-8") as f:
    f.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
