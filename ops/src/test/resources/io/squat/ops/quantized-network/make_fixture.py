"""Loss and gradients of a small quantized network, in float64 NumPy.

y = softmax_cross_entropy(Qa2(tanh(Qa1(x) Qw1(W1) + b1)) Qw2(W2) + b2, labels), mean over the batch.

The gradients are derived twice: by back-propagation with the LSQ rules, and by central differences
of the straight-through surrogate, in which each rounding error round(v) - v is a constant. The
script stops if the two differ, or if a value is so near to a tie or a clipping bound that float32
might decide it otherwise.
"""

import json
import pathlib

import numpy as np

B, IN, HIDDEN, CLASSES = 13, 7, 11, 5
NEAR = 1e-4  # in steps
# name: (bits, symmetric, number of elements in the gradient scale)
QUANTIZERS = {
    "a1": (4, False, IN),
    "w1": (3, False, IN * HIDDEN),
    "a2": (8, True, HIDDEN),
    "w2": (2, True, HIDDEN * CLASSES),
}


def bounds(name):
    bits, symmetric, _ = QUANTIZERS[name]
    top = 2 ** (bits - 1) - 1
    return (-top if symmetric else -top - 1), top


def gradient_scale(name):
    return 1.0 / np.sqrt(QUANTIZERS[name][2] * bounds(name)[1])


class Net:
    def __init__(self, p, labels, frozen=None):
        self.p, self.labels = p, labels
        self.rounding = frozen  # round(v) - v of each quantizer, when they are constants
        self.seen = {}
        self.magnitudes = {}  # sums of the absolute terms of the steps' gradients

    def quantize(self, name, x):
        s = self.p["s_" + name]
        low, high = bounds(name)
        v = x / s
        clipped = np.clip(v, low, high)
        if self.rounding is None:
            fraction = np.abs(v - np.floor(v) - 0.5)
            assert fraction[(v > low) & (v < high)].min() > NEAR, name
            assert min(np.abs(v - low).min(), np.abs(v - high).min()) > NEAR, name
            assert (v < low).any() and (v > high).any(), "both ends of " + name
            rounding = np.floor(clipped + 0.5) - clipped
        else:
            rounding = self.rounding[name]
        self.seen[name] = (v, rounding)
        return s * (clipped + rounding)

    def loss(self):
        p = self.p
        self.qx = self.quantize("a1", p["x"])
        self.qw1 = self.quantize("w1", p["w1"])
        self.h = np.tanh(self.qx @ self.qw1 + p["b1"])
        self.qh = self.quantize("a2", self.h)
        self.qw2 = self.quantize("w2", p["w2"])
        z = self.qh @ self.qw2 + p["b2"]
        z = z - z.max(axis=1, keepdims=True)
        self.log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -self.log_p[np.arange(B), self.labels].mean()

    def back(self, name, upstream, gradients):
        """LSQ, equations 2 and 3, with the gradient scale left out."""
        v, rounding = self.seen[name]
        low, high = bounds(name)
        inside = (v >= low) & (v <= high)
        local = np.where(v < low, low, np.where(v > high, high, rounding))
        gradients["s_" + name] = (upstream * local).sum()
        self.magnitudes["s_" + name] = np.abs(upstream * local).sum()
        return upstream * inside

    def gradients(self):
        g = {}
        d = np.exp(self.log_p)
        d[np.arange(B), self.labels] -= 1
        d /= B
        g["b2"] = d.sum(axis=0)
        g["w2"] = self.back("w2", self.qh.T @ d, g)
        d = self.back("a2", d @ self.qw2.T, g) * (1 - self.h**2)
        g["b1"] = d.sum(axis=0)
        g["w1"] = self.back("w1", self.qx.T @ d, g)
        g["x"] = self.back("a1", d @ self.qw1.T, g)
        return g


def check_by_differences(p, labels, net, analytic):
    frozen = {name: rounding for name, (_, rounding) in net.seen.items()}
    h = 1e-6
    for name, value in p.items():
        flat = np.atleast_1d(value).ravel()
        got = np.atleast_1d(analytic[name]).ravel()
        for i in range(flat.size):
            sides = []
            for sign in (1, -1):
                moved = flat.copy()
                moved[i] += sign * h
                q = dict(p)
                q[name] = moved.reshape(np.shape(value)) if np.ndim(value) else moved[0]
                sides.append(Net(q, labels, frozen).loss())
            difference = (sides[0] - sides[1]) / (2 * h)
            assert abs(difference - got[i]) < 1e-8 * max(1, abs(got[i])), (name, i, difference, got[i])


def main():
    rng = np.random.default_rng(20220)
    f32 = lambda a: np.asarray(a, np.float32).astype(np.float64)
    p = {
        "x": f32(rng.normal(size=(B, IN))),
        "w1": f32(rng.normal(size=(IN, HIDDEN)) * 0.5),
        "b1": f32(rng.normal(size=HIDDEN) * 0.1),
        "w2": f32(rng.normal(size=(HIDDEN, CLASSES)) * 0.5),
        "b2": f32(rng.normal(size=CLASSES) * 0.1),
        "s_a1": f32(0.17),
        "s_w1": f32(0.21),
        "s_a2": f32(0.0061),
        "s_w2": f32(0.44),
    }
    p = {k: (v if v.ndim else float(v)) for k, v in p.items()}
    labels = rng.integers(0, CLASSES, size=B)
    net = Net(p, labels)
    loss = net.loss()
    gradients = net.gradients()
    check_by_differences(p, labels, net, gradients)
    for name in QUANTIZERS:
        gradients["s_" + name] *= gradient_scale(name)
        net.magnitudes["s_" + name] *= gradient_scale(name)
    as_list = lambda d: {k: np.asarray(v).tolist() for k, v in d.items()}
    fixture = {
        "numpy": np.__version__,
        "labels": labels.tolist(),
        "values": as_list(p),
        "loss": float(loss),
        "gradients": as_list(gradients),
        "magnitudes": as_list(net.magnitudes),
    }
    out = pathlib.Path(__file__).with_name("fixture.json")
    out.write_text(json.dumps(fixture, indent=1) + "\n", encoding="utf-8")
    print("loss", loss)


main()
