// How steps are made: the state in words, as a request and as code.

const hasMomentum = () => ["heavy-ball", "nesterov"].includes(state.rule);
const schedule = () => ({ warmup: `warmup:${state.schedule_steps}`, "inverse-time": `inverse-time:${state.schedule_steps}` })[state.step_schedule] ?? state.step_schedule;
const average = () => ({ tail: `tail:${state.average_from}`, ema: `ema:${state.average_part}` })[state.average] ?? state.average;

/** What differs from plain descent, as options of a request; they are those of the command. */
function method() {
  return {
    ...(hasMomentum() ? { momentum: state.momentum } : {}),
    ...(["nesterov", "growing"].includes(state.rule) ? { nesterov: true } : {}),
    ...(state.ridge ? { ridge: state.ridge, ...(state.zero_start ? { zero_start: true } : {}) } : {}),
    ...(state.step_schedule === "constant" ? {} : { step_schedule: schedule() }),
    ...(state.average === "none" ? {} : { average: average() }),
    ...(state.precondition ? { precondition: state.precondition } : {}),
  };
}

function methodParts() {
  const { ridge, zero_start, step_schedule, average, precondition } = method();
  const momentum = { "heavy-ball": `heavy ball ${short(state.momentum)}`, nesterov: `Nesterov ${short(state.momentum)}`, growing: "Nesterov s / (s + 3)" };
  return [
    momentum[state.rule],
    ridge && `ridge ${short(ridge)}${zero_start ? " from 0" : ""}`,
    step_schedule && `steps ${step_schedule}`,
    average,
    precondition && `preconditioned ${short(precondition)}`,
  ].filter(Boolean);
}

const methodWords = () => methodParts().join(", ") || "plain descent";

function methodCommand() {
  const flags = { momentum: "momentum", nesterov: "nesterov", ridge: "ridge", zero_start: "zero-start", step_schedule: "step-schedule", average: "average", precondition: "precondition" };
  const value = (key, given) => (given === true ? "" : key === "precondition" ? ` power:${given}` : ` ${given}`);
  return Object.entries(method()).map(([key, given]) => ` --${flags[key]}${value(key, given)}`).join("");
}

function methodPython() {
  const growing = state.rule === "growing" ? { momentum: "growing" } : {};
  const given = { ...growing, ...method() };
  // Without momentum there is none of Nesterov's, as in other packages.
  if (given.momentum === 0) delete given.nesterov;
  const value = (given) => (given === true ? "True" : typeof given === "string" ? `"${given}"` : given);
  const options = Object.entries(given).map(([key, given]) => `${key}=${value(given)}`).join(", ");
  return options && `, method=fs.Method(${options})`;
}

function methodRust() {
  const { momentum, nesterov, ridge, zero_start, step_schedule, average, precondition } = method();
  const calls = [
    nesterov && momentum === undefined ? ".with_momentum(Momentum::growing())"
      : momentum !== undefined && `.with_momentum(Momentum::${nesterov ? "nesterov" : "heavy_ball"}(${real(momentum)})?)`,
    ridge && `.with_ridge(${real(ridge)})?`,
    zero_start && ".with_start(Start::Zero)?",
    step_schedule && `.with_step_schedule("${step_schedule}".parse()?)?`,
    average && `.with_average("${average}".parse()?)?`,
    precondition && `.with_preconditioner(Preconditioner::Power(${real(precondition)}))`,
  ].filter(Boolean).join("");
  const used = ["Method", "Momentum", "Preconditioner", "Start"].filter((name) => name === "Method" || calls.includes(`${name}::`));
  return calls && { use: `use freespectra::method::{${used.join(", ")}};\n`, value: `Method::new()${calls}` };
}
