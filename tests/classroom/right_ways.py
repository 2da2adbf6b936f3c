"""Right ways to write each part: each a sequence old, new, old, new, ... of changes to the catalogue's solution.

None of them may be called wrong, alone or together with others.
"""

SPLIT = """X_temp, X_test, y_temp, y_test = train_test_split(X, y, test_size=10000, random_state=123)
X_train, X_valid, y_train, y_valid = train_test_split(X_temp, y_temp, test_size=5000, random_state=123)"""
WEIGHT = "self.weight = np.random.randn(in_features, out_features) * 0.05"
BIAS = "self.bias = np.zeros(out_features)"
FORWARD = "        self.input = x\n        output = np.dot(x, self.weight) + self.bias\n        return output"
GRAD_INPUT = "grad_input = np.dot(grad_output, self.weight.T)"
SIGMOID = "self.output = 1 / (1 + np.exp(-x))\n"
MSE = "error = np.mean((pred - target) ** 2)"
MLP_FORWARD = "        x = self.linear1(x)\n        x = self.act1(x)\n        x = self.linear2(x)\n        x = self.act2(x)\n        return x"
ONEHOT = "return np.eye(num_labels)[y]"
BATCHES = """    indices = np.arange(X.shape[0])
    np.random.shuffle(indices)
    for start_idx in range(0, indices.shape[0] - minibatch_size + 1, minibatch_size):
        batch_idx = indices[start_idx:start_idx + minibatch_size]
        yield X[batch_idx], y[batch_idx]
"""
STEP = "        for p, g in zip(self.params, self.grads):\n            p -= self.lr * g"
SGD = """        for p, g in zip(self.params, self.grads):
            p -= self.lr * g

    def zero_grad(self):
        for g in self.grads:
            g.fill(0.0)"""
MODEL = "model = MLP(in_features=in_features, hidden_size=hidden_size, out_features=out_features)"
LOOP = """for epoch in range(num_epochs):
    train_loader = minibatch_generator(X_train, y_train, minibatch_size=batch_size)
    valid_loader = minibatch_generator(X_valid, y_valid, minibatch_size=batch_size)

    train_loss = train(model, train_loader, optimizer, criterion=loss_fn)
    valid_loss, valid_acc = valid(model, valid_loader, criterion=loss_fn)
"""
FETCH = "X, y = fetch_openml('mnist_784', version=1, return_X_y=True)\n\nX = X.values\ny = y.astype(int).values\n"
SCALE = "X = ((X / 255.) - .5) * 2"

#: Part -> ways; those of one part exclude each other, those of different parts can be combined freely.
RIGHT: dict[str, list[tuple[str, ...]]] = {
    "data": [
        (FETCH, "X, y = fetch_openml('mnist_784', version=1, return_X_y=True, as_frame=False)\ny = y.astype(int)\n"),
        (
            FETCH,
            "X, y = fetch_openml('mnist_784', version=1, return_X_y=True)\nX = X.to_numpy()\ny = y.to_numpy().astype(np.int64)\n",
        ),
        (
            FETCH,
            "X, y = fetch_openml('mnist_784', version=1, return_X_y=True)\nX = np.array(X)\ny = np.array(y, dtype=int)\n",
        ),
        (
            FETCH,
            "mnist = fetch_openml('mnist_784', version=1)\nX, y = mnist.data.values, mnist.target.astype(int).values\n",
        ),
        (
            FETCH,
            "mnist = fetch_openml('mnist_784', version=1, as_frame=False)\nX, y = mnist['data'], mnist['target'].astype(np.uint8)\n",
        ),
        (
            FETCH,
            "X, y = fetch_openml('mnist_784', version=1, return_X_y=True, parser='auto')\nX = X.values.astype(np.float32)\ny = y.values.astype(int)\n",
        ),
        (
            FETCH,
            "def load():\n    X, y = fetch_openml('mnist_784', version=1, return_X_y=True)\n    return X.values, y.astype(int).values\n\nX, y = load()\nassert X.shape[0] == y.shape[0]\n",
        ),
        (
            FETCH,
            "try:\n    X, y = fetch_openml('mnist_784', version=1, return_X_y=True)\nexcept Exception as e:\n    print(e)\nX = X.values\ny = y.astype('int64').values\n",
        ),
        (
            FETCH,
            "X, y = fetch_openml('mnist_784', version=1, return_X_y=True)\nX = X.values\ny = np.array([int(label) for label in y])\n",
        ),
    ],
    "normalize": [
        (SCALE, "X = X / 127.5 - 1"),
        (SCALE, "X = 2 * (X / 255.0) - 1"),
        (SCALE, "X = X / 255.\nX = (X - .5) * 2"),
        (SCALE, "X = X.astype(float)\nX /= 255.\nX -= .5\nX *= 2"),
        (SCALE, "X = ((X / 255.) - .5) / .5"),
        (SCALE, "X = (((X / 255.) - .5) * 2).astype(np.float32)"),
        (SCALE, "X = X / 255."),
        (SCALE, "X = (X - X.mean()) / X.std()"),
        (SCALE, "X = (X - np.min(X)) / (np.max(X) - np.min(X)) * 2 - 1"),
        (SCALE, "def normalize(images):\n    return ((images / 255.) - .5) * 2\n\nX = normalize(X)"),
        (SCALE, "X = np.interp(X, (0, 255), (-1, 1))"),
    ],
    "split": [
        (
            SPLIT,
            "X_train, y_train = X[:55000], y[:55000]\nX_valid, y_valid = X[55000:60000], y[55000:60000]\nX_test, y_test = X[60000:], y[60000:]",
        ),
        (
            SPLIT,
            "X_temp, X_test, y_temp, y_test = train_test_split(X, y, test_size=10000, random_state=123, stratify=y)\nX_train, X_valid, y_train, y_valid = train_test_split(X_temp, y_temp, test_size=5000, random_state=123, stratify=y_temp)",
        ),
        (
            SPLIT,
            "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=10000)\nX_train, X_valid, y_train, y_valid = train_test_split(X_train, y_train, test_size=5000)",
        ),
        (
            SPLIT,
            "X_temp, X_test, y_temp, y_test = train_test_split(X, y, test_size=1/7, random_state=1)\nX_train, X_valid, y_train, y_valid = train_test_split(X_temp, y_temp, test_size=1/12, random_state=1)",
        ),
        (
            SPLIT,
            "X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=55000, random_state=0)\nX_valid, X_test, y_valid, y_test = train_test_split(X_rest, y_rest, train_size=5000, random_state=0)",
        ),
        (
            SPLIT,
            "order = np.random.permutation(len(X))\nX, y = X[order], y[order]\nX_train, X_valid, X_test = np.split(X, [55000, 60000])\ny_train, y_valid, y_test = np.split(y, [55000, 60000])",
        ),
        (
            SPLIT,
            "X_temp, X_test, y_temp, y_test = train_test_split(X, y, test_size=10000, shuffle=False)\nX_train, X_valid, y_train, y_valid = train_test_split(X_temp, y_temp, test_size=5000, shuffle=False)\ndel X, y, X_temp, y_temp",
        ),
        (
            SPLIT,
            "X_trainval, X_test, y_trainval, y_test = train_test_split(X, y, test_size=10000, random_state=42)\nX_train, X_valid, y_train, y_valid = train_test_split(X_trainval, y_trainval, test_size=5000, random_state=42)\nassert X_train.shape[0] == 55000 and X_valid.shape[0] == 5000, 'split sizes'",
        ),
        (
            SPLIT,
            "idx = np.random.RandomState(0).permutation(70000)\ntr, va, te = idx[:55000], idx[55000:60000], idx[60000:]\nX_train, y_train = X[tr], y[tr]\nX_valid, y_valid = X[va], y[va]\nX_test, y_test = X[te], y[te]",
        ),
        (
            SPLIT,
            "def my_split(X, y, n, seed=0):\n    rng = np.random.default_rng(seed)\n    p = rng.permutation(X.shape[0])\n    return X[p[n:]], X[p[:n]], y[p[n:]], y[p[:n]]\n\nX_temp, X_test, y_temp, y_test = my_split(X, y, 10000)\nX_train, X_valid, y_train, y_valid = my_split(X_temp, y_temp, 5000)",
        ),
        (
            SPLIT,
            "X_tv, X_test = X[:60000], X[60000:]\ny_tv, y_test = y[:60000], y[60000:]\nX_train, X_valid, y_train, y_valid = train_test_split(X_tv, y_tv, test_size=0.0833, random_state=3)",
        ),
    ],
    "minibatch_generator": [
        (
            BATCHES,
            "    n = len(X)\n    perm = np.random.permutation(n)\n    for i in range(0, n, minibatch_size):\n        j = perm[i:i + minibatch_size]\n        yield X[j], y[j]\n",
        ),
        (
            BATCHES,
            "    rng = np.random.default_rng()\n    order = rng.permutation(X.shape[0])\n    for k in range(X.shape[0] // minibatch_size):\n        rows = order[k * minibatch_size:(k + 1) * minibatch_size]\n        yield X[rows], y[rows]\n",
        ),
        (
            BATCHES,
            "    indices = np.random.permutation(X.shape[0])\n    Xs, ys = X[indices], y[indices]\n    start = 0\n    while start + minibatch_size <= len(Xs):\n        yield Xs[start:start + minibatch_size], ys[start:start + minibatch_size]\n        start += minibatch_size\n",
        ),
        (
            BATCHES,
            "    indices = np.arange(X.shape[0])\n    np.random.shuffle(indices)\n    batches = []\n    for s in range(0, len(indices) - minibatch_size + 1, minibatch_size):\n        b = indices[s:s + minibatch_size]\n        batches.append((X[b], y[b]))\n    return iter(batches)\n",
        ),
        (
            BATCHES,
            "    indices = np.arange(len(y))\n    np.random.shuffle(indices)\n    for batch_idx in np.array_split(indices, len(y) // minibatch_size):\n        yield np.take(X, batch_idx, axis=0), np.take(y, batch_idx)\n",
        ),
    ],
    "Linear.__init__": [
        (WEIGHT, "self.weight = np.random.randn(in_features, out_features) * 0.01"),
        (WEIGHT, "self.weight = np.random.randn(in_features, out_features) * np.sqrt(2. / in_features)"),
        (WEIGHT, "self.weight = np.random.randn(in_features, out_features) / np.sqrt(in_features)"),
        (
            WEIGHT,
            "limit = np.sqrt(6 / (in_features + out_features))\n        self.weight = np.random.uniform(-limit, limit, (in_features, out_features))",
        ),
        (WEIGHT, "self.weight = np.random.normal(0.0, 0.1, size=(in_features, out_features))"),
        (WEIGHT, "self.weight = np.random.normal(scale=0.5, size=(in_features, out_features))"),
        (WEIGHT, "self.weight = (np.random.rand(in_features, out_features) - 0.5) * 0.1"),
        (WEIGHT, "self.weight = np.random.rand(in_features, out_features) - 0.5"),
        (WEIGHT, "self.weight = 0.02 * np.random.rand(in_features, out_features) - 0.01"),
        (
            WEIGHT,
            "rng = np.random.default_rng(0)\n        self.weight = rng.normal(0, 0.05, (in_features, out_features))",
        ),
        (
            WEIGHT,
            "np.random.seed(42)\n        self.weight = np.random.standard_normal((in_features, out_features)) * 0.05",
        ),
        (
            WEIGHT,
            "self.weight = np.random.randn(in_features, out_features).astype(np.float32) * np.float32(0.05)",
            BIAS,
            "self.bias = np.zeros(out_features, dtype=np.float32)",
        ),
        (BIAS, "self.bias = np.zeros((1, out_features))"),
        (BIAS, "self.bias = np.random.randn(out_features) * 0.01"),
        (BIAS, "self.bias = np.zeros(shape=out_features, dtype=np.float64)"),
        (BIAS, "self.bias = np.full(out_features, 0.0)"),
        (
            "np.zeros_like(self.weight)",
            "np.zeros((in_features, out_features))",
            "np.zeros_like(self.bias)",
            "np.zeros(out_features)",
        ),
        ("np.zeros_like(self.weight)", "np.zeros(self.weight.shape)", "np.zeros_like(self.bias)", "0 * self.bias"),
        (
            "np.zeros_like(self.weight)",
            "np.empty_like(self.weight)",
            "np.zeros_like(self.bias)",
            "np.empty_like(self.bias)",
        ),
        (
            WEIGHT,
            "self.in_features, self.out_features = in_features, out_features\n        self.weight = 0.05 * np.random.randn(in_features, out_features)\n        self.name = 'linear'",
        ),
        (
            "def __init__(self, in_features, out_features):\n        self.weight",
            "def __init__(self, in_features: int, out_features: int, scale: float = 0.05) -> None:\n        assert in_features > 0 and out_features > 0\n        self.weight",
        ),
        (WEIGHT, "self.weight = np.random.uniform(-1, 1, (in_features, out_features)) / np.sqrt(in_features)"),
        (
            WEIGHT,
            "self.weight = np.array([[np.random.gauss() if False else np.random.randn() * 0.05 for _ in range(out_features)] for _ in range(in_features)])",
        ),
        (WEIGHT, "self.weight = np.random.randn(in_features, out_features)\n        self.weight *= 0.01"),
    ],
    "Linear.forward": [
        (FORWARD, "        self.input = x\n        return x @ self.weight + self.bias"),
        (FORWARD, "        self.input = x\n        return x.dot(self.weight) + self.bias"),
        (FORWARD, "        self.input = x\n        return np.matmul(x, self.weight) + self.bias"),
        (FORWARD, "        self.input = x\n        return np.einsum('bi,io->bo', x, self.weight) + self.bias"),
        (FORWARD, "        self.input = x\n        return np.add(np.dot(x, self.weight), self.bias)"),
        (FORWARD, "        self.input = x\n        return (self.weight.T @ x.T).T + self.bias"),
        (
            FORWARD,
            "        self.input = x\n        output = x @ self.weight\n        output += self.bias\n        return output",
        ),
        (
            FORWARD,
            "        self.input = x\n        output = np.zeros((x.shape[0], self.weight.shape[1]))\n        for i in range(x.shape[0]):\n            output[i] = x[i] @ self.weight + self.bias\n        return output",
        ),
        (
            FORWARD,
            "        self.input = x\n        return np.tensordot(x, self.weight, axes=1) + self.bias.reshape(1, -1)",
        ),
        (
            FORWARD,
            "        self.input = x\n        rows = []\n        for row in x:\n            rows.append([sum(row[i] * self.weight[i, j] for i in range(len(row))) + self.bias.ravel()[j] for j in range(self.weight.shape[1])])\n        return np.array(rows)",
        ),
        (
            FORWARD,
            "        self.input = x.copy()\n        self.output = x @ self.weight + self.bias\n        print('linear', self.output.shape)\n        return self.output",
        ),
        (
            FORWARD,
            "        self.input = x\n        return self._affine(x)\n\n    def _affine(self, x):\n        return x @ self.weight + self.bias",
        ),
        (
            FORWARD,
            "        self.input = x\n        ones = np.ones((x.shape[0], 1))\n        return x @ self.weight + ones @ self.bias.reshape(1, -1)",
        ),
        (
            FORWARD,
            "        self.x = x\n        return x @ self.weight + self.bias",
            "np.dot(self.input.T, grad_output)",
            "np.dot(self.x.T, grad_output)",
        ),
    ],
    "Linear.backward": [
        (GRAD_INPUT, "grad_input = grad_output @ self.weight.T"),
        ("np.mean(grad_output, axis=0)", "np.sum(grad_output, axis=0)"),
        (
            "np.mean(grad_output, axis=0)",
            "grad_output.sum(axis=0)",
            GRAD_INPUT,
            "grad_input = np.einsum('bo,io->bi', grad_output, self.weight)",
        ),
        ("self.grad_weight[...] =", "self.grad_weight[:] =", "self.grad_bias[...] =", "self.grad_bias[:] ="),
        ("self.grad_weight[...] =", "self.grad_weight +=", "self.grad_bias[...] =", "self.grad_bias +="),
    ],
    "Sigmoid.forward": [
        (SIGMOID, "self.output = 1.0 / (1.0 + np.exp(-x))\n"),
        (SIGMOID, "self.output = np.exp(x) / (1 + np.exp(x))\n"),
        (SIGMOID, "self.output = 0.5 * (1 + np.tanh(x / 2))\n"),
        (SIGMOID, "z = np.clip(x, -500, 500)\n        self.output = 1 / (1 + np.exp(-z))\n"),
        (
            SIGMOID,
            "self.output = np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))\n",
        ),
        (
            SIGMOID,
            "out = np.empty_like(x, dtype=float)\n        pos = x >= 0\n        out[pos] = 1 / (1 + np.exp(-x[pos]))\n        e = np.exp(x[~pos])\n        out[~pos] = e / (1 + e)\n        self.output = out\n",
        ),
        (SIGMOID, "from math import exp\n        self.output = np.vectorize(lambda v: 1 / (1 + exp(-v)))(x)\n"),
        (SIGMOID, "from scipy.special import expit\n        self.output = expit(x)\n"),
        (SIGMOID, "self.output = np.power(1 + np.exp(-x), -1)\n"),
        (SIGMOID, "self.output = np.reciprocal(1 + np.exp(-x))\n"),
        (SIGMOID, "self.input = x\n        self.output = 1 / (1 + np.e ** (-x))\n"),
        (
            SIGMOID,
            "import math\n        result = np.zeros(x.shape)\n        for i in range(x.shape[0]):\n            for j in range(x.shape[1]):\n                result[i, j] = 1 / (1 + math.exp(-x[i, j]))\n        self.output = result\n",
        ),
        (
            SIGMOID + "        return self.output",
            "result = 1 / (1 + np.exp(-x))\n        self.output = result\n        return result",
        ),
        (
            "self.output = 1 / (1 + np.exp(-x))\n        return self.output",
            "self.s = 1 / (1 + np.exp(-x))\n        return self.s",
            "return grad_output * self.output * (1 - self.output)",
            "return grad_output * self.s * (1 - self.s)",
        ),
        (
            "self.output = 1 / (1 + np.exp(-x))\n        return self.output",
            "self.x = x\n        return self._f(x)\n\n    def _f(self, z):\n        return 1 / (1 + np.exp(-z))",
            "return grad_output * self.output * (1 - self.output)",
            "return grad_output * self._f(self.x) * (1 - self._f(self.x))",
        ),
    ],
    "MSELoss.forward": [
        (MSE, "error = ((pred - target) ** 2).mean()"),
        (MSE, "error = np.square(pred - target).mean()"),
        (MSE, "error = np.sum((pred - target) ** 2) / target.size"),
        (MSE, "error = np.sum((pred - target) ** 2) / len(pred)"),
        (MSE, "error = np.sum(np.square(target - pred)) / pred.shape[0]"),
        (MSE, "error = np.mean(np.sum((pred - target) ** 2, axis=1))"),
        (MSE, "error = np.average((pred - target) * (pred - target))"),
        (MSE, "error = np.mean(np.mean((pred - target) ** 2, axis=1))"),
        (MSE, "diff = pred - target\n        error = np.dot(diff.ravel(), diff.ravel()) / diff.size"),
        (MSE, "error = np.linalg.norm(pred - target) ** 2 / len(pred)"),
        (
            MSE,
            "error = 0\n        for p, t in zip(pred, target):\n            error += np.sum((p - t) ** 2)\n        error = error / len(pred)",
        ),
        (MSE, "error = float(np.mean(np.power(pred - target, 2)))"),
        (
            MSE,
            "total = 0.0\n        n, c = pred.shape\n        for i in range(n):\n            for j in range(c):\n                total += (pred[i, j] - target[i, j]) ** 2\n        error = total / (n * c)",
        ),
        (MSE, "error = np.mean(np.abs(pred - target) ** 2)"),
        (MSE, "from sklearn.metrics import mean_squared_error\n        error = mean_squared_error(target, pred)"),
        (MSE, "error = np.trace((pred - target) @ (pred - target).T) / pred.shape[0]"),
    ],
    "MSELoss.backward": [
        (
            "return 2. * (self.pred - self.target) / self.target.shape[0]",
            "return 2. * (self.pred - self.target) / self.target.size",
        ),
        (
            "return 2. * (self.pred - self.target) / self.target.shape[0]",
            "n = len(self.pred)\n        return (2 / n) * (self.pred - self.target)",
        ),
    ],
    "SGD": [
        (STEP, "        for i in range(len(self.params)):\n            self.params[i] -= self.lr * self.grads[i]"),
        (STEP, "        for p, g in zip(self.params, self.grads):\n            p[...] = p - self.lr * g"),
        (STEP, "        for p, g in zip(self.params, self.grads):\n            np.subtract(p, self.lr * g, out=p)"),
        (STEP, "        for p, g in zip(self.params, self.grads):\n            p += -self.lr * g"),
        ("g.fill(0.0)", "g[...] = 0"),
        ("g.fill(0.0)", "g *= 0"),
    ],
    "MLP.__init__": [
        (
            "self.linear1 = Linear(in_features, hidden_size)",
            "self.linear1 = Linear(in_features=in_features, out_features=hidden_size)",
        ),
        (
            "        self.act2 = Sigmoid()\n",
            "        self.act2 = Sigmoid()\n        self.layers = [self.linear1, self.act1, self.linear2, self.act2]\n",
        ),
        (
            "def __init__(self, in_features, hidden_size, out_features):\n        self.linear1",
            "def __init__(self, in_features, hidden_size, out_features, activation=Sigmoid):\n        self.linear1",
            "self.act1 = Sigmoid()",
            "self.act1 = activation()",
        ),
        (
            "def __init__(self, in_features, hidden_size, out_features):\n        self.linear1",
            "def __init__(self, in_features=784, hidden_size=50, out_features=10):\n        print('building', in_features, hidden_size, out_features)\n        self.linear1",
        ),
    ],
    "MLP.forward": [
        (MLP_FORWARD, "        return self.act2(self.linear2(self.act1(self.linear1(x))))"),
        (
            MLP_FORWARD,
            "        z1 = self.linear1.forward(x)\n        a1 = self.act1.forward(z1)\n        z2 = self.linear2.forward(a1)\n        return self.act2.forward(z2)",
        ),
        (
            MLP_FORWARD,
            "        for layer in (self.linear1, self.act1, self.linear2, self.act2):\n            x = layer(x)\n        return x",
        ),
        (
            MLP_FORWARD,
            "        self.h = self.act1(self.linear1(x))\n        y = self.act2(self.linear2(self.h))\n        return y",
        ),
        (
            MLP_FORWARD,
            "        assert x.ndim == 2, 'expected a batch'\n        out = self.linear1(x)\n        out = self.act1(out)\n        out = self.linear2(out)\n        out = self.act2(out)\n        return out",
        ),
    ],
    "MLP.backward": [
        ("        _ = self.linear1.backward(grad_z1)\n", "        return self.linear1.backward(grad_z1)\n"),
        (
            "return self.linear1.parameters() + self.linear2.parameters()",
            "return [*self.linear1.parameters(), *self.linear2.parameters()]",
        ),
        (
            "return self.linear1.parameters() + self.linear2.parameters()",
            "return self.linear2.parameters() + self.linear1.parameters()",
            "return self.linear1.gradients() + self.linear2.gradients()",
            "return self.linear2.gradients() + self.linear1.gradients()",
        ),
    ],
    "train": [
        ("grad_output = loss_fn.backward()", "grad_output = criterion.backward()"),
        (
            "    return total_loss / num_samples\n\n\ndef valid",
            "    return total_loss\n\n\ndef valid",
            "total_loss += loss\n        num_samples",
            "total_loss += loss / 550\n        num_samples",
        )
        if False
        else (
            "    num_samples = 0\n    for",
            "    num_samples, num_batches = 0, 0\n    for",
            "        num_samples += len(y_batch)\n\n    return total_loss / num_samples",
            "        num_batches += 1\n\n    return total_loss / num_batches",
        ),
        ("total_loss += loss\n        num_samples", "total_loss += loss * len(y_batch)\n        num_samples"),
        ("    return total_loss / num_samples\n", "    return float(total_loss / num_samples)\n"),
        (
            "        optimizer.zero_grad()\n\n        preds",
            "        preds",
            "        model.backward(grad_output)\n        optimizer.step()",
            "        model.backward(grad_output)\n        optimizer.step()\n        optimizer.zero_grad()",
        ),
        (
            "loss = criterion(preds, int_to_onehot(y_batch))\n\n        grad",
            "targets = int_to_onehot(y_batch)\n        loss = criterion.forward(preds, targets)\n\n        grad",
        ),
    ],
    "valid": [
        ("predicted_labels = np.argmax(preds, axis=1)", "predicted_labels = preds.argmax(axis=-1)"),
        (
            "total_loss /= total_predictions\n    accuracy = (correct_predictions / total_predictions)*100",
            "accuracy = 100. * correct_predictions / total_predictions\n    total_loss = total_loss / total_predictions",
        ),
        (
            "correct_predictions += (predicted_labels == y_batch).sum()",
            "correct_predictions += np.sum(predicted_labels == y_batch)",
        ),
        ("        total_loss += loss\n\n", "        total_loss += loss * len(y_batch)\n\n"),
    ],
    "int_to_onehot": [
        ("def int_to_onehot(y, num_labels=10):\n    return", "int_to_onehot = lambda y, num_labels=10:"),
        (
            ONEHOT,
            "onehot = np.zeros((y.shape[0], num_labels))\n    onehot[np.arange(y.shape[0]), y] = 1\n    return onehot",
        ),
        (
            ONEHOT,
            "ary = np.zeros((y.shape[0], num_labels))\n    for i, val in enumerate(y):\n        ary[i, val] = 1\n    return ary",
        ),
        (ONEHOT, "return (y[:, None] == np.arange(num_labels)).astype(float)"),
        (ONEHOT, "return np.eye(num_labels, dtype=np.float32)[np.asarray(y, dtype=int)]"),
        (ONEHOT, "return np.array([[1 if k == label else 0 for k in range(num_labels)] for label in y])"),
        (ONEHOT, "return np.identity(num_labels)[y.reshape(-1)]"),
    ],
    "settings": [
        (  # a class that holds settings is no part of the network
            "X, y = fetch_openml",
            "class Config:\n    seed = 123\n    rate = 0.1\n\n\ncfg = Config()\nX, y = fetch_openml",
            "test_size=10000, random_state=123",
            "test_size=10000, random_state=cfg.seed",
            "lr=learning_rate",
            "lr=cfg.rate",
        ),
        ("in_features = 28 * 28", "in_features = X_train.shape[1]"),
        ("in_features = 28 * 28", "in_features = 784"),
        (MODEL, "model = MLP(in_features, hidden_size, out_features)"),
        (MODEL, "model = MLP(784, 100, 10)"),
        ("learning_rate = 0.1", "learning_rate = 0.5"),
        ("learning_rate = 0.1", "learning_rate = 0.01"),
        ("np.random.seed(123)", "np.random.seed(0)"),
        (
            "num_epochs = 50",
            "num_epochs = 10\nhistory = []",
            '    print(f"Epoch',
            '    history.append((train_loss, valid_loss, valid_acc))\n    print(f"Epoch',
        ),
        (
            "loss_fn = MSELoss()\noptimizer = SGD(model.parameters(), model.gradients(), lr=learning_rate)",
            "loss_fn = MSELoss()\noptimizer = SGD(params=model.parameters(), grads=model.gradients(), lr=learning_rate)\nprint(sum(p.size for p in model.parameters()))",
        ),
        (
            "optimizer = SGD(model.parameters(), model.gradients(), lr=learning_rate)",
            "optimizer = SGD(model.parameters(), model.gradients())",
        ),
    ],
    "test": [
        (  # the mean over batches of one size, into which the test set divides
            """        predicted_labels = np.argmax(preds, axis=1)
        correct_predictions += (predicted_labels == y_batch).sum()
        total_predictions += len(y_batch)

    accuracy = (correct_predictions / total_predictions)*100
    return accuracy
""",
            """        correct_predictions += np.mean(np.argmax(preds, axis=1) == y_batch)
        total_predictions += 1

    return 100 * correct_predictions / total_predictions
""",
        ),
        (
            "    accuracy = (correct_predictions / total_predictions)*100\n    return accuracy\n",
            "    return 100 * correct_predictions / total_predictions\n",
        ),
    ],
    "ReLU": [
        ("return np.maximum(x, 0)", "return x * (x > 0)"),
        ("return np.maximum(x, 0)", "return np.where(x > 0, x, 0)"),
        ("return np.maximum(x, 0)", "return np.maximum(0.0, x)"),
        ("return np.maximum(x, 0)", "return (np.abs(x) + x) / 2"),
        ("return np.maximum(x, 0)", "return np.clip(x, 0, None)"),
        (
            "self.input = x\n        return np.maximum(x, 0)",
            "self.mask = x > 0\n        return x * self.mask",
            "return grad_output * (self.input > 0)",
            "return grad_output * self.mask",
        ),
        (
            "self.input = x\n        return np.maximum(x, 0)",
            "self.output = np.maximum(x, 0)\n        return self.output",
            "return grad_output * (self.input > 0)",
            "g = grad_output.copy()\n        g[self.output <= 0] = 0\n        return g",
        ),
        ("return grad_output * (self.input > 0)", "return np.where(self.input > 0, grad_output, 0)"),
    ],
    "CrossEntropyLoss": [
        ("np.log(self.prob + 1e-12)", "np.log(np.clip(self.prob, 1e-15, 1))"),
        (
            "-np.mean(np.sum(target * np.log(self.prob + 1e-12), axis=1))",
            "-np.sum(target * np.log(self.prob + 1e-8)) / pred.shape[0]",
        ),
        (
            "        shifted = pred - np.max(pred, axis=1, keepdims=True)\n        self.prob = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)\n",
            "        self.prob = pred\n",
        ),
        (
            "        shifted = pred - np.max(pred, axis=1, keepdims=True)\n        self.prob = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)\n",
            "        self.prob = np.clip(pred, 1e-9, 1 - 1e-9)\n",
            "return (self.prob - self.target) / self.target.shape[0]",
            "return -(self.target / self.prob) / len(self.prob)",
        ),
        (
            "        shifted = pred - np.max(pred, axis=1, keepdims=True)\n        self.prob = np.exp(shifted) / np.sum(np.exp(shifted), axis=1, keepdims=True)\n",
            "        self.prob = np.clip(pred, 1e-9, 1 - 1e-9)\n",
            "error = -np.mean(np.sum(target * np.log(self.prob + 1e-12), axis=1))",
            "error = -np.mean(target * np.log(self.prob) + (1 - target) * np.log(1 - self.prob))",
            "return (self.prob - self.target) / self.target.shape[0]",
            "return (self.prob - self.target) / (self.prob * (1 - self.prob)) / self.prob.size",
        ),
    ],
}

_LINEAR_OUT_IN = (
    WEIGHT, "self.weight = np.random.randn(out_features, in_features) * 0.05",
    "output = np.dot(x, self.weight) + self.bias", "output = x @ self.weight.T + self.bias",
    GRAD_INPUT, "grad_input = grad_output @ self.weight",
    "np.dot(self.input.T, grad_output)", "grad_output.T @ self.input",
)  # fmt: skip

#: Whole files that depart from the handout in more than one part at once.
WHOLE: dict[str, tuple[str, ...]] = {
    "weights (out, in) with a backward that fits": _LINEAR_OUT_IN,
    "weights (out, in), bias gradient by sum": (
        *_LINEAR_OUT_IN,
        "np.mean(grad_output, axis=0)",
        "np.sum(grad_output, axis=0)",
    ),
    "names of its own in Linear": (
        WEIGHT,
        "self.W = np.random.randn(in_features, out_features) * 0.05",
        BIAS,
        "self.b = np.zeros(out_features)",
        "np.zeros_like(self.weight)",
        "np.zeros_like(self.W)",
        "np.zeros_like(self.bias)",
        "np.zeros_like(self.b)",
        "np.dot(x, self.weight) + self.bias",
        "np.dot(x, self.W) + self.b",
        "self.weight.T)",
        "self.W.T)",
        "return [self.weight, self.bias]",
        "return [self.W, self.b]",
    ),
    "a list of layers": (
        "        self.linear1 = Linear(in_features, hidden_size)\n        self.act1 = Sigmoid()\n        self.linear2 = Linear(hidden_size, out_features)\n        self.act2 = Sigmoid()\n",
        "        self.layers = [Linear(in_features, hidden_size), Sigmoid(), Linear(hidden_size, out_features), Sigmoid()]\n",
        MLP_FORWARD,
        "        for layer in self.layers:\n            x = layer(x)\n        return x",
        "        grad_z2 = self.act2.backward(grad_output)\n        grad_a1 = self.linear2.backward(grad_z2)\n\n        grad_z1 = self.act1.backward(grad_a1)\n        _ = self.linear1.backward(grad_z1)\n",
        "        for layer in reversed(self.layers):\n            grad_output = layer.backward(grad_output)\n",
        "return self.linear1.parameters() + self.linear2.parameters()",
        "return self.layers[0].parameters() + self.layers[2].parameters()",
        "return self.linear1.gradients() + self.linear2.gradients()",
        "return self.layers[0].gradients() + self.layers[2].gradients()",
    ),
    "a base class that gives every layer its lists": (
        "class Linear:\n",
        "class Layer:\n    def parameters(self):\n        return []\n\n    def gradients(self):\n        return []\n\n\nclass Linear(Layer):\n",
        "class Sigmoid:\n",
        "class Sigmoid(Layer):\n",
        "        self.act2 = Sigmoid()\n",
        "        self.act2 = Sigmoid()\n        self.layers = [self.linear1, self.act1, self.linear2, self.act2]\n",
        "return self.linear1.parameters() + self.linear2.parameters()",
        "return [p for layer in self.layers for p in layer.parameters()]",
        "return self.linear1.gradients() + self.linear2.gradients()",
        "return [g for layer in self.layers for g in layer.gradients()]",
    ),
    "three linear layers": (
        "self.linear2 = Linear(hidden_size, out_features)\n        self.act2 = Sigmoid()\n",
        "self.linear2 = Linear(hidden_size, hidden_size)\n        self.act2 = Sigmoid()\n        self.linear3 = Linear(hidden_size, out_features)\n        self.act3 = Sigmoid()\n",
        "        x = self.act2(x)\n        return x",
        "        x = self.act2(x)\n        return self.act3(self.linear3(x))",
        "grad_z2 = self.act2.backward(grad_output)",
        "grad_output = self.linear3.backward(self.act3.backward(grad_output))\n        grad_z2 = self.act2.backward(grad_output)",
        "self.linear1.parameters() + self.linear2.parameters()",
        "self.linear1.parameters() + self.linear2.parameters() + self.linear3.parameters()",
        "self.linear1.gradients() + self.linear2.gradients()",
        "self.linear1.gradients() + self.linear2.gradients() + self.linear3.gradients()",
    ),
    "ReLU in the hidden layer": ("self.act1 = Sigmoid()", "self.act1 = ReLU()"),
    "scores and softmax cross-entropy": (
        "loss_fn = MSELoss()",
        "loss_fn = CrossEntropyLoss()",
    ),
    "division by the batch moved from the loss to the layer": (
        "return 2. * (self.pred - self.target) / self.target.shape[0]",
        "return 2. * (self.pred - self.target)",
        "np.dot(self.input.T, grad_output)",
        "np.dot(self.input.T, grad_output) / self.input.shape[0]",
    ),
    "no __call__, forward everywhere": (
        "class Linear:\n",
        "class Linear:\n    __slots__ = ('weight', 'bias', 'grad_weight', 'grad_bias', 'input')\n\n",
    ),
    "a main function": (
        "in_features = 28 * 28\n",
        "def settings():\n    return 28 * 28, 50, 10, 0.1\n\n\nin_features, hidden_size, out_features, learning_rate = settings()\n",
        "hidden_size = 50\nout_features = 10\nlearning_rate = 0.1\n",
        "",
    ),
    "a training function around the loop": (
        LOOP,
        "def fit():\n    best = 0\n    for epoch in range(num_epochs):\n        train_loss = train(model, minibatch_generator(X_train, y_train, batch_size), optimizer, loss_fn)\n        valid_loss, valid_acc = valid(model, minibatch_generator(X_valid, y_valid, batch_size), loss_fn)\n        best = max(best, valid_acc)\n    return best\n\n\nfor epoch in [0]:\n    valid_acc = fit()\n    train_loss = valid_loss = 0.0\n",
    ),
    "names x_train": (
        SPLIT,
        "x_temp, x_test, y_temp, y_test = train_test_split(X, y, test_size=10000, random_state=123)\nx_train, x_val, y_train, y_val = train_test_split(x_temp, y_temp, test_size=5000, random_state=123)",
        "minibatch_generator(X_train, y_train, minibatch_size=batch_size)",
        "minibatch_generator(x_train, y_train, minibatch_size=batch_size)",
        "minibatch_generator(X_valid, y_valid",
        "minibatch_generator(x_val, y_val",
        "minibatch_generator(X_test",
        "minibatch_generator(x_test",
    ),
    "scaled after the split": (
        SCALE + "\n",
        "",
        SPLIT,
        SPLIT
        + "\nX_train = (X_train / 255. - .5) * 2\nX_valid = (X_valid / 255. - .5) * 2\nX_test = (X_test / 255. - .5) * 2",
    ),
    "tests of its own and prints": (
        "in_features = 28 * 28\n",
        "layer = Linear(3, 2)\nout = layer.forward(np.ones((4, 3)))\nassert out.shape == (4, 2)\nprint(Sigmoid()(np.zeros((1, 1))))\nprint('loss', MSELoss()(np.ones((2, 2)), np.zeros((2, 2))))\n\nin_features = 28 * 28\n",
    ),
    "plots with seaborn and tqdm": (
        "import numpy as np\n",
        "import numpy as np\nimport matplotlib.pyplot as plt\nimport seaborn as sns\nfrom tqdm import tqdm\n\nsns.set_theme()\n",
        SCALE,
        SCALE
        + "\n\nfig, ax = plt.subplots(nrows=2, ncols=5, sharex=True, sharey=True)\nax = ax.flatten()\nfor i in range(10):\n    img = X[y == i][0].reshape(28, 28)\n    ax[i].imshow(img, cmap='Greys')\nplt.show()",
        "for epoch in range(num_epochs):",
        "for epoch in tqdm(range(num_epochs)):",
    ),
    "a base class": (
        "class Linear:\n",
        "class Layer:\n    def __call__(self, x):\n        return self.forward(x)\n\n\nclass Linear(Layer):\n",
        "class Sigmoid:\n    def __call__(self, x):\n        return self.forward(x)\n\n",
        "class Sigmoid(Layer):\n",
    ),
    "type hints and docstrings": (
        "    def forward(self, x):\n        self.input = x\n        output",
        '    def forward(self, x: np.ndarray) -> np.ndarray:\n        """Return x W + b."""\n        self.input: np.ndarray = x\n        output',
        "class MLP:\n",
        'class MLP:\n    """Two layers."""\n\n',
    ),
}

WHOLE["scores without a last activation, and cross-entropy"] = (
    "        x = self.act2(x)\n        return x",
    "        return x",
    "grad_z2 = self.act2.backward(grad_output)",
    "grad_z2 = grad_output",
    "loss_fn = MSELoss()",
    "loss_fn = CrossEntropyLoss()",
)
