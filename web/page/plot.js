// Pictures: panels with axes, layers and a legend, drawn on a canvas or written as SVG by the same code.

/** Round numbers that cover an interval. */
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
}

const decades = (low, high) => {
  const found = [];
  const every = Math.max(1, Math.ceil((Math.log10(high) - Math.log10(low)) / 8));
  for (let k = Math.ceil(Math.log10(low) - 1e-9); k <= Math.log10(high) + 1e-9; k += every) found.push(10 ** k);
  return found.length > 1 ? found : [low, high];
};

const short = (x) => {
  const size = Math.abs(x);
  return x === 0 ? "0" : size >= 1e5 || size < 1e-3 ? x.toExponential(0).replace("e+", "e") : String(+x.toPrecision(3));
};

/** What a canvas context can do, as an SVG text. */
class Svg {
  constructor(width, height) { Object.assign(this, { width, height, parts: [], path: "", alpha: 1 }); }
  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${x.toFixed(1)} ${y.toFixed(1)}`; }
  lineTo(x, y) { this.path += `L${x.toFixed(1)} ${y.toFixed(1)}`; }
  closePath() { this.path += "Z"; }
  arc(x, y, r) { this.path += `M${(x - r).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`; }
  setLineDash(dash) { this.dash = dash; }
  stroke() { this.parts.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" stroke-dasharray="${(this.dash ?? []).join(" ")}"/>`); }
  fill() { this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}" fill-opacity="${this.globalAlpha ?? 1}"/>`); }
  fillRect(...box) {
    const [x, y, w, h] = box.map((v) => +v.toFixed(1));
    this.parts.push(`<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${this.fillStyle}"/>`);
  }
  measureText(text) { return { width: 6.4 * text.length }; }
  save() {} restore() { this.turned = undefined; } translate(x, y) { this.turned = [x, y]; } rotate() {}
  fillText(text, x, y) {
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign ?? "left"];
    const at = this.turned ? `transform="translate(${this.turned}) rotate(-90)"` : `x="${x}" y="${y}"`;
    const safe = text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
    const [, size] = /(\d+)px/.exec(this.font);
    this.parts.push(`<text ${at} font-family="sans-serif" font-size="${size}" text-anchor="${anchor}" fill="${this.fillStyle}">${safe}</text>`);
  }
  text() { return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}">${this.parts.join("")}</svg>`; }
}

/** Writes a title in as many lines as it takes. */
function heading(context, title, left, width, colours) {
  context.fillStyle = colours.ink;
  context.textAlign = "left";
  context.font = "14px system-ui, sans-serif";
  if (context.measureText(title).width < width) return context.fillText(title, left, 20);
  context.font = "11px system-ui, sans-serif";
  const lines = [""];
  for (const part of title.split(/(?<=[,:]) /)) {
    const longer = `${lines[lines.length - 1]} ${part}`.trim();
    if (context.measureText(longer).width < width || longer === part) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  lines.slice(0, 2).forEach((line, i) => context.fillText(line, left, 13 + 14 * i));
}

/** Paper, axes with their ticks, labels and the title; `box` is where the picture stands, `at` are its scales. */
function frame(context, width, height, figure, colours, box, at) {
  const { left, right, top, bottom } = box, { X, Y, xTicks, yTicks } = at;
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, width, height);
  context.setLineDash([]);
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 1;
  for (const t of xTicks) {
    context.strokeStyle = colours.faint;
    context.beginPath(); context.moveTo(X(t), height - bottom); context.lineTo(X(t), height - bottom + 5); context.stroke();
    context.fillStyle = colours.muted; context.textAlign = "center"; context.fillText(short(t), X(t), height - bottom + 18);
  }
  for (const t of yTicks) {
    context.strokeStyle = colours.faint;
    context.beginPath(); context.moveTo(at.grid ? left : left - 5, Y(t)); context.lineTo(at.grid ? width - right : left, Y(t)); context.stroke();
    context.fillStyle = colours.muted; context.textAlign = "right"; context.fillText(short(t), left - 7, Y(t) + 4);
  }
  context.strokeStyle = colours.muted;
  context.beginPath(); context.moveTo(left, top); context.lineTo(left, height - bottom); context.lineTo(width - right, height - bottom); context.stroke();
  context.fillStyle = colours.ink; context.textAlign = "center";
  context.fillText(figure.xLabel, (left + width - right) / 2, height - 8);
  context.save(); context.translate(15, (top + height - bottom) / 2); context.rotate(-Math.PI / 2); context.fillText(figure.yLabel, 0, 0); context.restore();
  heading(context, figure.title, left, width - left - 4, colours);
  context.font = "12px system-ui, sans-serif";
}

/**
 * Draws `{title, xLabel, yLabel, logX, logY, xFromZero, legend, layers}`; a layer is `{kind, x, y, colour, label, dashed, width}` with the kinds
 * line, bars (x are edges), points, arrow (at x, of height y) and vertical.
 */
function draw(context, width, height, figure, colours) {
  if (figure.plane) return drawPlane(context, width, height, figure, colours);
  const left = 62, right = 14, top = 34, bottom = 46;
  const { logX, logY } = figure;
  const usable = (v, log) => Number.isFinite(v) && (!log || v > 0);
  const xs = [], ys = [];
  for (const layer of figure.layers) {
    for (let i = 0; i < layer.x.length; i++) {
      if (usable(layer.x[i], logX)) xs.push(layer.x[i]);
      const y = layer.y?.[i];
      if (y !== null && y !== undefined && usable(y, logY) && layer.kind !== "arrow") ys.push(y);
    }
  }
  let [xLow, xHigh] = [Math.min(...xs), Math.max(...xs)];
  if (!xs.length) [xLow, xHigh] = logX ? [1, 10] : [0, 1];
  if (xLow === xHigh) [xLow, xHigh] = logX ? [xLow / 2, 2 * xLow] : [xLow - 0.5, xHigh + 0.5];
  if (!logX) { const margin = 0.03 * (xHigh - xLow); xLow -= figure.xFromZero ? 0 : margin; xHigh += margin; }
  ys.sort((a, b) => a - b);
  let yHigh = ys.length ? ys[ys.length - 1] : 1;
  if (!logY && ys.length > 20) yHigh = Math.min(yHigh, 3 * ys[Math.floor(0.95 * ys.length)]);
  let yLow = logY ? (ys[0] ?? 0.1) : 0;
  const shown = figure.layers.filter((layer) => layer.label);
  // Where the legend cannot stand beside the curves it stands above them.
  const room = width < 520 ? 1 + (18 * shown.length) / (height - top - bottom - 18 * shown.length) : 1;
  yHigh = logY ? 1.3 * yHigh ** room / (ys[0] ?? 0.1) ** (room - 1) : 1.06 * room * yHigh || 1;
  if (logY) yLow = Math.max(yLow / 1.3, yHigh * 1e-12);
  const scale = (v, low, high, log) => log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
  const X = (v) => left + (width - left - right) * scale(v, xLow, xHigh, logX);
  const Y = (v) => height - bottom - (height - top - bottom) * Math.max(-0.02, Math.min(1.02, scale(v, yLow, yHigh, logY)));

  const xTicks = logX ? decades(xLow, xHigh) : ticks(xLow, xHigh, width / 90), yTicks = logY ? decades(yLow, yHigh) : ticks(yLow, yHigh, height / 60);
  frame(context, width, height, figure, colours, { left, right, top, bottom }, { X, Y, xTicks, yTicks, grid: true });

  for (const layer of figure.layers) {
    const colour = colours[layer.colour];
    Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: layer.width ?? 2, globalAlpha: 1 });
    context.setLineDash(layer.dashed ? [6, 4] : []);
    context.beginPath();
    if (layer.kind === "bars") {
      context.moveTo(X(layer.x[0]), Y(yLow));
      layer.y.forEach((y, i) => { context.lineTo(X(layer.x[i]), Y(y)); context.lineTo(X(layer.x[i + 1]), Y(y)); });
      context.lineTo(X(layer.x[layer.x.length - 1]), Y(yLow)); context.closePath(); context.fill();
    } else if (layer.kind === "points") {
      layer.x.forEach((x, i) => {
        if (!usable(x, logX) || !usable(layer.y[i], logY)) return;
        context.beginPath(); context.arc(X(x), Y(layer.y[i]), 3, 0, 2 * Math.PI); context.fill();
      });
    } else if (layer.kind === "vertical") {
      if (layer.x[0] > xLow && layer.x[0] < xHigh) { context.moveTo(X(layer.x[0]), top); context.lineTo(X(layer.x[0]), height - bottom); context.stroke(); }
    } else if (layer.kind === "arrow") {
      layer.x.forEach((x, i) => {
        context.beginPath(); context.moveTo(X(x), Y(0)); context.lineTo(X(x), top + 22); context.stroke();
        context.beginPath(); context.moveTo(X(x) - 4, top + 28); context.lineTo(X(x), top + 20); context.lineTo(X(x) + 4, top + 28); context.stroke();
        context.textAlign = "left"; context.fillText(`mass ${short(layer.y[i])}`, X(x) + 6, top + 32);
      });
    } else {
      let pen = false;
      layer.x.forEach((x, i) => {
        const y = layer.y[i];
        if (y === null || !usable(x, logX) || !usable(y, logY)) { pen = false; return; }
        pen ? context.lineTo(X(x), Y(y)) : context.moveTo(X(x), Y(y));
        pen = true;
      });
      context.stroke();
    }
  }
  context.setLineDash([]);
  const wide = Math.max(0, ...shown.map((layer) => context.measureText(layer.label).width)) + 34;
  shown.forEach((layer, i) => {
    const x = figure.legend === "left" ? left + 12 : width - right - wide, y = top + 12 + 18 * i;
    context.fillStyle = colours.paper; context.globalAlpha = 0.8; context.fillRect(x - 4, y - 9, wide + 4, 18); context.globalAlpha = 1;
    Object.assign(context, { strokeStyle: colours[layer.colour], fillStyle: colours[layer.colour], lineWidth: layer.width ?? 2 });
    context.setLineDash(layer.dashed ? [6, 4] : []);
    context.beginPath();
    if (layer.kind === "bars") context.fillRect(x, y - 5, 22, 10);
    else if (layer.kind === "points") { context.arc(x + 11, y, 3, 0, 2 * Math.PI); context.fill(); }
    else { context.moveTo(x, y); context.lineTo(x + 22, y); context.stroke(); }
    context.setLineDash([]);
    context.fillStyle = colours.ink; context.textAlign = "left"; context.fillText(layer.label, x + 28, y + 4);
  });
}
