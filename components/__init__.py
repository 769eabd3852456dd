"""What is deployed: Pulumi components, one file for each of SageMaker's nouns, and the settings they follow."""
