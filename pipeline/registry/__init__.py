"""
Registries that speak the Docker Registry HTTP API V2, asked over verified TLS.

`resolve` turns a tag into a digest with it, the checks before a deployment ask whether SageMaker will get the image.
Nothing here pushes, deletes or changes anything.
"""
