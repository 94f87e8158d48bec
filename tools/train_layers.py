"""Writes the layers of data/: first layers of trained ReLU networks, known frames, and a layer whose
bias decides on which balls it is injective.

usage: /usr/bin/python3 tools/train_layers.py [DIRECTORY]      (default: data/)

Needs the Debian packages python3-numpy and python3-sklearn. Everything is seeded; other versions of
the packages may train other weights. The data sets (iris, wine, handwritten digits) ship inside
scikit-learn. Prints, for every data set, the norm of its largest standardised input.
"""
import json
import pathlib
import struct
import sys
import warnings

import numpy as np
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

# data set, loader, principal components (None: all inputs), widths
NETWORKS = [
    ("iris", load_iris, None, (12, 16, 20, 24, 28, 32)),
    ("wine", load_wine, 8, (24, 32, 40, 54, 72)),
    ("wine13", load_wine, None, (64, 91)),
    ("digits8", load_digits, 8, (24, 36, 54, 72)),
    ("digits10", load_digits, 10, (30, 40, 67, 90)),
]
SEED = 20240607


def standardised(load, components):
    inputs, labels = load(return_X_y=True)
    if components is not None:
        inputs = PCA(components, svd_solver="full").fit_transform(StandardScaler().fit_transform(inputs))
    return StandardScaler().fit_transform(inputs), labels


def train_first_layer(inputs, labels, width):
    """Weight (width x n) and bias of the hidden layer of a one-hidden-layer ReLU classifier."""
    network = MLPClassifier((width,), activation="relu", solver="adam", learning_rate_init=0.01,
                            alpha=1e-3, max_iter=300, random_state=SEED + width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(inputs, labels)
    weight = np.ascontiguousarray(network.coefs_[0].T, dtype=np.float64)
    return weight, network.intercepts_[0].astype(np.float64), network.score(inputs, labels)


# ---- files --------------------------------------------------------------------------------------

def write_safetensors(path, arrays):
    """A table of float32 arrays: length of the header, JSON header, numbers."""
    header, chunks, offset = {}, [], 0
    for name, array in arrays.items():
        chunk = np.ascontiguousarray(array, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [offset, offset + len(chunk)]}
        chunks.append(chunk)
        offset += len(chunk)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def write_csv(path, array):
    path.write_text("".join(",".join(repr(float(x)) for x in row) + "\n" for row in np.atleast_2d(array)))


def write_matrix_market(path, array):
    """Dense integers, column by column, as Matrix Market wants them."""
    numbers = "".join(f"{int(x)}\n" for x in array.T.ravel())
    path.write_text(f"%%MatrixMarket matrix array integer general\n{array.shape[0]} {array.shape[1]}\n"
                    + numbers)


def write_trained(folder):
    for name, load, components, widths in NETWORKS:
        inputs, labels = standardised(load, components)
        print(f"{name}: {len(inputs)} inputs of {inputs.shape[1]} numbers, "
              f"largest norm {np.linalg.norm(inputs, axis=1).max():.4f}")
        together = {}
        for width in widths:
            weight, bias, score = train_first_layer(inputs, labels, width)
            print(f"  width {width}: accuracy on the training data {score:.3f}")
            if name == "wine":  # one file for all widths, single precision, as PyTorch stores them
                together |= {f"hidden{width}.weight": weight, f"hidden{width}.bias": bias}
            elif name == "wine13":  # n x m, as Keras stores it, and the bias apart
                np.save(folder / f"{name}_{width}.npy", np.ascontiguousarray(weight.T))
                write_csv(folder / f"{name}_{width}_bias.csv", bias)
            else:
                np.savez(folder / f"{name}_{width}.npz", weight=weight, bias=bias)
        if together:
            write_safetensors(folder / f"{name}.safetensors", together)


def write_frames(folder):
    tetrahedron = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    golden = (1 + np.sqrt(5)) / 2
    icosahedron = np.array([row for s in (1, -1) for t in (golden, -golden)
                            for row in ((0, s, t), (s, t, 0), (t, 0, s))])
    mercedes_benz = np.array([[0, 1], [-np.sqrt(3) / 2, -0.5], [np.sqrt(3) / 2, -0.5]])
    write_csv(folder / "tetrahedron.csv", tetrahedron)
    np.savez(folder / "tetrahedron_bias.npz", weight=tetrahedron, bias=np.ones(4))
    np.save(folder / "icosahedron.npy", icosahedron)
    write_matrix_market(folder / "identity_pair.mtx", np.vstack([np.eye(4), -np.eye(4)]))
    write_csv(folder / "mercedes_benz.csv", mercedes_benz)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "data"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(exist_ok=True)
    write_trained(folder)
    write_frames(folder)


if __name__ == "__main__":
    main()
