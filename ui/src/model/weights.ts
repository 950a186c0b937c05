import type { Serve, Weight } from './definition';

/** Weights in hundredths of a percent at most; their sum stays what it is while one of them moves. */
export function totalOf(weights: Weight[]): number {
  return weights.reduce((sum, { weight }) => sum + weight, 0);
}

type Split = NonNullable<Serve['split']>;

/** The same shares, also a ramp's, of at least 100 steps. */
export function fine(split: Split): Split {
  const total = totalOf(split.weights);
  if (total >= 100) return split;
  const scaled = (weight: number) => Math.round((weight * 100) / total);
  const { ramp } = split;
  return {
    ...split,
    weights: spread(split.weights, 100),
    ...(ramp && { ramp: { ...ramp, startWeight: scaled(ramp.startWeight), endWeight: scaled(ramp.endWeight) } }),
  };
}

/** Shares as they are, of another total: rounded down, and what is left over goes to the first of them. */
function spread(weights: Weight[], total: number): Weight[] {
  const before = totalOf(weights);
  const even = before === 0;
  const scaled = weights.map(({ variant, weight }) => ({
    variant,
    weight: Math.floor(even ? total / weights.length : (weight * total) / before),
  }));
  let left = total - totalOf(scaled);
  for (let i = 0; left > 0; i = (i + 1) % scaled.length, --left) scaled[i]!.weight += 1;
  return scaled;
}

/** One weight moves, and the others make room by their shares. */
export function setWeight(weights: Weight[], index: number, weight: number): Weight[] {
  const total = totalOf(weights);
  const own = Math.max(0, Math.min(total, Math.round(weight)));
  const others = spread(weights.filter((_, i) => i !== index), total - own);
  others.splice(index, 0, { variant: weights[index]!.variant, weight: own });
  return others;
}
