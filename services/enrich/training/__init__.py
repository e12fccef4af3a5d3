"""Training and evaluation of the models in `models/`; left out of the wheel."""
