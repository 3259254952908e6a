// The strip of a row: what a dataset has of each session from the first day of all to today.
//
// It is drawn at the pixels it has, since a picture that is scaled would blur or lose a mark that
// is one day of twenty years. Where several states meet in one place the worst is drawn.

const STRIP = { height: 18, top: 5, bottom: 16, least: 3 };
const SVG = "http://www.w3.org/2000/svg";
// From the least to the worst: a later one is drawn in place of an earlier one.
const KINDS = ["absent", "filled", "gap", "suspect"];

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// Which share of the sessions is before a day, of those on days in the spans: so weekends and
// holidays take no room. `days` are begin and exclusive end of each span, one after the other.
function placesOf(days) {
  const spans = [];
  let all = 0;
  for (let at = 0; at < days.length; at += 2) {
    spans.push({ start: days[at], length: days[at + 1] - days[at], before: all });
    all += days[at + 1] - days[at];
  }
  return (day) => {
    let [low, high] = [0, spans.length]; // the first of them that begins after the day
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle].start <= day) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    const { start, length, before } = spans[low - 1];
    return (before + Math.min(day - start, length)) / all;
  };
}

// Spans of days as spans of whole pixels, none so narrow that it could be overlooked.
function pixels(spans, toX, width, least) {
  const found = [];
  for (const [start, end] of spans) {
    let [left, right] = [Math.floor(toX(start)), Math.ceil(toX(end))];
    if (right - left < least) {
      left = Math.max(0, Math.round((toX(start) + toX(end) - least) / 2));
      right = Math.min(width, left + least);
      left = Math.max(0, right - least);
    }
    const before = found.at(-1);
    if (before !== undefined && left <= before[1]) before[1] = Math.max(before[1], right);
    else found.push([left, right]);
  }
  return found;
}

// What is left of spans without others; all are in order.
function without(spans, others) {
  let left = spans;
  for (const [start, end] of others) {
    left = left.flatMap(([from, to]) => {
      if (end <= from || to <= start) return [[from, to]];
      return [[from, start], [end, to]].filter(([a, b]) => b > a);
    });
  }
  return left;
}

// Which pixels show what. `row` has first and last day, the sessions it is behind and its scale;
// `strip` is null until it is known.
function stripParts(row, strip, width) {
  const toX = (day) => row.toShare(day) * width;
  const parts = { before: [], due: [], absent: [], filled: [], gap: [], suspect: [], stored: [] };
  if (row.first === null || row.last === null) return parts;
  const isDue = row.behind > 0;
  // The days after the last bar lack nothing until a session has passed without one.
  const end = isDue || row.isEnded ? toX(row.last + 1) : width;
  const due = isDue ? pixels([[row.last + 1, Infinity]], toX, width, 5) : [];
  const left = Math.round(toX(row.first));
  const right = due.length ? due[0][0] : Math.max(Math.round(end), left + 1);
  if (left > 0) parts.before = [[0, left]];
  parts.due = due;
  let stored = [[left, Math.max(right, Math.min(left + 1, width))]];
  const known = Object.fromEntries(strip?.spans ?? []);
  const taken = [];
  for (const kind of KINDS.toReversed()) {
    const least = kind === "suspect" ? 11 : kind === "gap" ? 7 : kind === "filled" ? 5 : STRIP.least;
    const wide = pixels(known[kind] ?? [], toX, width, least);
    parts[kind] = without(wide, taken).filter(([a, b]) => b - a >= Math.min(STRIP.least, least));
    taken.push(...parts[kind]);
  }
  taken.sort((a, b) => a[0] - b[0]);
  stored = without(stored, taken);
  parts.stored = stored;
  return parts;
}

function drawStrip(row, strip, width) {
  const svg = shape("svg", {
    width,
    height: STRIP.height,
    viewBox: `0 0 ${width} ${STRIP.height}`,
    role: "img",
    "aria-label": strip?.words ?? "sessions: being read",
    "shape-rendering": "crispEdges",
  });
  const { top, bottom } = STRIP;
  const parts = stripParts(row, strip, width);
  const box = (name, [left, right], more = {}) =>
    svg.append(
      shape("rect", {
        class: `ml4t-strip-${name}`,
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
        ...more,
      }),
    );
  for (const each of parts.before) box("before", each, { y: bottom - 1, height: 1 });
  for (const each of parts.stored) box("stored", each);
  for (const each of parts.absent) box("absent", each, { y: bottom - 1, height: 1 });
  for (const [left, right] of parts.filled) {
    const inner = right - left > STRIP.least ? 1 : 0;
    const low = { x: left + inner + 0.5, width: right - left - 2 * inner - 1 };
    box("filled", [left, right], { ...low, y: top + 4.5, height: bottom - top - 5 });
  }
  for (const [left, right] of parts.gap) {
    box("gap", [left + 1, right - 1], { y: bottom - 2, height: 2 });
    const middle = (left + right) / 2;
    const d = `M${middle - 4} 0h8l-4 4.5z`;
    svg.append(shape("path", { class: "ml4t-strip-mark", d, "shape-rendering": "auto" }));
  }
  for (const [left, right] of parts.suspect) {
    const middle = (left + right) / 2;
    const d = `M${middle} ${top - 1}l4.6 11h-9.2z`;
    svg.append(shape("path", { class: "ml4t-strip-suspect", d, "shape-rendering": "auto" }));
  }
  for (const [left, right] of parts.due) {
    const low = { x: left + 0.5, width: Math.max(right - left - 1, 1), y: top + 0.5 };
    box("due", [left, right], { ...low, height: bottom - top - 1 });
  }
  return svg;
}
