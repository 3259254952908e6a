"""The verbs by hand: forms, progress, boards and plots of ipywidgets."""
