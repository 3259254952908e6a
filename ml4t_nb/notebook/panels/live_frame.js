// What stands around a chart's figure: the head, the ranges, the legend, and the line below.

const KEYS = [
  ["\u2190\u2192", "move"],
  ["+\u2212", "zoom"],
  ["0", "all"],
];

class Frame {
  // ``go`` is called with a range that was chosen, ``act`` with the command of an action, or null.
  constructor({ go, act }) {
    Object.assign(this, { go, act });
    this.head = made("div", "ml4t-live-head");
    this.legend = made("div", "ml4t-live-legend");
    this.foot = made("div", "ml4t-live-foot");
    this.command = made("div", "ml4t-live-line");
    this.open = null;
  }

  show(facts, fit) {
    this.facts = facts;
    const { header, legend, buttons } = facts;
    const name = made("div", "ml4t-live-name");
    const what = made("div", "ml4t-live-what", header.description);
    name.append(made("div", "ml4t-live-symbol", header.symbol), what);
    const sides = [made("span"), made("span")];
    for (const entry of legend) {
      const isEvent = entry.kind === "split" || entry.kind === "dividend";
      sides[Number(isEvent)].append(legendEntry(entry));
    }
    this.legend.replaceChildren(...sides);
    for (const each of [this.legend, this.foot]) each.hidden = !facts.rows;
    if (facts.rows) {
      this.head.replaceChildren(name, this.last(header), this.ranges(buttons, fit));
      this.below();
    } else {
      this.head.replaceChildren(name, made("div", "ml4t-live-what", "no bars in this range"));
    }
  }

  last({ price, sign, arrow, change, percent: share }) {
    const box = made("div", "ml4t-live-last");
    const first = made("div", "ml4t-live-price", price);
    const words = [arrow, change, share].filter(Boolean).join(" ");
    first.append(" ", made("span", `ml4t-live-${sign}`, words));
    this.bar = made("div", "ml4t-live-bar");
    box.classList.toggle("ml4t-live-timed", this.facts.is_intraday);
    box.append(first, this.bar);
    return box;
  }

  ranges(buttons, fit) {
    const box = made("div", "ml4t-live-ranges");
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Range");
    this.buttons = buttons.map(({ label, left, right }) => {
      const button = pressed(label, () => this.go([left, right]));
      return { button, view: fit([left, right]) };
    });
    box.append(...this.buttons.map((each) => each.button));
    return box;
  }

  below() {
    const { footer } = this.facts;
    this.count = made("span", "ml4t-live-count");
    const words = made("span", "ml4t-live-words");
    words.append(this.count, made("span", "", footer.zone));
    const keys = made("span", "ml4t-live-keys");
    for (const [caps, word] of KEYS) {
      const group = made("span");
      group.append(...[...caps].map((cap) => made("kbd", "", cap)), word);
      keys.append(group);
    }
    const actions = made("span", "ml4t-live-actions");
    for (const { label, command } of footer.actions) {
      const button = pressed(label, () => this.toggle(command));
      button.title = command;
      button.setAttribute("aria-expanded", String(this.open === command));
      actions.append(button);
    }
    this.foot.replaceChildren(words, keys, actions);
    const isOpen = footer.actions.some((each) => each.command === this.open);
    this.command.replaceChildren(...(isOpen ? commandLine(this.open) : []));
  }

  toggle(command) {
    this.open = this.open === command ? null : command;
    const { activeElement } = document;
    const at = [...this.foot.querySelectorAll("button")].indexOf(activeElement);
    this.below();
    this.say(this.said);
    // What is drawn anew takes the focus away with it.
    this.foot.querySelectorAll("button")[at]?.focus();
    this.act(this.open);
  }

  // What depends on the view; gives a sentence about it.
  say({ facts, view, axis }) {
    this.said = { facts, view, axis };
    const { header, footer } = this.facts;
    const { steps } = facts;
    const [from, to] = stepsIn(steps, view);
    const isAll = isSame(view, axis);
    const { bars, isKnown } = barsIn(steps, view);
    const about = isKnown || isAll ? "" : "about ";
    const number = grouped(isAll ? footer.total : bars, 0);
    const unit = footer.total === 1 ? footer.one : footer.several;
    this.count.textContent = `${about}${number} of ${grouped(footer.total, 0)} ${unit}`;
    for (const { button, view: own } of this.buttons) {
      button.setAttribute("aria-pressed", String(isSame(own, view)));
    }
    const span = to > from ? `, ${steps.labels[from]} to ${steps.labels[to - 1]}` : "";
    const last = header.price ? ` Last ${header.price} ${header.change} ${header.percent}.` : "";
    const things = footer.actions.map((each) => ` ${each.label}.`).join("");
    const what = `${header.symbol}, ${header.description}`;
    return `${what}: ${this.count.textContent}${span}.${last}${things}`;
  }

  // The bar that is pointed at, else the last one.
  name(facts, step) {
    if (step < 0) {
      const { header } = this.facts;
      const words = [header.bar, header.note].filter(Boolean).join("   ");
      // A letter stays beside its number.
      this.bar.textContent = words.replace(/\b([OHLC]|Vol) /g, `$1${SPACE}`);
      return;
    }
    const volume = volumeWords(facts, step, "Vol");
    const label = made("span", "", `${facts.steps.labels[step]}   `);
    this.bar.replaceChildren(label, ...priceWords(facts, step), ...(volume ? [volume] : []));
  }
}

function pressed(label, act) {
  const button = made("button", "", label);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

// What is copied is the panel's to do.
function commandLine(command) {
  const copy = made("button", "", "Copy");
  copy.type = "button";
  copy.dataset.ml4tCopy = command;
  return [made("code", "", command), copy];
}
