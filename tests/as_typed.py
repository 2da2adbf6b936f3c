"""A user's program as mypy sees it: strict mypy fails if one of the slips below is no error any more."""

from glasswork import MLP, Run

model = MLP(784, [20, 10], 10, dropout=0.1, batch_norm=True, seed=1)
weight = model.linear1.weight
sizes = (model.act2, model.drop1.p, model.norm1.scale.shape, model.linear3.bias.shape)
model.predct([])  # type: ignore[attr-defined]
model.linaer1  # type: ignore[attr-defined]  # noqa: B018

run = Run("relu")
run.epoches()  # type: ignore[attr-defined]
