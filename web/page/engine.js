// The engine: the library compiled to WebAssembly, in workers that can be stopped.

/** What an instance answers to a request: a text to a text. */
function connect(instance) {
  const { memory, request, run, answer_at, answer_length } = instance.exports;
  const encoder = new TextEncoder(), decoder = new TextDecoder();
  return (text) => {
    const bytes = encoder.encode(text);
    // Room first: the memory may move.
    const at = request(bytes.length);
    new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
    run(bytes.length);
    return decoder.decode(new Uint8Array(memory.buffer, answer_at(), answer_length()));
  };
}

/** A worker that answers one request at a time; an abort ends it, and the next request starts another. */
class Desk {
  constructor(module, source) {
    this.module = module;
    this.source = source;
    this.waiting = [];
  }

  ask(request, signal) {
    return new Promise((resolve, reject) => {
      const aborted = () => reject(signal.reason ?? new DOMException("aborted", "AbortError"));
      if (signal?.aborted) return aborted();
      const job = { request: JSON.stringify(request), resolve, reject };
      signal?.addEventListener("abort", () => {
        if (this.current === job) {
          this.worker.terminate();
          this.worker = this.current = undefined;
          this.next();
        } else {
          this.waiting = this.waiting.filter((other) => other !== job);
        }
        aborted();
      }, { once: true });
      this.waiting.push(job);
      this.next();
    });
  }

  next() {
    if (this.current || !this.waiting.length) return;
    this.current = this.waiting.shift();
    if (!this.worker) {
      this.worker = new Worker(this.source);
      this.worker.postMessage({ module: this.module });
      this.worker.onmessage = ({ data }) => this.finish(data.answer);
      // A panic of the module leaves it unusable.
      this.worker.onerror = (event) => {
        event.preventDefault();
        this.worker.terminate();
        this.worker = undefined;
        this.finish(JSON.stringify({ error: `the engine has stopped: ${event.message}` }));
      };
    }
    this.worker.postMessage({ id: 0, request: this.current.request });
  }

  finish(text) {
    const job = this.current;
    this.current = undefined;
    const { ok, error } = JSON.parse(text);
    error === undefined ? job.resolve(ok) : job.reject(new Error(error));
    this.next();
  }
}

/** A law: its numbers, and functions of arrays. */
function asLaw(here, { law, ...numbers }) {
  const text = JSON.stringify(law);
  const evaluate = (what) => (at) => {
    const { ok, error } = JSON.parse(here(`{"kind":"evaluate","what":"${what}","at":${JSON.stringify([...at])},"law":${text}}`));
    if (error !== undefined) throw new Error(error);
    return ok.map(Number);
  };
  return { ...numbers, density: evaluate("density"), cdf: evaluate("cdf"), quantile: evaluate("quantile") };
}

/**
 * The functions of the library, from the bytes of its module and the text of `worker.js`.
 *
 * `law(options)`, `curve(options)`, `runs(options)`, `sample(options)`, `map(options)`,
 * `stability(options)`, `critical(options)`, `polynomial(text, laws, options)` and `data(csv, options)` are promises; each takes an AbortSignal as `options.signal`.
 */
export function start(bytes, worker) {
  const module = new WebAssembly.Module(bytes);
  const here = connect(new WebAssembly.Instance(module, {}));
  const source = URL.createObjectURL(new Blob([`${connect}\n${worker}`], { type: "text/javascript" }));
  const desks = { laws: new Desk(module, source), samples: new Desk(module, source) };
  const ask = (desk, kind) => ({ signal, ...options } = {}) => desks[desk].ask({ kind, ...options }, signal);
  const law = ask("laws", "law"), polynomial = ask("laws", "polynomial"), data = ask("laws", "data");
  return {
    law: async (options) => asLaw(here, await law(options)),
    curve: ask("laws", "curve"),
    stability: ask("laws", "stability"),
    critical: ask("laws", "critical"),
    map: ask("samples", "map"),
    sample: ask("samples", "sample"),
    runs: ask("samples", "runs"),
    polynomial: async (text, laws, options = {}) => asLaw(here, await polynomial({ ...options, text, laws })),
    data: (csv, options = {}) => data({ ...options, csv }),
  };
}
