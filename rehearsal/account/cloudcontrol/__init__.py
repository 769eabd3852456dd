"""Cloud Control: one interface for several types, and the types' schemas as CloudFormation's registry tells them."""
