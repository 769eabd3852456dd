"""The pack `holdfast`."""
