"""The pack `holdfast-endpoint-integrity`."""
