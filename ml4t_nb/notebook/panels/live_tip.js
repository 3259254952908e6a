// The words beside the bar that is pointed at, and the line through it.

const BESIDE_PX = 12;
const LEAST_PX = 3;
const PLACES = 8;

class Tip {
  constructor() {
    this.rule = made("div", "ml4t-live-rule");
    this.box = made("div", "ml4t-live-tip");
  }

  show(facts, layout, view, step) {
    this.box.replaceChildren(...tipLines(facts, step));
    const { margin, height, width, yaxis2 } = layout;
    const { steps } = facts;
    const inner = height - margin.t - margin.b;
    const px = (width - margin.l - margin.r) / (view[1] - view[0]);
    const x = margin.l + (middleOf(steps, step) - view[0]) * px;
    this.rule.style.transform = `translateX(${x}px)`;
    this.rule.style.top = `${margin.t}px`;
    this.rule.style.height = `${inner}px`;
    const [bottom, top] = yaxis2.domain.map((share) => margin.t + inner * (1 - share));
    const [low, high] = yaxis2.range;
    const pane = {
      top,
      bottom,
      width,
      px,
      yOf: (price) => bottom - ((price - low) / (high - low)) * (bottom - top),
      rowOf: (place) => view[0] + (place - margin.l) / px,
    };
    const { left, at } = this.place(steps, step, x, pane);
    this.box.style.transform = `translate(${Math.round(left)}px, ${Math.round(at)}px)`;
  }

  // Beside the bar, where it covers the fewest others, and as near as that allows.
  place(steps, step, x, { top, bottom, width, px, yOf, rowOf }) {
    const half = Math.max((steps.size * px) / 2, LEAST_PX) + BESIDE_PX;
    const { offsetWidth: wide, offsetHeight: tall } = this.box;
    const close = steps.close[step];
    const own = close === null ? (top + bottom) / 2 : yOf(close);
    const sides = [x + half, x - half - wide].filter((left) => left >= 0 && left + wide <= width);
    let best = { left: Math.max(x - half - wide, 0), at: top, cost: Infinity };
    for (const left of sides) {
      const [from, to] = stepsIn(steps, [rowOf(left), rowOf(left + wide)]);
      for (let place = 0; place <= PLACES; place++) {
        const at = top + 4 + (place / PLACES) * Math.max(bottom - top - tall - 8, 0);
        let cost = Math.abs(at + tall / 2 - own) / (bottom - top);
        for (let other = from; other < to; other++) {
          if (steps.high[other] === null) continue;
          if (yOf(steps.high[other]) < at + tall && yOf(steps.low[other]) > at) cost += 1;
        }
        if (cost < best.cost) best = { left, at, cost };
      }
    }
    return best;
  }
}

function tipLines(facts, step) {
  const { steps } = facts;
  const head = made("div");
  head.append(made("b", "", steps.labels[step]));
  const change = steps.change[step];
  if (change !== null && !facts.is_compared) head.append(made("span", "ml4t-live-share", percent(change)));
  const lines = [head];
  const prices = priceWords(facts, step);
  if (prices.length) {
    const line = made("div");
    line.append(...prices);
    lines.push(line);
  }
  const volume = volumeWords(facts, step, "Volume");
  if (volume) {
    const line = made("div");
    line.append(volume);
    lines.push(line);
  }
  const middle = middleOf(steps, step);
  const bands = facts.bands.filter((band) => band.left < middle && middle < band.right);
  const remarks = [...(facts.remarks[step] ?? []), ...bands.flatMap((band) => band.words)];
  for (const words of new Set(remarks)) {
    const line = made("div");
    const at = words.startsWith("\u25b2") ? words.indexOf(":") + 1 : 0;
    line.append(made("b", "", words.slice(0, at)), words.slice(at));
    lines.push(line);
  }
  return lines;
}
