"""Reader of W&B's sweeps, with the meaning that ``sweeps`` 0.3 and ``wandb`` 0.31 give them."""
