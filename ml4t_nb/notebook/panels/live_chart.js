// A chart that lives: its view, the kernel's finer bars, the pointer, the keys, the theme.
//
// The kernel draws all of a dataset once. A narrower view is shown at once from what is there, and
// asked for in finer steps; an answer to a view that was left meanwhile is dropped.

const TALL = 424;
const TALL_INTRADAY = 340;
const ASK_MS = 120;
const PATIENCE_MS = 20000;
const DOUBLE_CLICK_MS = 320;
const STILL_PX = 4;
const NEAR_PX = 5;
const MOVE = 0.15;
const ZOOM = 1.5;
const THEMED_MS = 400;
const CONFIG = {
  displayModeBar: false,
  displaylogo: false,
  doubleClick: false,
  scrollZoom: false,
  showTips: false,
  plotlyServerURL: "",
};

let views = 0;

class LiveChart {
  constructor(model, el) {
    this.model = model;
    this.id = `${Date.now()}-${views++}`;
    this.asked = 0;
    this.gone = new AbortController();
    this.frame = new Frame({
      go: (view) => this.go(view),
      act: (command) => this.model.send({ what: "action", command }),
    });
    this.tip = new Tip();
    this.root = made("div", "ml4t-live");
    this.stage = made("div", "ml4t-live-stage");
    this.graph = made("div", "ml4t-live-figure");
    this.spoken = made("div", "ml4t-live-spoken");
    this.root.setAttribute("role", "group");
    this.spoken.setAttribute("aria-live", "polite");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-roledescription", "chart");
    this.stage.append(this.graph, this.tip.rule, this.tip.box);
    const { head, legend, foot, command } = this.frame;
    this.root.append(head, legend, this.stage, foot, command, this.spoken);
    el.append(this.root);
    this.listen();
    this.take();
    // What was stored before somebody listened here, such as by a cell that ran meanwhile.
    this.look(this.base.facts?.drawing);
  }

  // The kernel draws anew if the store has something newer than the drawing of that number.
  look(drawing) {
    if (drawing !== undefined) this.model.send({ what: "redraw", drawing });
  }

  get shown() {
    return this.finer ?? this.base;
  }

  get facts() {
    return this.shown.facts;
  }

  get axis() {
    return [-0.5, this.end];
  }

  // What the kernel drew last, as a whole.
  take() {
    const before = this.base;
    this.base = this.model.get("drawn");
    this.finer = this.waiting = null;
    this.root.removeAttribute("aria-busy");
    this.pointed = -1;
    const { facts, figure, view, moved } = this.base;
    this.root.hidden = facts === undefined;
    this.stage.hidden = !facts?.rows;
    if (facts === undefined) return;
    this.root.setAttribute("aria-label", facts.header.symbol);
    // Beyond the last bar is the rest of its session, if that is not over.
    if (facts.rows) this.end = Math.max(facts.rows - 0.5, figure.layout.xaxis.range[1]);
    this.frame.show(facts, (range) => fitted(range, this.end));
    if (!facts.rows) return;
    // Unless the kernel moved it, what a reader chose to see stays in view.
    const isMoved = before?.moved !== moved || !this.view;
    this.go(isMoved ? (view ?? figure.layout.xaxis.range) : this.view);
  }

  // --- the view ---------------------------------------------------------------------------------

  go(view) {
    this.view = fitted(view, this.end);
    if (this.finer && !this.isCovered(this.finer)) this.finer = null;
    if (this.isCoarse()) this.ask();
    this.draw();
  }

  isCovered({ facts: { steps } }) {
    const end = Math.min(this.view[1], this.base.facts.rows - 0.5);
    return steps.first - 1 <= this.view[0] && end <= steps.first + steps.rows;
  }

  isCoarse() {
    const size = Math.ceil((2 * (this.view[1] - this.view[0])) / this.base.most);
    return !this.isCovered(this.shown) || Math.max(size, 1) < this.facts.steps.size;
  }

  // One question at a time: the kernel answers in order, and only the newest view matters.
  ask() {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      const isWaiting = this.waiting && performance.now() - this.waiting.at < PATIENCE_MS;
      if (!this.isCoarse() || isWaiting) return;
      const asked = `${this.id}-${++this.asked}`;
      this.waiting = { asked, at: performance.now(), view: this.view };
      const [left, right] = this.view;
      this.model.send({ what: "range", left, right, asked, drawing: this.base.facts.drawing });
      this.root.setAttribute("aria-busy", "true");
    }, ASK_MS);
  }

  hear(message) {
    const { drawing } = this.base.facts ?? {};
    if (message.what === "newer" && message.drawing === drawing) this.look(drawing);
    if (message.what !== "drawing" || message.asked !== this.waiting?.asked) return;
    const isOvertaken = !isSame(this.waiting.view, this.view);
    this.waiting = null;
    this.root.removeAttribute("aria-busy");
    // Of a view that was left, it may still hold the one that is shown by now.
    if (!isOvertaken || this.isCovered(message)) {
      this.finer = message;
      this.pointed = -1;
    }
    if (isOvertaken && this.isCoarse()) this.ask();
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this.paint());
  }

  async paint() {
    const wide = this.stage.clientWidth;
    if (!wide || this.gone.signal.aborted) return;
    try {
      this.plotly ??= await plotlyOf(this.model);
    } catch {
      this.graph.textContent = "The program that draws the chart could not be loaded.";
      return;
    }
    if (this.gone.signal.aborted || this.stage.hidden) return;
    const { figure, facts } = this.shown;
    const { marked, bodies } = this.base;
    const tall = figure.layout.height ?? (facts.is_intraday ? TALL_INTRADAY : TALL);
    const given = { figure, facts, view: this.view, wide, tall, marked, bodies };
    const { data, layout } = drawn(given, this.root);
    this.layout = layout;
    await this.plotly.react(this.graph, data, layout, CONFIG);
    if (!this.isHeard) {
      this.isHeard = true;
      this.graph.on("plotly_relayout", (change) => this.dragged(change));
      this.graph.on("plotly_doubleclick", () => this.go(this.axis));
    }
    const words = this.frame.say({ facts, view: this.view, axis: this.axis });
    this.stage.setAttribute("aria-label", words);
    this.point(this.pointed);
  }

  dragged(change) {
    const ends = [0, 1].map((at) => change[`xaxis.range[${at}]`] ?? change["xaxis.range"]?.[at]);
    if (ends.every(Number.isFinite)) this.go(ends.sort((a, b) => a - b));
  }

  // About the bar that is pointed at, else about the middle.
  zoom(factor) {
    const [left, right] = this.view;
    const { steps } = this.facts;
    const at = this.pointed < 0 ? (left + right) / 2 : middleOf(steps, this.pointed);
    this.go([at - (at - left) / factor, at + (right - at) / factor]);
  }

  // The view; with Shift, or where all is in view, the bar that is pointed at.
  move(way, isBar) {
    const [left, right] = this.view;
    if (!isBar && !isSame(this.view, this.axis)) {
      const by = way * MOVE * (right - left);
      this.go([left + by, right + by]);
      return;
    }
    const [from, to] = stepsIn(this.facts.steps, this.view);
    const before = this.pointed < 0 ? (way > 0 ? from - 1 : to) : this.pointed;
    this.point(Math.min(Math.max(before + way, from), to - 1));
    this.spoken.textContent = [...this.tip.box.children].map((each) => each.textContent).join(". ");
  }

  // --- the pointer ------------------------------------------------------------------------------

  rowAt(clientX) {
    const { l, r } = this.layout.margin;
    const box = this.graph.getBoundingClientRect();
    const share = (clientX - box.left - l) / (box.width - l - r);
    return share < 0 || share > 1 ? null : this.view[0] + share * (this.view[1] - this.view[0]);
  }

  point(step) {
    if (!this.layout) return;
    const { facts } = this;
    const isIn = step >= 0 && step < facts.steps.close.length;
    const middle = isIn ? middleOf(facts.steps, step) : NaN;
    const isSeen = middle >= this.view[0] && middle <= this.view[1];
    this.pointed = isSeen ? step : -1;
    this.root.classList.toggle("ml4t-live-pointed", isSeen);
    this.frame.name(facts, this.pointed);
    if (isSeen) this.tip.show(facts, this.layout, this.view, step);
  }

  clicked(clientX, isSecond) {
    // The first half of a double click is a click too, and says nothing about a gap.
    clearTimeout(this.clicking);
    const row = this.rowAt(clientX);
    if (row === null || isSecond) return;
    const { l, r } = this.layout.margin;
    const reach = (NEAR_PX * (this.view[1] - this.view[0])) / (this.layout.width - l - r);
    const message = { what: "click", row, reach, drawing: this.base.facts.drawing };
    this.clicking = setTimeout(() => this.model.send(message), DOUBLE_CLICK_MS);
  }

  pressed(event) {
    this.stage.focus({ preventScroll: true });
    const { clientX: x, clientY: y } = event;
    const isSecond = performance.now() - (this.last ?? -Infinity) < DOUBLE_CLICK_MS;
    this.last = performance.now();
    // plotly lays a sheet over the page while a button is down: the end is heard there.
    const up = (end) => {
      const isStill = Math.hypot(end.clientX - x, end.clientY - y) < STILL_PX;
      if (isStill && this.layout) this.clicked(x, isSecond);
    };
    window.addEventListener("pointerup", up, { once: true, capture: true });
  }

  // --- what is heard ----------------------------------------------------------------------------

  listen() {
    const { signal } = this.gone;
    const on = (owner, type, hear, more) => owner.addEventListener(type, hear, { signal, ...more });
    on(this.root, "keydown", (event) => this.key(event));
    on(this.stage, "pointerleave", () => this.point(-1));
    on(this.stage, "pointerdown", (event) => this.pressed(event), { capture: true });
    on(this.stage, "pointermove", ({ clientX }) => {
      const row = this.layout ? this.rowAt(clientX) : null;
      this.point(row === null ? -1 : stepAt(this.facts.steps, row));
    });
    const sizes = new ResizeObserver(() => this.draw());
    sizes.observe(this.stage);
    const themes = new MutationObserver(() => this.recolour());
    themes.observe(document.body, { attributes: true });
    themes.observe(document.documentElement, { attributes: true });
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.recolour());
    const [take, hear] = [() => this.take(), (message) => this.hear(message)];
    this.model.on("change:drawn", take);
    this.model.on("msg:custom", hear);
    signal.addEventListener("abort", () => {
      sizes.disconnect();
      themes.disconnect();
      this.model.off("change:drawn", take);
      this.model.off("msg:custom", hear);
    });
  }

  // The page may get its colours a moment after it said that it has others.
  recolour() {
    this.draw();
    clearTimeout(this.recolouring);
    this.recolouring = setTimeout(() => this.draw(), THEMED_MS);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.layout) return;
    const [left, right] = this.view ?? [];
    const acts = {
      ArrowLeft: () => this.move(-1, event.shiftKey),
      ArrowRight: () => this.move(1, event.shiftKey),
      Home: () => this.go([-0.5, right - left - 0.5]),
      End: () => this.go([this.end - (right - left), this.end]),
      "+": () => this.zoom(ZOOM),
      "=": () => this.zoom(ZOOM),
      "-": () => this.zoom(1 / ZOOM),
      0: () => this.go(this.axis),
      Escape: () => this.point(-1),
    };
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : undefined;
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  stop() {
    this.gone.abort();
    cancelAnimationFrame(this.drawing);
    for (const wait of [this.asking, this.clicking, this.recolouring]) clearTimeout(wait);
    if (this.isHeard) this.plotly.purge(this.graph);
    this.root.remove();
  }
}

export default {
  render({ model, el }) {
    const chart = new LiveChart(model, el);
    return () => chart.stop();
  },
};
