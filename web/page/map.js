// The plane of choices: the smallest risk along a run over the number of batches and the epoch step.

const BATCHES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const POWERS = BATCHES.filter((count) => Number.isInteger(Math.log2(count)));
/** Steps of the finest grid; the coarser ones take every fourth and every second. */
const ROWS = 33;
/** The plane reaches this far below and above the step at which the full batch diverges. */
const BELOW = 20, ABOVE = 10;

/** The best choice that is known, for copies and the button. */
let best = null;

/** The index of the smallest. */
const least = (values) => values.reduce((at, value, i) => (value < values[at] ? i : at), 0);

function mapFigure(columns, stability, range, initial, full) {
  const found = columns.map((column) => ({ x: column.x, k: least(column.value), column }));
  const winner = found[least(found.map(({ column, k }) => column.value[k]))];
  best = winner && { batches: winner.x, epoch_step: winner.column.y[winner.k], risk: winner.column.value[winner.k], epochs: winner.column.epochs[winner.k] };
  const known = POWERS.filter((count) => stability[count]);
  const low = best ? Math.min(best.risk, initial / 1.01) : initial / 2;
  const values = (key) => columns.flatMap((column) => column[key]);
  const tells = ({ x, column, k }) => `smallest risk ${fixed(column.value[k])} at epoch step ${short(column.y[k])}, after ${short(column.epochs[k])} epochs`;
  show({
    title: `Smallest risk within ${state.epochs} epochs: ${[`p/n = ${short(state.aspect_ratio)}`, `noise ${short(state.noise)}`, ...methodParts()].join(", ")}`,
    xLabel: "batches B", yLabel: "epoch step",
    plane: { x: [0.75, 42], y: range, xTicks: POWERS, columns, low, high: initial, label: "risk" },
    lines: [
      ...(known.length > 1 ? [{ x: known, y: known.map((count) => stability[count]), dashed: true, label: "runs diverge above" }] : []),
      ...(found.length ? [{ x: found.map(({ x }) => x), y: found.map(({ column, k }) => column.y[k]), dashed: false, label: "best step for each B" }] : []),
    ],
    points: best ? [{ x: best.batches, y: best.epoch_step, label: "best choice" }] : [],
  }, [
    ["best choice", best ? `B = ${best.batches}: ${tells(winner)}` : "to be found"],
    ...found.filter(({ x }) => full && POWERS.includes(x)).map((choice) => [`B = ${choice.x}`, tells(choice) + (stability[choice.x] ? `; runs diverge beyond ${fixed(stability[choice.x])}` : "")]),
  ], { batches: columns.flatMap((column) => column.y.map(() => column.x)), epoch_step: values("y"), risk: values("value"), epochs: values("epochs") });
}

/** First a coarse grid, then finer ones, then the neighbourhoods of the best steps; beside it the steps at which runs diverge. */
async function askMap(signal, later, current) {
  const asked = descent();
  const initial = asked.population.reduce((sum, [t, weight]) => sum + t * weight, 0);
  const { epoch_step } = await freespectra.stability({ aspect_ratio: asked.aspect_ratio, population: asked.population, batches: 1, signal });
  // A velocity adds up steps.
  const scale = epoch_step * (1 - (asked.momentum ?? 0)), range = [scale / BELOW, scale * ABOVE];
  const steps = Array.from({ length: ROWS }, (_, i) => range[0] * (BELOW * ABOVE) ** ((i + 0.5) / ROWS));
  const columns = [], stability = {};
  let full = false;
  const draw = () => { if (current()) mapFigure(columns, stability, range, initial, full); };
  const fill = async (batches, wanted) => {
    const column = columns.find((column) => column.x === batches) ?? { x: batches, y: [], value: [], epochs: [] };
    const missing = wanted.filter((step) => !column.y.includes(step));
    if (!missing.length) return;
    const { risk, epochs } = await freespectra.map({ ...asked, batches, epoch_steps: missing, signal });
    const rows = [...column.y.map((y, i) => [y, column.value[i], column.epochs[i]]), ...missing.map((y, i) => [y, risk[i], epochs[i]])].sort(([a], [b]) => a - b);
    [column.y, column.value, column.epochs] = [0, 1, 2].map((part) => rows.map((row) => row[part]));
    if (!columns.includes(column)) columns.push(column);
    columns.sort((a, b) => a.x - b.x);
    draw();
  };
  (async () => {
    // Random orders of few batches take longest.
    for (const batches of POWERS.toReversed()) {
      const { epoch_step } = await freespectra.stability({ ...asked, batches, signal: later });
      if (epoch_step === null) return;
      stability[batches] = epoch_step;
      draw();
    }
  })().catch(quietly);
  for (const [counts, every] of [[POWERS, 4], [BATCHES, 2], [BATCHES, 1]]) {
    for (const batches of counts) await fill(batches, steps.filter((_, i) => i % every === 0));
  }
  for (const column of [...columns]) {
    const k = least(column.value), [low, high] = [column.y[Math.max(k - 1, 0)], column.y[Math.min(k + 1, column.y.length - 1)]];
    await fill(column.x, Array.from({ length: 7 }, (_, i) => low * (high / low) ** ((i + 1) / 8)));
  }
  full = true;
  draw();
}

/** The choice under the pointer in words; a click shows its errors. */
function pointAt(event) {
  if (state.view !== "map" || !figure?.plane) return null;
  const { left, top, width, height } = $("picture").getBoundingClientRect();
  const cell = cellAt(figure, width, height, event.clientX - left, event.clientY - top);
  return cell && { batches: cell.column.x, epoch_step: +cell.column.y[cell.index].toPrecision(4), risk: cell.column.value[cell.index], epochs: cell.column.epochs[cell.index] };
}
