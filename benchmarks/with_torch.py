"""PyTorch, eager: data as tensors in memory, an index a batch, the optimiser in its fused form where that is faster."""

import os

import torch
from torch import nn
from works import TRAIN, Work, data, initial


class Torch:
    def __init__(self, work: Work) -> None:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.kernel = f"PyTorch's own, {torch.backends.cpu.get_cpu_capability()}"
        x, y, x_test, y_test = data()
        self.work = work
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.x_test, self.y_test = torch.from_numpy(x_test), torch.from_numpy(y_test)
        self.onehot = nn.functional.one_hot(self.y, 10).float()
        squared = work.loss == "mse"
        layers: list[nn.Module] = []
        pairs = initial(work)
        for i, (weight, bias) in enumerate(pairs):
            linear = nn.Linear(*weight.shape)
            with torch.no_grad():
                linear.weight[...], linear.bias[...] = torch.from_numpy(weight.T), torch.from_numpy(bias)
            layers.append(linear)
            if squared:
                layers.append(nn.Sigmoid())
            elif i < len(pairs) - 1:
                layers.append(nn.ReLU())
                if work.dropout:
                    layers.append(nn.Dropout(work.dropout))
        self.model = nn.Sequential(*layers)
        rate, parameters = work.learning_rate, self.model.parameters()
        if work.optimizer == "sgd":
            self.optimizer: torch.optim.Optimizer = torch.optim.SGD(parameters, lr=rate, fused=FUSED)
        elif work.optimizer == "adam":
            self.optimizer = torch.optim.Adam(parameters, lr=rate, fused=True)
        else:
            self.optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, fused=True)

    def train(self, epochs: int) -> None:
        work, model, optimizer = self.work, self.model.train(), self.optimizer
        squared = work.loss == "mse"
        for _ in range(epochs):
            for batch in torch.randperm(TRAIN).split(work.batch):
                optimizer.zero_grad(set_to_none=True)
                scores = model(self.x[batch])
                if squared:
                    loss = (scores - self.onehot[batch]).square().sum() / len(batch)
                else:
                    loss = nn.functional.cross_entropy(scores, self.y[batch])
                loss.backward()
                optimizer.step()

    def test(self) -> float:
        with torch.no_grad():
            return float(100 * (self.model.eval()(self.x_test).argmax(1) == self.y_test).float().mean())


FUSED = os.environ.get("FUSED", "1") == "1"
