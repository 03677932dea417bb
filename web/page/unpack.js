// The module is packed by LZMA (`xz --format=lzma`), which takes a third less than the gzip that browsers unpack.

/** The bytes that were packed; their end is marked. */
export function unpack(packed) {
  const lc = packed[0] % 9, lp = Math.floor(packed[0] / 9) % 5, pb = Math.floor(packed[0] / 45);
  const posMask = (1 << pb) - 1, literalMask = (1 << lp) - 1;
  // A header of 13 bytes and a byte of zeros come before the code.
  let from = 14, range = 0xffffffff, code = 0;
  for (let i = 0; i < 4; i++) code = (code << 8) | packed[from++];
  code >>>= 0;

  const fresh = (size) => new Uint16Array(size).fill(1024);
  const bit = (probabilities, index) => {
    const probability = probabilities[index], bound = (range >>> 11) * probability;
    let found;
    if (code < bound) {
      range = bound;
      probabilities[index] = probability + ((2048 - probability) >> 5);
      found = 0;
    } else {
      range -= bound;
      code -= bound;
      probabilities[index] = probability - (probability >> 5);
      found = 1;
    }
    if (range < 0x1000000) {
      range = (range << 8) >>> 0;
      code = ((code << 8) | packed[from++]) >>> 0;
    }
    return found;
  };
  const direct = (count) => {
    let value = 0;
    while (count--) {
      range >>>= 1;
      const found = code >= range ? 1 : 0;
      if (found) code -= range;
      if (range < 0x1000000) {
        range = (range << 8) >>> 0;
        code = ((code << 8) | packed[from++]) >>> 0;
      }
      value = 2 * value + found;
    }
    return value;
  };
  const tree = (probabilities, offset, bits) => {
    let m = 1;
    for (let i = 0; i < bits; i++) m = 2 * m + bit(probabilities, offset + m);
    return m - (1 << bits);
  };
  const reversed = (probabilities, offset, bits) => {
    let m = 1, value = 0;
    for (let i = 0; i < bits; i++) {
      const found = bit(probabilities, offset + m);
      m = 2 * m + found;
      value += found << i;
    }
    return value;
  };
  const lengths = () => {
    const choice = fresh(2), low = fresh(8 << pb), mid = fresh(8 << pb), high = fresh(256);
    return (state) => !bit(choice, 0) ? 2 + tree(low, 8 * state, 3) : !bit(choice, 1) ? 10 + tree(mid, 8 * state, 3) : 18 + tree(high, 0, 8);
  };

  const literals = fresh(0x300 << (lc + lp)), isMatch = fresh(12 << 4), isRep = fresh(12), isRep0 = fresh(12), isRep0Long = fresh(12 << 4);
  const isRep1 = fresh(12), isRep2 = fresh(12), slots = fresh(4 * 64), distances = fresh(128), low = fresh(16);
  const matchLength = lengths(), repeatedLength = lengths();
  let out = new Uint8Array(8 * packed.length), at = 0, state = 0, reps = [0, 0, 0, 0];
  for (;;) {
    if (at + 273 > out.length) {
      const larger = new Uint8Array(2 * out.length);
      larger.set(out);
      out = larger;
    }
    const pos = at & posMask;
    if (!bit(isMatch, (state << 4) + pos)) {
      const before = at ? out[at - 1] : 0;
      const offset = 0x300 * (((at & literalMask) << lc) + (before >> (8 - lc)));
      let symbol = 1;
      if (state >= 7) {
        let expected = out[at - reps[0] - 1];
        do {
          const ahead = (expected >> 7) & 1;
          expected <<= 1;
          const found = bit(literals, offset + ((1 + ahead) << 8) + symbol);
          symbol = 2 * symbol + found;
          if (found !== ahead) break;
        } while (symbol < 0x100);
      }
      while (symbol < 0x100) symbol = 2 * symbol + bit(literals, offset + symbol);
      out[at++] = symbol;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let length;
    if (bit(isRep, state)) {
      if (!bit(isRep0, state)) {
        if (!bit(isRep0Long, (state << 4) + pos)) {
          out[at] = out[at - reps[0] - 1];
          at++;
          state = state < 7 ? 9 : 11;
          continue;
        }
      } else {
        const which = !bit(isRep1, state) ? 1 : !bit(isRep2, state) ? 2 : 3;
        reps.unshift(...reps.splice(which, 1));
      }
      length = repeatedLength(pos);
      state = state < 7 ? 8 : 11;
    } else {
      length = matchLength(pos);
      state = state < 7 ? 7 : 10;
      const slot = tree(slots, 64 * Math.min(length - 2, 3), 6);
      let distance = slot;
      if (slot >= 4) {
        const bits = (slot >> 1) - 1;
        distance = (2 | (slot & 1)) * 2 ** bits;
        if (slot < 14) distance += reversed(distances, distance - slot, bits);
        else distance += 16 * direct(bits - 4) + reversed(low, 0, 4);
      }
      if (distance === 0xffffffff) return out.subarray(0, at);
      reps = [distance, reps[0], reps[1], reps[2]];
    }
    const start = at - reps[0] - 1;
    for (let i = 0; i < length; i++) out[at + i] = out[start + i];
    at += length;
  }
}
