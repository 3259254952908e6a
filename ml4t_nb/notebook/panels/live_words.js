// Words of a chart: numbers as a reader of the field writes them, and HTML made of text alone.

const MINUS = "\u2212";
const SPACE = "\u00a0";
const UNITS = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

function grouped(value, decimals) {
  const words = Math.abs(value).toFixed(decimals);
  const [whole, part] = words.split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = value < 0 && Number(words) !== 0 ? MINUS : "";
  return sign + (part === undefined ? digits : `${digits}.${part}`);
}

// Three figures: ``16.2 M``.
function shortened(value) {
  for (const [size, unit] of UNITS) {
    // What rounds to 1,000 of a unit is 1 of the next one.
    if (Math.abs(value) < size * 0.9995) continue;
    const share = value / size;
    const decimals = Math.min(Math.max(2 - Math.floor(Math.log10(Math.abs(share))), 0), 2);
    return `${grouped(share, decimals)}${SPACE}${unit}`;
  }
  return grouped(value, Number.isInteger(value) ? 0 : 2);
}

function percent(value) {
  const sign = Number(value.toFixed(2)) > 0 ? "+" : "";
  return `${sign}${grouped(value, 2)}${SPACE}%`;
}

function made(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

const FIELDS = [
  ["O", "open"],
  ["H", "high"],
  ["L", "low"],
  ["C", "close"],
];

// ``O 38.81  H 47.92 ...``, a value in doubt in bold.
function priceWords(facts, step) {
  // Of several symbols each has a line of its own among the remarks.
  if (facts.is_compared) return [];
  const doubtful = facts.doubtful[step] ?? [];
  const parts = [];
  for (const [letter, name] of FIELDS) {
    const value = facts.steps[name][step];
    if (value === null) continue;
    parts.push(
      made("span", "", letter + SPACE),
      made(doubtful.includes(name) ? "b" : "span", "", grouped(value, facts.decimals)),
      made("span", "", "  "),
    );
  }
  return parts;
}

function volumeWords(facts, step, word) {
  const value = facts.steps.volume[step];
  if (value === null || facts.is_compared) return null;
  const isDoubtful = (facts.doubtful[step] ?? []).includes("volume");
  const line = made("span", "", word + SPACE);
  line.append(made(isDoubtful ? "b" : "span", "", shortened(value)));
  return line;
}
