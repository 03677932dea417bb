// The page: its state stands in the address, a change asks the engine, and the newest answer is drawn.

const $ = (id) => document.getElementById(id);
const packed = Uint8Array.from(atob($("module").textContent.trim()), (c) => c.charCodeAt(0));
// The controls are painted first.
const engine = new Promise((painted) => setTimeout(painted)).then(() => start(unpack(packed), $("worker").textContent));
const functions = ["law", "curve", "runs", "sample", "map", "stability", "critical", "polynomial", "data"];
const freespectra = Object.fromEntries(functions.map((name) => [name, async (...options) => (await engine)[name](...options)]));
globalThis.freespectra = freespectra;

const DEFAULTS = {
  view: "spectrum", batches: 4, epoch_step: 1, aspect_ratio: 0.5, population: "1:1", noise: 0.3, epochs: 15, order: "reshuffle",
  rule: "none", momentum: 0.5, ridge: 0, zero_start: false, step_schedule: "constant", schedule_steps: 20, average: "none", average_from: 20,
  average_part: 0.1, precondition: 0,
  text: "x*y + y*x", x: "semicircle:1", y: "mp:0.5", z: "semicircle:1", target: "", standardize: false, sampled: true,
};
const NUMBERS = ["batches", "epoch_step", "aspect_ratio", "noise", "epochs", "momentum", "ridge", "schedule_steps", "average_from", "average_part", "precondition"];
const WORDS = ["population", "text", "x", "y", "z", "target", "order", "rule", "step_schedule", "average"];
const CHECKS = ["standardize", "sampled", "zero_start"];
const VIEWS = [...document.querySelectorAll("[data-view]")].map((tab) => tab.dataset.view);
const state = { ...DEFAULTS };
let csv = null, figure = null, table = null, drawn = { laws: 0, frames: 0 };
globalThis.measured = drawn;

// The address

function readAddress() {
  Object.assign(state, DEFAULTS);
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) {
    if (!(key in DEFAULTS)) continue;
    const kind = typeof DEFAULTS[key];
    if (kind === "number" && Number.isFinite(+value)) state[key] = +value;
    else if (kind === "boolean") state[key] = value === "true";
    else if (kind === "string") state[key] = value;
  }
  if (!VIEWS.includes(state.view)) state.view = "spectrum";
}

let writing;
function writeAddress() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    const changed = Object.entries(state).filter(([key, value]) => value !== DEFAULTS[key]);
    history.replaceState(null, "", "#" + new URLSearchParams(changed));
  }, 150);
}

function showControls() {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const chosen = tab.dataset.view === state.view;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const part of document.querySelectorAll("[data-views]")) part.hidden = !part.dataset.views.split(" ").includes(state.view);
  for (const part of document.querySelectorAll("[data-when]")) {
    const [key, values] = part.dataset.when.split("=");
    part.hidden = !values.split(" ").includes(state[key]);
  }
  $("method-words").textContent = methodWords();
  for (const key of Object.keys(DEFAULTS)) {
    const input = $(key);
    if (!input || document.activeElement === input) continue;
    input.type === "checkbox" ? (input.checked = state[key]) : (input.value = state[key]);
  }
  for (const key of NUMBERS) $(`${key}-slider`).value = state[key];
}

// What the user asks for

function population() {
  const text = state.population.trim();
  const power = /^power-law:([\d.eE+-]+)(?::(\d+))?$/.exec(text);
  if (power) {
    const count = +(power[2] ?? 8);
    return Array.from({ length: count }, (_, k) => [(k + 1) ** -power[1], 1 / count]);
  }
  const atoms = text.split(",").map((part) => part.split(":").map(Number));
  if (atoms.some((atom) => atom.some(Number.isNaN) || atom.length > 2)) throw new Error(`population: got “${text}”, expected “t:weight, t:weight”, “t, t” or “power-law:s”`);
  const plain = atoms.every((atom) => atom.length === 1);
  const total = plain ? atoms.length : atoms.reduce((sum, [, w]) => sum + (w ?? NaN), 0);
  return atoms.map(([t, w]) => [t, (plain ? 1 : w) / total]);
}

const model = () => ({ batches: state.batches, epoch_step: state.epoch_step, aspect_ratio: state.aspect_ratio, population: population() });

const descent = () => ({ aspect_ratio: state.aspect_ratio, population: population(), noise: state.noise, epochs: state.epochs, order: state.order, ...method() });

let asked = 0, busy = null, again = false, extras = null;

/** The newest wins: what is under way is finished if it is quick, and stopped if it is not. */
async function update() {
  writeAddress();
  if (busy) {
    again = true;
    busy.late ??= setTimeout(() => busy?.abort.abort(), 700);
    return;
  }
  const number = ++asked;
  busy = { abort: new AbortController() };
  extras?.abort();
  extras = new AbortController();
  try {
    await ask[state.view](busy.abort.signal, extras.signal, () => number === asked && !again);
    if (!again) $("message").textContent = "";
  } catch (error) {
    if (error.name !== "AbortError") $("message").textContent = error.message;
  }
  clearTimeout(busy.late);
  busy = null;
  if (again) { again = false; update(); }
}

function show(next, numbers, columns) {
  figure = next;
  table = columns;
  $("numbers").innerHTML = "";
  for (const [name, value] of numbers) {
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.textContent = name; dd.textContent = value;
    $("numbers").append(dt, dd);
  }
  $("picture").setAttribute("aria-label", `${next.title}. ${numbers.map(([name, value]) => `${name}: ${value}`).join("; ")}`);
  drawn.laws++;
  paint();
}

const fixed = (x) => (x === null || x === undefined ? "none" : Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5 ? x.toExponential(5) : x.toPrecision(8));
const interval = ([a, b]) => `[${fixed(a)}, ${fixed(b)}]`;
const curveOf = (law) => law.drawn.reduce((all, { x, y }) => ({ x: [...all.x, ...x, NaN], y: [...all.y, ...y, null] }), { x: [], y: [] });

function histogram(values, atoms) {
  const rest = values.filter((v) => !atoms.some(([at]) => Math.abs(v - at) < 1e-9 * Math.max(1, Math.abs(v))));
  if (rest.length < 2) return null;
  rest.sort((a, b) => a - b);
  const quartiles = rest[Math.floor(0.75 * rest.length)] - rest[Math.floor(0.25 * rest.length)];
  const span = rest[rest.length - 1] - rest[0];
  const count = Math.max(16, Math.min(80, Math.ceil(span / ((2 * quartiles) / Math.cbrt(rest.length) || span))));
  const edges = Array.from({ length: count + 1 }, (_, i) => rest[0] + (span * i) / count);
  const heights = new Array(count).fill(0);
  for (const v of rest) heights[Math.min(count - 1, Math.floor(((v - rest[0]) / span) * count))] += count / span / values.length;
  return { x: edges, y: heights };
}

function lawLayers(law, label) {
  const layers = [];
  if (law.drawn.length) layers.push({ kind: "line", ...curveOf(law), colour: "law", label, width: 2.4 });
  if (law.atoms.length) layers.push({ kind: "arrow", x: law.atoms.map(([t]) => t), y: law.atoms.map(([, w]) => w), colour: "law" });
  return layers;
}

const lawNumbers = (law) => [
  ["support", law.support.map(interval).join(" ") || "atoms only"],
  ...(law.atoms.length ? [["atoms", law.atoms.map(([t, w]) => `${fixed(w)} at ${fixed(t)}`).join(", ")]] : []),
  ["mean, variance", `${fixed(law.moments[0])}, ${fixed(law.moments[1] - law.moments[0] ** 2)}`],
  ["error of the mass", law.mass_error.toExponential(1)],
];

const describe = () => `B = ${state.batches}, epoch step ${short(state.epoch_step)}, p/n = ${short(state.aspect_ratio)}`;

const ask = {
  async spectrum(signal, later, current) {
    const asked = model();
    const [law, full] = [await freespectra.law({ ...asked, signal }), await freespectra.law({ ...asked, batches: 1, epoch_step: 1, signal })];
    const layers = [{ kind: "line", ...curveOf(full), colour: "full", label: "full batch, W", dashed: true, width: 1.6 }, ...lawLayers(law, "predicted law of Z")];
    const title = `Spectrum of Z: ${describe()}`;
    const base = { title, xLabel: "eigenvalue", yLabel: "density", layers };
    const numbers = lawNumbers(law);
    show(base, numbers, { x: curveOf(law).x, density: curveOf(law).y });
    if (!state.sampled) return;
    const features = state.batches > 6 ? 120 : 200;
    freespectra.sample({ ...asked, features, signal: later }).then(({ eigenvalues, rows }) => {
      const bars = histogram(eigenvalues, law.atoms);
      if (!current() || !bars) return;
      drawn.laws--;
      show({ ...base, layers: [{ kind: "bars", ...bars, colour: "bars", label: `sampled, p = ${features}, n = ${rows}` }, ...layers] }, numbers, table);
    }, quietly);
  },
  async curves(signal, later, current) {
    const asked = { ...model(), ...descent() };
    const curve = await freespectra.curve({ ...asked, signal });
    const wild = Math.max(...curve.risk, ...curve.train) > 30 * Math.max(curve.train[0], 1e-9);
    const layers = [
      { kind: "line", x: curve.epochs, y: curve.risk, colour: "test", label: "excess risk" },
      { kind: "line", x: curve.epochs, y: curve.train, colour: "train", label: "training error" },
      ...(curve.mean_risk ? [{ kind: "line", x: curve.mean_risk.map((_, k) => k), y: curve.mean_risk, colour: "line", label: "risk of the mean over orders", dashed: true }] : []),
      ...curve.averages.map(({ average, risk }) => ({ kind: "line", x: curve.epochs, y: risk, colour: "line", label: `excess risk of the average, ${average}` })),
    ];
    const base = { title: `Errors: ${[describe(), `noise ${short(state.noise)}`, ...methodParts()].join(", ")}`, xLabel: "epochs", yLabel: "error", logY: wild, xFromZero: true, layers };
    const end = curve.risk.length - 1;
    const numbers = [
      ["smallest risk", `${fixed(Math.min(...curve.risk))} after ${short(curve.epochs[curve.risk.indexOf(Math.min(...curve.risk))])} epochs`],
      ["at the end", `risk ${fixed(curve.risk[end])}, training ${fixed(curve.train[end])}`],
      ...curve.averages.map(({ average, risk, train }) => [average, `at the end risk ${fixed(risk[end])}, training ${fixed(train[end])}`]),
      ...(curve.diverged === null ? [] : [["diverged", `beyond 1e100 from step ${curve.diverged} on`]]),
    ];
    show(base, numbers, { epochs: curve.epochs, risk: curve.risk, train: curve.train, ...Object.fromEntries(curve.averages.map(({ average, risk }) => [average, risk])) });
    if (!state.sampled) return;
    freespectra.runs({ ...asked, signal: later }).then((runs) => {
      if (!current()) return;
      const every = Math.ceil(runs.epochs.length / 30), thin = (v) => v.filter((_, i) => i % every === 0);
      const points = (y, colour, label) => ({ kind: "points", x: thin(runs.epochs), y: thin(y), colour, label });
      drawn.laws--;
      show({ ...base, layers: [...layers, points(runs.risk, "test", `${runs.draws} runs, p = ${runs.features}, n = ${runs.rows}`), points(runs.train, "train"), ...runs.averages.map(({ risk }) => points(risk, "line"))] }, numbers, table);
    }, quietly);
  },
  map: askMap,
  async polynomial(signal) {
    const laws = { x: state.x, y: state.y, z: state.z };
    const law = await freespectra.polynomial(state.text, laws, { ...(state.sampled ? { features: 200 } : {}), signal });
    const bars = law.eigenvalues ? histogram(law.eigenvalues, law.atoms) : null;
    const layers = [...(bars ? [{ kind: "bars", ...bars, colour: "bars", label: "random matrices of size 200" }] : []), ...lawLayers(law, "predicted law")];
    show({ title: `Law of ${state.text}`, xLabel: "eigenvalue", yLabel: "density", layers }, lawNumbers(law), { x: curveOf(law).x, density: curveOf(law).y });
  },
  async data(signal) {
    if (csv === null) {
      show({ title: "Drop a table, or take the example", xLabel: "epochs", yLabel: "error", layers: [] }, [["what you get", "the number of batches, the step and the epoch with the smallest predicted test error, without a run"]], {});
      return;
    }
    $("message").textContent = "working on the table ...";
    const found = await freespectra.data(csv, { target: state.target, standardize: state.standardize, signal });
    const { best } = found;
    show({
      title: `${found.rows} rows, ${found.features} features, target ${found.target}: B = ${best.batches}, step ${short(best.step_size)}`, xLabel: "epochs", yLabel: "mean square error", xFromZero: true,
      layers: [
        { kind: "line", x: found.epochs, y: found.test, colour: "test", label: "test, predicted" },
        { kind: "line", x: found.epochs, y: found.train, colour: "train", label: "train, predicted" },
        { kind: "vertical", x: [best.epochs], y: [], colour: "muted", dashed: true, label: "stop here" },
      ],
    }, [
      ["take", `${best.batches} batches, step size ${fixed(best.step_size)}, ${best.epochs} epochs`],
      ["test error", `${fixed(best.test)} (before the first step ${fixed(found.initial)})`],
      ["do the predictions hold?", [found.verdict, ...found.reasons].join("; ")],
      ...found.by_batches.map((c) => [`B = ${c.batches}`, `test ${fixed(c.test)} at step ${fixed(c.step_size)}, ${c.epochs} epochs`]),
    ], { epochs: found.epochs, train: found.train, test: found.test });
  },
};

function quietly(error) {
  if (error.name !== "AbortError") $("message").textContent = error.message;
}

// Painting

function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["ink", "paper", "faint", "muted", "law", "full", "bars", "train", "test", "line", "mark"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

let painting = false;
function paint() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => {
    painting = false;
    drawn.frames++;
    const canvas = $("picture"), { width, height } = canvas.getBoundingClientRect(), ratio = devicePixelRatio || 1;
    if (!figure || !width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, width, height, figure, colours());
  });
}

// Copying and saving

/** What is copied: the state, in the plane with the best choice. */
const chosen = () => (state.view === "map" && best ? { batches: best.batches, epoch_step: +best.epoch_step.toPrecision(4) } : state);

const kind = () => (state.view === "map" ? "curves" : state.view);

const COPIES = {
  command: () => ({
    spectrum: `freespectra z -B ${state.batches} --epoch-step ${state.epoch_step} --gamma ${state.aspect_ratio} --population "${pairs()}" --figure`,
    curves: `freespectra trajectory -B ${chosen().batches} --epoch-step ${chosen().epoch_step} --gamma ${state.aspect_ratio} --population "${pairs()}" --noise ${state.noise} --epochs ${state.epochs} --schedule ${state.order} --schedules 8 --seed 0 --features 120 --draws 8${methodCommand()} --figure`,
    polynomial: `freespectra polynomial --poly "${state.text}" ${occurring().map((v) => `--law "${v}=${state[v]}"`).join(" ")} --figure`,
    data: `freespectra data FILE.csv${state.standardize ? " --standardize" : ""} --figure`,
  })[kind()],
  python: () => {
    const model = `model = fs.MiniBatch(${chosen().batches}, ${state.aspect_ratio}, ${chosen().epoch_step}, [${population().map(([t, w]) => `(${t}, ${w})`).join(", ")}])`;
    return "import freespectra as fs\n\n" + ({
      spectrum: `${model}\nlaw = model.law()\nlaw.plot(hist=fs.sample_z(model, 400))\n`,
      curves: `${model}\ncurve = model.trajectory(noise=${state.noise}, order="${state.order}"${methodPython()}).curve(${state.epochs})\n`,
      polynomial: `law = fs.polynomial("${state.text}", ${occurring().map((v) => `${v}=${python(state[v])}`).join(", ")}).law()\n`,
      data: `best = fs.Dataset(X, y${state.standardize ? ", standardize=True" : ""}).recommend([1, 2, 4, 8, 16])\n`,
    })[kind()];
  },
  rust: () => {
    const model = `let population = freespectra::Population::atoms(&[${population().map(([t, w]) => `(${real(t)}, ${real(w)})`).join(", ")}])?;\nlet model = freespectra::MiniBatch::builder().batches(${chosen().batches}).aspect_ratio(${real(state.aspect_ratio)}).epoch_step(${real(chosen().epoch_step)}).population(population).build()?;\n`;
    const steps = methodRust();
    return ({
      spectrum: `${model}let law = model.law()?;\n`,
      curves: `${steps ? steps.use : ""}${model}let schedule = "${state.order}".parse()?;\nlet curve = freespectra::minibatch::Trajectory::new(&model, |_| 1.0, ${real(state.noise)})?${steps ? `.with_method(${steps.value})?` : ""}.averaged(&schedule, ${state.epochs}, 8, 0, None)?;\n`,
      polynomial: `let polynomial: freespectra::polynomial::Polynomial = "${state.text}".parse()?;\nlet laws = [${occurring().map((v) => `("${v}", "${state[v]}".parse()?)`).join(", ")}];\nlet law = freespectra::polynomial::FreePolynomial::new(polynomial, &laws)?.law()?;\n`,
      data: "let data = freespectra::data::Dataset::from_row_major(&features, columns, Some(&targets), Default::default())?;\nlet found = freespectra::data::Search::new(&data, &[1, 2, 4, 8, 16])?.run()?;\n",
    })[kind()];
  },
};
const occurring = () => ["x", "y", "z"].filter((v) => new RegExp(`\\b${v}\\b`).test(state.text));
const pairs = () => population().map(([t, w]) => `${t}:${w}`).join(",");
const real = (x) => (Number.isInteger(x) ? x.toFixed(1) : String(x));
const NUMBER = "-?\\d+\\.?\\d*(?:[eE][+-]?\\d+)?";
/** A law of names, sums and products as Python. */
const python = (text) => {
  if (/\b(atoms|covariance|compound|compress|power)\b/.test(text)) throw new Error(`“${text}” is not written as Python here; take the command or Rust`);
  return text.replace(new RegExp(`([a-z][a-z-]*)((?::${NUMBER})*)`, "g"), (_, name, numbers) =>
    `fs.${{ mp: "marchenko_pastur" }[name] ?? name.replaceAll("-", "_")}(${numbers.split(":").slice(1).join(", ")})`);
};

function save(name, content, type) {
  const link = document.createElement("a");
  link.download = name;
  link.href = content instanceof Blob ? URL.createObjectURL(content) : URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const SAVES = {
  png: () => $("picture").toBlob((blob) => save(`${state.view}.png`, blob)),
  svg: () => {
    const svg = new Svg(820, 480);
    draw(svg, 820, 480, figure, colours());
    save(`${state.view}.svg`, svg.text(), "image/svg+xml");
  },
  csv: () => {
    const names = Object.keys(table), rows = table[names[0]] ?? [];
    const lines = rows.map((_, i) => names.map((name) => table[name][i] ?? "").join(","));
    save(`${state.view}.csv`, [names.join(","), ...lines.filter((line) => !line.includes("NaN"))].join("\n") + "\n", "text/csv");
  },
};

// Events

for (const key of NUMBERS) {
  const take = (input) => () => {
    if (input.value === "" || !Number.isFinite(+input.value)) return;
    state[key] = +input.value;
    showControls();
    update();
  };
  $(key).addEventListener("input", take($(key)));
  $(`${key}-slider`).addEventListener("input", take($(`${key}-slider`)));
}
for (const key of WORDS) $(key).addEventListener("input", () => { state[key] = $(key).value; showControls(); update(); });
for (const key of CHECKS) $(key).addEventListener("change", () => { state[key] = $(key).checked; showControls(); update(); });

const tabs = [...document.querySelectorAll("[role=tab]")];
for (const [index, tab] of tabs.entries()) {
  const choose = (tab) => { state.view = tab.dataset.view; showControls(); update(); };
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    next.focus();
    choose(next);
  });
}
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());

async function takeFile(file) {
  if (!file) return;
  csv = await file.text();
  update();
}
$("file").addEventListener("change", () => takeFile($("file").files[0]));
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind !== "drop") return;
    state.view = "data";
    showControls();
    takeFile(event.dataTransfer.files[0]);
  });
}
$("demo").addEventListener("click", () => {
  // Features whose variances decay, a target of some of them, noise; always the same.
  let seed = 7;
  const uniform = () => ((seed = (seed * 48271) % 2147483647) / 2147483647);
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const [rows, features] = [160, 60], weights = Array.from({ length: features }, () => 0.4 * normal());
  const lines = [Array.from({ length: features }, (_, j) => `x${j + 1}`).join(",") + ",y"];
  for (let i = 0; i < rows; i++) {
    const x = weights.map((_, j) => (j + 1) ** -0.4 * normal());
    lines.push([...x, x.reduce((sum, v, j) => sum + v * weights[j], normal())].map((v) => v.toFixed(5)).join(","));
  }
  csv = lines.join("\n");
  update();
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(COPIES[button.dataset.copy]());
      button.textContent = "Copied";
    } catch (error) {
      $("message").textContent = `not copied: ${error.message}`;
    }
    setTimeout(() => (button.textContent = label), 900);
  });
}
for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => figure && SAVES[button.dataset.save]());
const picture = $("picture");
const see = ({ batches, epoch_step }) => { Object.assign(state, { view: "curves", batches, epoch_step: +epoch_step.toPrecision(4) }); showControls(); update(); };
picture.addEventListener("pointermove", (event) => {
  const point = pointAt(event);
  picture.style.cursor = point ? "pointer" : "";
  if (point) $("pointed").textContent = `B = ${point.batches}, epoch step ${short(point.epoch_step)}: smallest risk ${fixed(point.risk)} after ${short(point.epochs)} epochs`;
});
picture.addEventListener("click", (event) => {
  const point = pointAt(event);
  if (point) see(point);
});
$("see").addEventListener("click", () => best && see(best));
addEventListener("hashchange", () => { readAddress(); showControls(); update(); });
addEventListener("resize", paint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

readAddress();
showControls();
update();
