// A generator of random choices that a seed repeats (mulberry32).
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // In [0, 1).
  unit() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  // A whole number from 0 and below `end`.
  below(end) {
    return Math.floor(this.unit() * end);
  }

  chance(share) {
    return this.unit() < share;
  }

  pick(choices) {
    return choices[this.below(choices.length)];
  }

  // One of the functions of [[weight, make], …], called.
  oneOf(choices) {
    let left = this.unit() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of choices) {
      if ((left -= weight) < 0) return make();
    }
    return choices[0][1]();
  }

  // `least` to `most` values made by `make`.
  list(least, most, make) {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }
}
