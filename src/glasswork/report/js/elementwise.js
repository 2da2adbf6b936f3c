/**
 * Layers that treat every number alone: activations, scaling, and batch normalisation once it is trained.
 *
 * value(x)  what the layer makes of a number        slope(x)  how fast that changes with the number
 *
 * Dropout and noise do nothing in a trained network, so they are the identity here.
 */

/**
 * @typedef {object} Elementwise
 * @property {(x: number, layer: any, j: number) => number} value
 * @property {(x: number, layer: any, j: number) => number} slope
 */

/** Added to variances, as in glasswork/nn/batchnorm.py. */
const EPSILON = 1e-5;

const ROOT = Math.sqrt(2 / Math.PI);

/** @param {number} x */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** @type {Elementwise} */
const identity = { value: (x) => x, slope: () => 1 };

/** @type {Record<string, Elementwise>} By the words for layers in recipes and model files. */
export const ELEMENTWISE = {
  identity,
  scale: { value: (x, { settings }) => (x - settings.offset) / settings.spread, slope: (_, { settings }) => 1 / settings.spread },
  dropout: identity,
  "gaussian-noise": identity,
  sigmoid: { value: sigmoid, slope: (x) => sigmoid(x) * (1 - sigmoid(x)) },
  tanh: { value: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  "leaky-relu": {
    value: (x, layer) => Math.max(x, layer.settings.slope * x),
    slope: (x, layer) => (x > 0 ? 1 : layer.settings.slope),
  },
  silu: { value: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
  gelu: {
    value: (x) => (x / 2) * (1 + Math.tanh(ROOT * x * (1 + 0.044715 * x * x))),
    slope: (x) => {
      const tanh = Math.tanh(ROOT * x * (1 + 0.044715 * x * x));
      return (1 + tanh + x * (1 - tanh * tanh) * ROOT * (1 + 3 * 0.044715 * x * x)) / 2;
    },
  },
  "batch-norm": {
    value: (x, { arrays }, j) =>
      ((x - arrays.running_mean[j]) / Math.sqrt(arrays.running_variance[j] + EPSILON)) * arrays.gamma[j] +
      arrays.beta[j],
    slope: (_, { arrays }, j) => arrays.gamma[j] / Math.sqrt(arrays.running_variance[j] + EPSILON),
  },
};

/**
 * What each layer does, for a reader: the formula, with x for the number that comes in.
 * @type {Record<string, string>}
 */
export const FORMULAS = {
  sigmoid: "1 / (1 + e⁻ˣ)",
  tanh: "tanh x",
  relu: "x, or 0 if x is negative",
  "leaky-relu": "x, or a small part of x if x is negative",
  silu: "x / (1 + e⁻ˣ)",
  gelu: "x × the normal distribution function of x",
  "batch-norm": "(x − usual mean) ÷ usual deviation × scale + shift",
};
