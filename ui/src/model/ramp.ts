// A share that moves while time goes by: where it is, and what a time line of it looks like.
import type { Ramp } from './definition';

export interface Point {
  at: number;
  weight: number;
}

const from = (ramp: Ramp) => new Date(ramp.from).getTime();
const to = (ramp: Ramp) => new Date(ramp.to).getTime();

/** The weight at an instant, in milliseconds since 1970. */
export function weightAt(ramp: Ramp, at: number): number {
  const gone = Math.min(1, Math.max(0, (at - from(ramp)) / (to(ramp) - from(ramp))));
  return ramp.startWeight + (ramp.endWeight - ramp.startWeight) * gone;
}

/** From a while before the ramp to a while after it. */
export function timeLine(ramp: Ramp): Point[] {
  const spare = (to(ramp) - from(ramp)) / 4;
  return [from(ramp) - spare, from(ramp), to(ramp), to(ramp) + spare].map((at) => ({ at, weight: weightAt(ramp, at) }));
}

/** Everything for `variant`, over the next day. */
export function rampUp(variant: string, total: number): Ramp {
  const hour = 3_600_000;
  const begin = Math.ceil(Date.now() / hour) * hour;
  return {
    variant,
    from: new Date(begin).toISOString(),
    to: new Date(begin + 24 * hour).toISOString(),
    startWeight: 0,
    endWeight: total,
  };
}
