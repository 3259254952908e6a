// Arithmetic of a chart's view: edges on its axis of rows, the steps in view and their extremes.
//
// A row's middle is a whole number, its edges half a row beside it. A view is two edges.

const AIR = 0.05;
const TICK_PX = 56;
const MIN_ROWS = 5;

function middleOf(steps, step) {
  const first = steps.first + step * steps.size;
  const last = Math.min(first + steps.size, steps.first + steps.rows) - 1;
  return (first + last) / 2;
}

function stepAt(steps, row) {
  const step = Math.floor((Math.round(row) - steps.first) / steps.size);
  return step >= 0 && step < steps.close.length ? step : -1;
}

// Steps whose middle is in view: from the first to before the second.
function stepsIn(steps, [left, right]) {
  const from = Math.ceil((left - steps.first - (steps.size - 1) / 2) / steps.size);
  let to = Math.floor((right - steps.first - (steps.size - 1) / 2) / steps.size) + 1;
  const most = steps.close.length;
  // The middle of the last step is further left where it is short.
  if (to === most - 1 && middleOf(steps, to) <= right) to = most;
  const start = Math.min(Math.max(from, 0), most);
  return [start, Math.max(Math.min(to, most), start)];
}

// How many bars have their middle in view, and whether that is known: of a step at the edge that
// lacks some, nobody here knows which.
function barsIn(steps, [left, right]) {
  const [from, to] = [Math.ceil(left), Math.floor(right) + 1];
  let [bars, isKnown] = [0, true];
  const end = steps.first + steps.rows;
  for (const [at, count] of steps.counts.entries()) {
    const first = steps.first + at * steps.size;
    const next = Math.min(first + steps.size, end);
    const seen = Math.min(next, to) - Math.max(first, from);
    if (seen <= 0) continue;
    const rows = next - first;
    bars += seen === rows ? count : Math.round((count * seen) / rows);
    isKnown &&= seen === rows || count === rows;
  }
  return { bars, isKnown };
}

function extremes(low, high, [from, to]) {
  let [least, most] = [Infinity, -Infinity];
  for (let at = from; at < to; at++) {
    if (low[at] !== null && low[at] < least) least = low[at];
    if (high[at] !== null && high[at] > most) most = high[at];
  }
  return least <= most ? [least, most] : null;
}

function priceRange(steps, part) {
  const found = extremes(steps.low, steps.high, part);
  if (found === null) return null;
  const [least, most] = found;
  const air = (most - least) * AIR || Math.abs(most) * AIR || 1;
  return [least - air, most + air];
}

function volumeRange(steps, part) {
  const found = extremes(steps.volume, steps.volume, part);
  return found === null || found[1] <= 0 ? null : [0, found[1]];
}

// Within the axis, which ends at ``end``, and at least a few bars wide.
function fitted([left, right], end) {
  const most = end + 0.5;
  const wide = Math.min(Math.max(right - left, Math.min(MIN_ROWS, most)), most);
  const middle = (left + right) / 2;
  const start = Math.min(Math.max(middle - wide / 2, -0.5), end - wide);
  return [start, start + wide];
}

function isSame(a, b) {
  const close = (b[1] - b[0]) / 1e4;
  return Math.abs(a[0] - b[0]) <= close && Math.abs(a[1] - b[1]) <= close;
}

// The finest ticks that have room; each row, its words, and those below.
function ticksIn(levels, [left, right], wide) {
  let chosen = { rows: [], labels: [], below: [] };
  for (const level of levels) {
    const from = lowerBound(level.rows, left);
    const to = lowerBound(level.rows, right);
    const [rows, labels, below] = [level.rows, level.labels, level.below].map((each) =>
      each.slice(from, to),
    );
    chosen = { rows, labels, below };
    if (rows.length * (level.room ?? TICK_PX) <= wide) break;
  }
  const words = chosen.labels.map((label, at) => {
    const under = chosen.below[at];
    return under && (at === 0 || under !== chosen.below[at - 1])
      ? `${label}<br><b>${under}</b>`
      : label;
  });
  return { rows: chosen.rows, words };
}

function lowerBound(values, wanted) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
