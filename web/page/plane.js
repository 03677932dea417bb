// A plane in colours: cells of two logarithmic axes, with lines and points on it and a bar of colours beside it.

const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];

/** The colour of a share in [0, 1]. */
function viridis(share) {
  const at = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1), k = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return `rgb(${VIRIDIS[k].map((c, i) => Math.round(c + (at - k) * (VIRIDIS[k + 1][i] - c)))})`;
}

/** Where cells around increasing positive numbers begin and end: half way, in logarithms. */
function halfway(values, low, high) {
  const middle = values.slice(1).map((v, i) => Math.sqrt(v * values[i]));
  return [low, ...middle, high];
}

/** 1, 2 and 5 times powers of ten inside an interval. */
function roundBetween(low, high, factors = [1, 2, 5]) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) found.push(...factors.map((m) => +(m * 10 ** power).toPrecision(3)));
  return found.filter((t) => t >= low && t <= high);
}

/** Where the plane stands in a picture, and its scales there. */
function planeBox({ plane, lines, points }, width, height) {
  const narrow = width < 520, left = 62, right = 66, bottom = 46, top = 40 + 17 * (narrow ? lines.length + points.length : 1);
  const log = ([low, high], v) => Math.log(v / low) / Math.log(high / low);
  return {
    left, right, top, bottom, narrow,
    X: (v) => left + (width - left - right) * log(plane.x, v),
    Y: (v) => height - bottom - (height - top - bottom) * log(plane.y, v),
  };
}

/**
 * Draws `{title, xLabel, yLabel, plane, lines, points}`: the plane is `{x, y, xTicks, columns, low, high, label}` with columns
 * `{x, y, value}` whose cells reach half way to their neighbours, and is brightest at `low`; lines are `{x, y, label, dashed}`,
 * points `{x, y, label}`.
 */
function drawPlane(context, width, height, figure, colours) {
  const { plane, lines, points } = figure, legend = [...lines, ...points];
  const box = planeBox(figure, width, height), { left, right, top, bottom, narrow, X, Y } = box;
  const [xLow, xHigh] = plane.x, [yLow, yHigh] = plane.y;
  // The root sets apart what is nearly the best.
  const share = (value) => Math.sqrt(Math.log(value / plane.low) / Math.log(plane.high / plane.low));
  frame(context, width, height, figure, colours, box, { X, Y, xTicks: plane.xTicks, yTicks: roundBetween(yLow, yHigh) });

  const xEdges = halfway(plane.columns.map((column) => column.x), xLow, xHigh);
  plane.columns.forEach((column, i) => {
    const yEdges = halfway(column.y, yLow, yHigh);
    column.value.forEach((value, k) => {
      context.fillStyle = viridis(1 - share(value));
      // Neighbours overlap by a little: no seams.
      const [x, y] = [X(xEdges[i]), Y(yEdges[k + 1])];
      context.fillRect(x, y, X(xEdges[i + 1]) - x + (i + 1 < plane.columns.length ? 0.6 : 0), Y(yEdges[k]) - y + (k ? 0.6 : 0));
    });
  });

  const stroke = (path, dashed) => {
    // Dark on bright and bright on dark.
    for (const [colour, wide, dash] of [["#000", 3.6, []], ["#fff", 1.8, dashed ? [6, 4] : []]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: wide });
      context.setLineDash(dash);
      context.beginPath(); path(); context.stroke();
    }
    context.setLineDash([]);
  };
  const mark = (x, y) => {
    for (const [colour, radius] of [["#000", 7], ["#fff", 5.5], [colours.mark, 3.5]]) {
      context.fillStyle = colour;
      context.beginPath(); context.arc(x, y, radius, 0, 2 * Math.PI); context.fill();
    }
  };
  for (const line of lines) {
    stroke(() => {
      let pen = false;
      line.x.forEach((x, i) => {
        const inside = line.y[i] >= yLow && line.y[i] <= yHigh;
        if (inside) pen ? context.lineTo(X(x), Y(line.y[i])) : context.moveTo(X(x), Y(line.y[i]));
        pen = inside;
      });
    }, line.dashed);
  }
  for (const point of points) mark(X(point.x), Y(point.y));

  let x = left;
  legend.forEach((entry, i) => {
    const y = narrow ? 44 + 17 * i : 44;
    if (entry.dashed === undefined) mark(x + 11, y);
    else stroke(() => { context.moveTo(x, y); context.lineTo(x + 22, y); }, entry.dashed);
    Object.assign(context, { fillStyle: colours.ink, textAlign: "left" });
    context.fillText(entry.label, x + 28, y + 4);
    if (!narrow) x += 46 + context.measureText(entry.label).width;
  });

  const bar = width - right + 12;
  const B = (value) => height - bottom - (height - top - bottom) * share(value);
  for (let k = 0; k < 64; k++) {
    const y = height - bottom - ((height - top - bottom) * (k + 1)) / 64;
    context.fillStyle = viridis(1 - (k + 0.5) / 64);
    context.fillRect(bar, y, 12, (height - top - bottom) / 64 + (k ? 0.6 : 0));
  }
  const marks = roundBetween(plane.low, plane.high, [1, 2, 3, 5, 7]);
  Object.assign(context, { fillStyle: colours.muted, textAlign: "left" });
  let free = B(plane.low) - 14;
  for (const t of [plane.low, ...marks.filter((t) => B(t) - B(plane.high) > 14), plane.high]) {
    if (t !== plane.low && B(t) > free) continue;
    context.fillText(short(t), bar + 15, B(t) + 4);
    free = B(t) - 14;
  }
  context.fillStyle = colours.ink;
  context.textAlign = "right";
  context.fillText(plane.label, width - 4, height - 8);
}

/** The cell under a point of the picture, as column and index; nothing outside. */
function cellAt(figure, width, height, x, y) {
  const { left, right, top, bottom, X, Y } = planeBox(figure, width, height), { columns } = figure.plane;
  if (x < left || x > width - right || y < top || y > height - bottom || !columns.length) return null;
  const nearest = (places, at) => places.reduce((best, place, i) => (Math.abs(place - at) < Math.abs(places[best] - at) ? i : best), 0);
  const column = columns[nearest(columns.map((c) => X(c.x)), x)];
  return { column, index: nearest(column.y.map(Y), y) };
}
