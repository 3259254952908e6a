"""The notebook: magics, and panels to click on."""
