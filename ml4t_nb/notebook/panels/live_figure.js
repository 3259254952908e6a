// A chart's figure in the colours of the page, and plotly's program, wherever it is.

const TOKEN = "token:";
const PLOTLY_WAIT_MS = 3000;
const BAND_PX = 20;
// The words of a tick at the very left have room.
const LEFT_PX = 17;
const EVENT_PX = 16;
const SESSION_PX = 40;
const HEADING_PX = 84;
const HEADING_TALL = 18;
const BOTTOM_PX = 24;

// The page's own, which JupyterLab, Notebook and Voila have as soon as they know plotly's figures;
// else the kernel's copy: no other host is asked.
function plotlyOf(model) {
  window.ml4tPlotly ??= new Promise((resolve, reject) => {
    const start = performance.now();
    const look = () => {
      if (window.Plotly) resolve(window.Plotly);
      else if (performance.now() - start < PLOTLY_WAIT_MS) setTimeout(look, 50);
      else fetched(model).then(resolve, reject);
    };
    look();
  });
  return window.ml4tPlotly;
}

function fetched(model) {
  return new Promise((resolve, reject) => {
    const hear = (message, buffers) => {
      if (message.what !== "plotly") return;
      model.off("msg:custom", hear);
      const tag = document.createElement("script");
      tag.src = URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }));
      tag.onload = () => resolve(window.Plotly);
      tag.onerror = reject;
      document.head.append(tag);
    };
    model.on("msg:custom", hear);
    model.send({ what: "plotly" });
  });
}

// A colour by its token's name, as the page shows it by now.
function painter(root) {
  const probe = made("span");
  probe.hidden = true;
  root.append(probe);
  const known = new Map();
  const colour = (name) => {
    if (!known.has(name)) {
      probe.style.color = `var(--ml4t-${name})`;
      known.set(name, getComputedStyle(probe).color);
    }
    return known.get(name);
  };
  return { colour, done: () => probe.remove() };
}

// The same with the page's colours: each text ``token:NAME`` is one.
function coloured(value, colour) {
  if (typeof value === "string") {
    return value.startsWith(TOKEN) ? colour(value.slice(TOKEN.length)) : value;
  }
  // Of numbers, as most lists are, there is nothing to colour, and nothing to copy.
  if (value === null || typeof value !== "object" || typeof value[0] === "number") return value;
  if (Array.isArray(value)) {
    return value.some(isColoured) ? value.map((each) => coloured(each, colour)) : value;
  }
  const pairs = Object.entries(value).map(([name, each]) => [name, coloured(each, colour)]);
  return Object.fromEntries(pairs);
}

function isColoured(each) {
  return each !== null && (typeof each === "object" || String(each).startsWith(TOKEN));
}

function line(row, colour, more) {
  return {
    type: "line",
    layer: "below",
    xref: "x",
    yref: "paper",
    x0: row,
    x1: row,
    y0: 0,
    y1: 1,
    line: { color: colour, width: 1 },
    ...more,
  };
}

// What plotly is given for a view: one figure, made anew from what the kernel drew.
function drawn({ figure, facts, view, wide, tall, marked, bodies }, root) {
  const paint = painter(root);
  const { colour } = paint;
  const { steps } = facts;
  const part = stepsIn(steps, view);
  const isBodies = view[1] - view[0] <= bodies && steps.size === 1;
  const forms = { candles: isBodies, hollow: isBodies, line: !isBodies, range: !isBodies };
  const layout = coloured(figure.layout, colour);
  const l = Math.max(layout.margin.l, LEFT_PX);
  const { r } = layout.margin;
  layout.margin = { ...layout.margin, l };
  const px = (wide - l - r) / (view[1] - view[0]);
  const data = figure.data.map((trace) => {
    const own = coloured(trace, colour);
    const layer = trace.meta?.layer;
    if (layer in forms) own.visible = forms[layer];
    if (layer === "events") own.x = parted(own.x, px);
    return own;
  });
  const ticks = ticksIn(facts.ticks, view, wide - l - r);
  const isOneLine = facts.is_intraday && !ticks.words.some((each) => each.includes("<br>"));
  if (isOneLine) layout.margin.b = BOTTOM_PX;
  layout.width = wide;
  layout.height = tall;
  layout.xaxis = {
    ...layout.xaxis,
    autorange: false,
    range: [...view],
    tickmode: "array",
    tickvals: ticks.rows,
    ticktext: ticks.words,
    showgrid: false,
  };
  layout.yaxis2 = ranged(layout.yaxis2, priceRange(steps, part));
  layout.yaxis3 = ranged(layout.yaxis3, volumeRange(steps, part));
  layout.hovermode = false;
  const sessions = facts.is_intraday ? sessionsIn(facts, view, px) : [];
  layout.shapes = [
    ...ticks.rows.map((row) => line(row, colour("grid"))),
    ...sessions.map(({ row }) => line(row - 0.5, colour("line2"))),
    ...(layout.shapes ?? []),
    ...(marked ? [outline(marked, colour("accent"))] : []),
  ];
  // Below the headings of the sessions.
  const lowered = sessions.length ? HEADING_TALL : 0;
  layout.annotations = [
    ...(layout.annotations ?? [])
      .filter((each) => hasRoom(each, facts, view, px))
      .map((each) => (each.name === "band" ? { ...each, yshift: -lowered } : each)),
    ...headings(sessions, px, colour("muted")),
  ];
  paint.done();
  return { data, layout };
}

// Starts of sessions, none where they stand so close that their lines say nothing.
function sessionsIn(facts, [left, right], px) {
  const level = facts.ticks.find((each) => each.name === "session");
  const inView = [];
  for (const [at, row] of (level?.rows ?? []).entries()) {
    if (left <= row && row <= right) inView.push({ row, words: level.labels[at] });
  }
  return inView.length * SESSION_PX <= (right - left) * px ? inView : [];
}

function headings(sessions, px, color) {
  let last = -Infinity;
  const own = sessions.filter(({ row }) => {
    if ((row - last) * px < HEADING_PX) return false;
    last = row;
    return true;
  });
  const common = { xref: "x", yref: "paper", y: 1, xanchor: "left", yanchor: "top", showarrow: false };
  return own.map(({ row, words }) => ({
    ...common,
    x: row - 0.5,
    xshift: 2,
    text: `<b>${words}</b>`,
    font: { size: 11, color },
  }));
}

function ranged(axis, range) {
  return range === null ? axis : { ...axis, autorange: false, range };
}

function outline([left, right], colour) {
  const box = { type: "rect", xref: "x", yref: "paper", x0: left, x1: right, y0: 0, y1: 1 };
  return { ...box, line: { color: colour, width: 2 }, fillcolor: "rgba(0,0,0,0)" };
}

// Whether an annotation has room in this view: the words in a band need a wide one.
function hasRoom({ name, x }, facts, [left, right], px) {
  if (name !== "band") return true;
  if (x < left || x > right) return false;
  const band = facts.bands.find((each) => each.left <= x && x <= each.right);
  return band !== undefined && (band.right - band.left) * px >= BAND_PX;
}

// Signs that would cover one another, side by side.
function parted(rows, px) {
  let last = -Infinity;
  return rows.map((row) => (last = Math.max(row, last + EVENT_PX / px)));
}
