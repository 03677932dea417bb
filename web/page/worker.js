// Answers requests with the engine, one after the other. It is told the compiled module first.
let engine;
onmessage = ({ data }) => {
  if (data.module) {
    engine = connect(new WebAssembly.Instance(data.module, {}));
    return;
  }
  postMessage({ id: data.id, answer: engine(data.request) });
};
