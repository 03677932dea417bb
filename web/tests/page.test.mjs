// The page in a browser: its numbers against the command, every control, wrong inputs, and hundreds of moves.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { open, root, says, text } from "./browser.mjs";

let opened;
before(async () => { opened = await open(); });
after(async () => { await opened.close(); });

const command = (...options) => JSON.parse(execFileSync("cargo", ["run", "--quiet", "--release", "--package", "freespectra-cli", "--", ...options, "--json", "-"], { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 }));
const close = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)), `${what}: ${a} ${b}`);

test("laws are those of the command", async () => {
  const settings = [];
  for (const batches of [1, 2, 4, 8]) for (const step of [0.3, 1.1]) for (const ratio of [0.4, 1.5]) settings.push([batches, step, ratio, [[1, 1]]]);
  for (const batches of [2, 3]) for (const population of [[[1, 0.5], [4, 0.5]], [[0.2, 0.25], [1, 0.75]]]) settings.push([batches, 0.8, 0.5, population]);
  assert.equal(settings.length, 20);
  for (const [batches, step, ratio, population] of settings) {
    const name = `B = ${batches}, step ${step}, ratio ${ratio}, population ${JSON.stringify(population)}`;
    const found = await opened.page.evaluate(async (options) => {
      const law = await freespectra.law(options);
      const [low, high] = law.support[0], middle = (low + high) / 2;
      return { support: law.support, atoms: law.atoms, moments: law.moments, quantile: law.quantile([0.97]), there: law.cdf(law.quantile([0.97])), inside: law.density([middle])[0] };
    }, { batches, epoch_step: step, aspect_ratio: ratio, population });
    const pairs = population.map((atom) => atom.join(":")).join(",");
    const exact = command("z", "-B", `${batches}`, "--epoch-step", `${step}`, "--gamma", `${ratio}`, "--population", pairs, "--features", "0", "--quantiles", "0.97");
    found.support.flat().forEach((x, i) => close(x, exact.support.flat()[i], `${name}: support`));
    found.moments.forEach((m, i) => close(m, exact.moments[i], `${name}: moment`));
    close(found.quantile[0], exact.quantiles[0].x, `${name}: quantile`);
    close(found.there[0], 0.97, `${name}: cdf`);
    assert.ok(found.inside > 0);
  }
});

test("curves are those of the command", async () => {
  const found = await opened.page.evaluate(() => freespectra.curve({ batches: 3, epoch_step: 0.9, aspect_ratio: 0.5, population: [[1, 1]], noise: 0.2, order: "cyclic", epochs: 5 }));
  const exact = command("trajectory", "-B", "3", "--epoch-step", "0.9", "--gamma", "0.5", "--noise", "0.2", "--schedule", "cyclic", "--epochs", "5", "--features", "0");
  found.risk.forEach((risk, i) => close(risk, exact.risk[i], "risk"));
  found.train.forEach((train, i) => close(train, exact.train[i], "train"));
});

test("curves of other methods are those of the command", async () => {
  const methods = [
    [{ momentum: 0.6 }, ["--momentum", "0.6"]],
    [{ nesterov: true, step_schedule: "warmup:4" }, ["--nesterov", "--step-schedule", "warmup:4"]],
    [{ momentum: 0.3, nesterov: true, ridge: 0.2, zero_start: true }, ["--momentum", "0.3", "--nesterov", "--ridge", "0.2", "--zero-start"]],
    [{ step_schedule: "cosine", average: "polyak,ema:0.3" }, ["--step-schedule", "cosine", "--average", "polyak,ema:0.3"]],
    [{ step_schedule: "inverse-time:5", average: "tail:6", precondition: -0.5 }, ["--step-schedule", "inverse-time:5", "--average", "tail:6", "--precondition", "power:-0.5"]],
  ];
  for (const [options, given] of methods) {
    const name = given.join(" ");
    const found = await opened.page.evaluate((options) => freespectra.curve({ batches: 3, epoch_step: 0.9, aspect_ratio: 0.5, population: [[1, 0.5], [3, 0.5]], noise: 0.2, epochs: 4, ...options }), options);
    const exact = command("trajectory", "-B", "3", "--epoch-step", "0.9", "--gamma", "0.5", "--population", "1:0.5,3:0.5", "--noise", "0.2", "--epochs", "4", "--features", "0", "--schedules", "8", "--seed", "0", ...given);
    assert.equal(found.risk.length, 13);
    found.risk.forEach((risk, i) => close(risk, exact.risk[i], `${name}: risk`));
    found.train.forEach((train, i) => close(train, exact.train[i], `${name}: train`));
    assert.equal(found.averages.length, exact.averages.length);
    found.averages.forEach((average, k) => average.risk.forEach((risk, i) => close(risk, exact.averages[k].risk[i], `${name}: average`)));
  }
  const refused = await opened.page.evaluate(() => freespectra.curve({ batches: 2, momentum: 1.2 }).catch((error) => error.message));
  assert.match(refused, /momentum/);
});

test("the method by keyboard and mouse, in the address and in what is copied", async () => {
  const { page, errors, close } = await open("#view=curves&batches=2&epochs=4");
  await says(page, "#numbers", "smallest risk");
  const before = await text(page, "#numbers");
  assert.equal(await page.$eval("#method", (details) => details.open), false);
  await page.click("#method summary");
  await page.select("#rule", "heavy-ball");
  await page.focus("#momentum-slider");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => location.hash.includes("momentum=0.51"));
  const ridge = await (await page.$("#ridge-slider")).boundingBox();
  await page.mouse.click(ridge.x + 0.25 * ridge.width, ridge.y + ridge.height / 2);
  await page.click("#zero_start");
  await page.select("#step_schedule", "warmup");
  await page.$eval("#schedule_steps", (input) => { input.value = ""; });
  await page.type("#schedule_steps", "6");
  await page.focus("#average");
  await page.keyboard.type("of the tail");
  await page.$eval("#average_from", (input) => { input.value = ""; });
  await page.type("#average_from", "3");
  await page.focus("#precondition-slider");
  await page.keyboard.press("ArrowRight");
  await says(page, "#numbers", "tail:3");
  assert.notEqual(await text(page, "#numbers"), before);
  assert.match(await text(page, "#method-words"), /heavy ball 0.51, ridge 0.\d+ from 0, steps warmup:6, tail:3, preconditioned 0.05/);
  await page.waitForFunction(() => /rule=heavy-ball&momentum=0.51&ridge=0.\d+&zero_start=true&step_schedule=warmup&schedule_steps=6&average=tail&average_from=3&precondition=0.05/.test(location.hash));
  assert.equal(await page.$eval("#average_part", (input) => input.offsetParent), null);
  const copied = await page.evaluate(() => {
    const copied = {};
    navigator.clipboard.writeText = async (text) => { copied.text = text; };
    return ["command", "rust", "python"].reduce((before, kind) => before.then(async (all) => {
      copied.text = null;
      document.querySelector(`[data-copy=${kind}]`).click();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [...all, copied.text];
    }), Promise.resolve([]));
  });
  assert.match(copied[0], /--momentum 0.51 --ridge 0.\d+ --zero-start --step-schedule warmup:6 --average tail:3 --precondition power:0.05 --figure$/);
  assert.match(copied[1], /Momentum::heavy_ball\(0.51\)\?\)\.with_ridge\(0.\d+\)\?\.with_start\(Start::Zero\)\?/);
  assert.match(copied[2], /order="reshuffle", method=fs\.Method\(momentum=0.51, ridge=0.\d+, zero_start=True, step_schedule="warmup:6", average="tail:3", precondition=0.05\)\)\.curve\(4\)/);
  assert.deepEqual(errors, []);
  await close();
});

test("the plane: smallest risks and thresholds are those of the command", async () => {
  const [map, stability, other] = await opened.page.evaluate(async () => {
    const asked = { batches: 4, aspect_ratio: 0.5, population: [[1, 1]], noise: 0.3, epochs: 6, order: "cyclic" };
    return [await freespectra.map({ ...asked, epoch_steps: [0.3, 1.2, 9] }), await freespectra.stability(asked), await freespectra.stability({ ...asked, ridge: 0.1 })];
  });
  for (const [i, step] of [0.3, 1.2, 9].entries()) {
    const exact = command("trajectory", "-B", "4", "--epoch-step", `${step}`, "--epochs", "6", "--schedule", "cyclic", "--features", "0");
    const least = Math.min(...exact.risk);
    close(map.risk[i], least, `risk at ${step}`);
    close(map.epochs[i], exact.risk.indexOf(least) / 4, `epochs at ${step}`);
    close(stability.epoch_step, exact.stability_epoch_step, "threshold");
  }
  assert.equal(other.epoch_step, null);
});

test("the plane by pointer and keyboard", async () => {
  const { page, errors, close } = await open("#view=map&order=cyclic&epochs=5");
  await says(page, "#numbers", "B = 32smallest");
  // A change on the way starts anew.
  await page.focus("#noise-slider");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelector("#picture").getAttribute("aria-label").includes("noise 0.45"));
  await says(page, "#numbers", "runs diverge beyond");
  const box = await (await page.$("#picture")).boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  assert.match(await text(page, "#pointed"), /^B = [68], epoch step .* smallest risk/);
  const copied = await page.evaluate(async () => {
    let copied;
    navigator.clipboard.writeText = async (text) => { copied = text; };
    document.querySelector("[data-copy=command]").click();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return copied;
  });
  assert.match(copied, /^freespectra trajectory -B \d+ --epoch-step 0\.\d+ /);
  await page.focus("#see");
  await page.keyboard.press("Enter");
  await says(page, "#numbers", "at the end");
  assert.ok(copied.includes(`-B ${await page.$eval("#batches", (input) => input.value)} --epoch-step ${await page.$eval("#epoch_step", (input) => input.value)} `));
  await page.click("#tab-map");
  await says(page, "#numbers", "B = 32smallest");
  await page.mouse.click(box.x + box.width / 2, box.y + 0.4 * box.height);
  await page.waitForFunction(() => /view=curves|batches=[68]/.test(location.hash));
  await says(page, "#numbers", "at the end");
  assert.deepEqual(errors, []);
  await close();
});

test("polynomials are those of the command, and errors are words", async () => {
  const law = await opened.page.evaluate(async () => (await freespectra.polynomial("x*y + y*x", { x: "semicircle:1", y: "mp:0.5" })).support);
  const exact = command("polynomial", "--poly", "x*y + y*x", "--law", "x=semicircle:1", "--law", "y=mp:0.5", "--features", "0");
  law.flat().forEach((x, i) => close(x, exact.support.flat()[i], "support"));
  const composed = { x: "mp:0.5 * atoms:1@0.5,3@0.5", y: "compress(semicircle:2 + 1, 0.3)" };
  const moments = await opened.page.evaluate(async (laws) => (await freespectra.polynomial("x + y", laws)).moments, composed);
  const same = command("polynomial", "--poly", "x + y", ...Object.entries(composed).flatMap(([v, law]) => ["--law", `${v}=${law}`]), "--features", "0");
  moments.forEach((m, i) => close(m, same.moments[i], "moment of composed laws"));
  const fault = await opened.page.evaluate(() => freespectra.polynomial("x", { x: "mp:1 + gauss" }).catch((error) => error.message));
  assert.match(fault, /column 8/);
  const said = await opened.page.evaluate(() => freespectra.polynomial("x*y", { x: "semicircle:1", y: "mp:0.5" }).catch((error) => error.message));
  assert.match(said, /not self-adjoint/);
  const refused = await opened.page.evaluate(() => freespectra.law({ batches: 0 }).catch((error) => error.message));
  assert.match(refused, /batches/);
});

test("work is cancelled, and the engine goes on", async () => {
  const [name, late, mean] = await opened.page.evaluate(async () => {
    const controller = new AbortController(), start = performance.now();
    const long = freespectra.law({ batches: 48, aspect_ratio: 0.5, signal: controller.signal }).catch((error) => error.name);
    setTimeout(() => controller.abort(), 200);
    const name = await long, late = performance.now() - start;
    return [name, late, (await freespectra.law({ batches: 1, aspect_ratio: 0.5 })).moments[0]];
  });
  assert.equal(name, "AbortError");
  assert.ok(late < 1000, `${late} ms`);
  close(mean, 1, "mean of Marchenko and Pastur");
});

test("every control by keyboard and mouse", async () => {
  const { page, errors, close } = await open("#sampled=false");
  await says(page, "#numbers", "support");
  for (const key of ["batches", "epoch_step", "aspect_ratio"]) {
    const value = await page.$eval(`#${key}`, (input) => input.value);
    await page.focus(`#${key}-slider`);
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await page.$eval(`#${key}`, (input) => input.value), value, key);
  }
  await page.waitForFunction(() => location.hash.includes("batches=5"));
  const slider = await (await page.$("#aspect_ratio-slider")).boundingBox();
  await page.mouse.click(slider.x + 0.8 * slider.width, slider.y + slider.height / 2);
  assert.ok(+(await page.$eval("#aspect_ratio", (input) => input.value)) > 1);
  await says(page, "#numbers", "atoms");
  await page.$eval("#population", (input) => { input.value = ""; });
  await page.type("#population", "1, 3");
  await says(page, "#numbers", "support");
  await page.type("#population", ", tea");
  await says(page, "#message", "population");
  await page.focus("#tab-spectrum");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => location.hash.includes("view=curves"));
  await page.click("#tab-polynomial");
  await says(page, "#numbers", "support");
  await page.focus("#text");
  await page.keyboard.press("End");
  await page.keyboard.type(" +");
  await says(page, "#message", "column");
  await page.$eval("#text", (input) => { input.value = ""; });
  await page.type("#text", "x + y");
  await page.waitForFunction(() => document.querySelector("#message").textContent === "");
  assert.deepEqual(errors, []);
  await close();
});

test("an address is a picture", async () => {
  const { page, close } = await open("#batches=2&epoch_step=0.8&sampled=false");
  await says(page, "#numbers", "support");
  const exact = command("z", "-B", "2", "--epoch-step", "0.8", "--features", "0").support[0];
  assert.ok((await text(page, "#numbers")).includes(exact[1].toPrecision(8)));
  assert.match(await page.$eval("#picture", (canvas) => canvas.getAttribute("aria-label")), /B = 2/);
  await close();
});

test("tables, right and wrong", async () => {
  const wrong = await opened.page.evaluate(() => freespectra.data("a,b\n1,2\n3,x\n").catch((error) => error.message));
  assert.match(wrong, /line 3/);
  const { page, errors, close } = await open("#view=data");
  await page.click("#demo");
  await says(page, "#numbers", "take");
  assert.match(await text(page, "#numbers"), /batches, step size/);
  assert.deepEqual(errors, []);
  await close();
});

test("two hundred moves", async () => {
  const { page, errors, close } = await open();
  let seed = 11;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 200; i++) {
    const key = ["batches", "epoch_step", "aspect_ratio"][Math.floor(3 * random())];
    await page.$eval(`#${key}-slider`, (slider, share) => {
      slider.value = +slider.min + share * (slider.max - slider.min);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, random());
  }
  await page.$eval("#batches-slider", (slider) => { slider.value = 2; slider.dispatchEvent(new Event("input", { bubbles: true })); });
  await page.waitForFunction(() => document.querySelector("#picture").getAttribute("aria-label").includes("B = 2,"), { timeout: 60000 });
  assert.deepEqual(errors, []);
  await close();
});

test("pictures at two sizes", async () => {
  mkdirSync(`${root}/target/page`, { recursive: true });
  const sizes = [["desktop", {}], ["phone", { width: 390, height: 844 }], ["dark", { dark: true }]];
  const views = [["spectrum", "support"], ["curves", "at the end"], ["map", "B = 32smallest"]];
  for (const [name, view, shown, options] of views.flatMap(([view, shown]) => sizes.map(([size, options]) => [`${view}-${size}`, view, shown, options]))) {
    const { page, errors, close } = await open(`#view=${view}`, options);
    await says(page, "#numbers", shown);
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await page.screenshot({ path: `${root}/target/page/${name}.png` });
    assert.deepEqual(errors, []);
    await close();
  }
});
