// What was packed comes back exactly.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { unpack } from "../page/unpack.js";

test("bytes of all kinds come back", () => {
  let seed = 3;
  const random = (below) => Math.floor(((seed = (seed * 48271) % 2147483647) / 2147483647) * below);
  const kinds = {
    nothing: [],
    "a byte": [7],
    zeros: new Array(100000).fill(0),
    noise: Array.from({ length: 50000 }, () => random(256)),
    words: Array.from({ length: 60000 }, (_, i) => (i % 9 ? 97 + random(3) : 32)),
    repetitions: Array.from({ length: 200000 }, (_, i) => ((i >> 9) * (i & 63)) & 255),
  };
  for (const [kind, bytes] of Object.entries(kinds)) {
    for (const options of ["lc=4,pb=0", "lc=3,pb=2", "lc=0,lp=2,pb=1"]) {
      const packed = execFileSync("xz", ["--format=lzma", `--lzma1=${options}`, "-c"], { input: Buffer.from(bytes), maxBuffer: 1 << 26 });
      assert.ok(Buffer.from(bytes).equals(Buffer.from(unpack(packed))), `${kind}, ${options}`);
    }
  }
});
