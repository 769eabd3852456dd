"""The pack `holdfast-container-access`."""
