"""Images in which no session can be opened: those of SageMaker's built-in algorithms.

Source: "Docker Registry Paths and Example Code" (SageMaker, ecr paths): the algorithms' repositories in AWS's own
registries. AWS's deep learning containers, and an image of one's own of the same name, aren't among them.
"""

from __future__ import annotations

from knowledge.arns import parse_image

ALGORITHMS = frozenset(
    (
        *(
            "blazingtext",
            "forecasting-deepar",
            "factorization-machines",
            "image-classification",
            "ipinsights",
            "kmeans",
        ),
        *("knn", "lda", "linear-learner", "ntm", "object-detection", "object2vec", "pca", "randomcutforest"),
        *("semantic-segmentation", "seq2seq", "sagemaker-xgboost", "xgboost"),
    )
)


def algorithm_of(reference: str, account: str) -> str:
    """
    The built-in algorithm whose image this is, or nothing.

    Arguments:
        reference: the container's image.
        account: the endpoint's own account; what lies there is its owner's, whatever it is called.

    """
    image = parse_image(reference)
    name = image.repository.rpartition("/")[2]
    return name if image.is_ecr and image.account != account and name in ALGORITHMS else ""
