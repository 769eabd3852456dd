"""
Train the sample's decision tree on the iris data and write it to tree.json.

Run by hand when the tree is to change (`python examples/decision-trees-sample/train.py`); tree.json is committed, so
that nothing else here needs scikit-learn.
"""

import json
from pathlib import Path
from typing import Any

import sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

TREE = Path(__file__).parent / "tree.json"


def train() -> tuple[DecisionTreeClassifier, dict[str, Any]]:
    """The fitted classifier, and the same tree as plain data."""
    iris = load_iris()
    seen, held_out, seen_labels, held_out_labels = train_test_split(
        iris.data, iris.target, test_size=0.3, random_state=7, stratify=iris.target
    )
    classifier = DecisionTreeClassifier(max_depth=3, random_state=7).fit(seen, seen_labels)
    tree = classifier.tree_
    return classifier, {
        "data": "iris (R. A. Fisher, 1936), as it comes with scikit-learn",
        "trained_with": f"scikit-learn {sklearn.__version__}",
        "accuracy_on_held_out": round(float(classifier.score(held_out, held_out_labels)), 4),
        "features": list(iris.feature_names),
        "labels": [str(label) for label in iris.target_names],
        "nodes": [
            {"probabilities": tree.value[node][0].tolist()}
            if tree.children_left[node] == -1
            else {
                "feature": int(tree.feature[node]),
                "threshold": float(tree.threshold[node]),
                "left": int(tree.children_left[node]),
                "right": int(tree.children_right[node]),
            }
            for node in range(tree.node_count)
        ],
    }


def as_json(tree: dict[str, Any]) -> str:
    """The text of tree.json: a line for every node, so that a new tree can be read as a diff."""
    nodes = ",\n    ".join(json.dumps(node) for node in tree["nodes"])
    head = json.dumps({key: value for key, value in tree.items() if key != "nodes"}, indent=2, ensure_ascii=False)
    return f'{head[:-2]},\n  "nodes": [\n    {nodes}\n  ]\n}}\n'


if __name__ == "__main__":
    TREE.write_text(as_json(train()[1]), encoding="utf-8")
    print(f"wrote {TREE}")
