// One board in a page: what is shown of it, and which lines are drawn.
//
// Filter, order, folds and selection are the page's own. Of more than some hundred lines only those
// in sight are drawn; what a dataset has of each day is asked for when its line comes into sight.

const WHOLE = 200;
const BEYOND_PX = 400;
const NARROW_PX = 720;
const ASK_MS = 40;
const ASK_MOST = 60;

class BoardView {
  constructor(model) {
    this.model = model;
    this.icons = model.get("icons");
    [this.top, this.main] = shell();
    this.part = (name) =>
      this.top.querySelector(`.ml4t-board-${name}`) ?? this.main.querySelector(`.ml4t-board-${name}`);
    [this.grid, this.body, this.scroll] = ["grid", "body", "scroll"].map(this.part);
    this.look = {
      filter: "",
      off: new Set(["healthy"]), // states that are not shown
      folds: new Map(), // by group, where a person folded or unfolded it
      unfolded: new Set(), // groups all of whose rows are shown
      grouping: "cause",
      sort: { by: "state", isDown: false },
    };
    this.selected = new Set();
    this.strips = new Map(); // by key: the strip, and the version of the board that it is of
    this.asked = new Map(); // by key: the version that its strip was asked for at
    this.elements = new Map(); // by key: the element of a line, and what it was made of
    this.busy = new Set(model.get("busy"));
    this.active = "";
    this.anchor = "";
    this.width = 0;
  }

  // The board as the kernel says it is now.
  take() {
    this.board = this.model.get("board");
    this.rows = decoded(this.board);
    this.byKey = new Map(this.rows.map((row) => [row.key, row]));
    for (const key of [...this.selected]) if (!this.byKey.has(key)) this.selected.delete(key);
    for (const each of [this.top, this.main]) each.style.display = this.rows.length ? "" : "none";
    this.grid.classList.toggle("ml4t-has-kinds", this.rows.some((row) => row.more));
    this.measure();
    drawTotals(this);
    this.arrange();
    drawFoot(this, this.model.get("stale_days"));
  }

  // Whether the strips are of another width than before.
  measure() {
    const width = Math.floor(this.part("heads").querySelector(".ml4t-board-sessions").clientWidth);
    const before = this.width;
    this.width = width;
    return width !== before;
  }

  arrange() {
    const words = this.look.filter.split(" ");
    const wanted = this.rows.filter((row) => words.every((word) => row.found.includes(word)));
    this.groups = grouped(this.rows, wanted, this.board, this.look);
    this.lines = linesOf(this.groups, this.look);
    if (!this.lines.some((line) => line.key === this.active)) this.active = this.lines[0]?.key ?? "";
    this.part("none").style.display = this.rows.length && !this.lines.length ? "" : "none";
    this.draw();
  }

  lineOf(element) {
    const key = element.closest("[data-key]")?.dataset.key;
    return this.lines.find((line) => line.key === key);
  }

  heightOf(line) {
    const isNarrow = line.what === "group" && this.main.clientWidth < NARROW_PX;
    return isNarrow ? LINE_PX.narrow : LINE_PX[line.what];
  }

  heightOfAll(lines) {
    return sum(lines, (line) => this.heightOf(line));
  }

  // First and last line to be drawn, and the room of those before and after them.
  inSight() {
    const { lines, scroll } = this;
    if (lines.length <= WHOLE) return [0, lines.length, 0, 0];
    const from = scroll.scrollTop - BEYOND_PX;
    const to = scroll.scrollTop + scroll.clientHeight + BEYOND_PX;
    let [first, last, before, total] = [0, 0, 0, 0];
    lines.forEach((line, at) => {
      const height = this.heightOf(line);
      if (total + height <= from) [first, before] = [at + 1, total + height];
      if (total < to) last = at + 1;
      total += height;
    });
    return [first, last, before, total - before - this.heightOfAll(lines.slice(first, last))];
  }

  draw() {
    const { body, lines } = this;
    const hadFocus = body.contains(document.activeElement);
    const wasInRow = hadFocus && !document.activeElement.matches('[role="row"]');
    const does = wasInRow ? document.activeElement.dataset.does : undefined;
    const [first, last, before, after] = this.inSight();
    body.style.paddingTop = `${before}px`;
    body.style.paddingBottom = `${after}px`;
    this.grid.setAttribute("aria-rowcount", String(lines.length + 1));
    // Of lines that are scrolled out of sight the Tab key leads to the first of those in sight.
    const drawn = lines.slice(first, last);
    const isInSight = drawn.some((line) => line.key === this.active);
    const reached = isInSight ? this.active : drawn[0]?.key;
    // Those that are there already stay where they are, and keep the focus.
    let next = body.firstChild;
    for (const [at, line] of drawn.entries()) {
      const element = this.elementOf(line, first + at, line.key === reached);
      if (element === next) next = next.nextSibling;
      else body.insertBefore(element, next);
    }
    while (next !== null) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    if (hadFocus && !body.contains(document.activeElement)) {
      const line = isInSight ? this.elements.get(this.active)?.element : null;
      const within = wasInRow ? line?.querySelector(does ? `[data-does="${does}"]` : "input") : null;
      (within ?? line ?? this.grid).focus({ preventScroll: true });
    }
    drawHeads(this);
    drawSelection(this);
    this.askForStrips();
  }

  elementOf(line, at, isReached) {
    const { key } = line;
    const facts = this.factsOf(line);
    let element = this.elements.get(key)?.element;
    if (!this.elements.get(key)?.facts.every((fact, place) => fact === facts[place])) {
      element = this.made(line, facts);
      element.dataset.key = key;
      this.elements.set(key, { element, facts });
    }
    element.tabIndex = isReached ? 0 : -1;
    element.setAttribute("aria-rowindex", String(at + 2));
    for (const each of element.querySelectorAll("input, .ml4t-board-link")) {
      each.tabIndex = isReached ? 0 : -1;
    }
    return element;
  }

  // What a line's element depends on.
  factsOf({ what, key, row, group, isFolded }) {
    if (what === "row") {
      const strip = this.strips.get(key)?.strip ?? null;
      const isOpen = this.model.get("opened") === key;
      return [row, this.selected.has(key), this.busy.has(key), isOpen, strip, this.width];
    }
    if (what === "more") return [group.rows.length, group.rows[SHOWN].key];
    const chosen = sum(group.rows, (row) => (this.selected.has(row.key) ? 1 : 0));
    return [chosen, group.rows.length, isFolded, this.board.version];
  }

  made(line, facts) {
    const { icons, width } = this;
    if (line.what === "more") return moreElement(line);
    if (line.what === "group") return groupElement(line, { icons, chosen: facts[0] });
    const [row, isSelected, isBusy, isOpen, strip] = facts;
    return rowElement(row, { icons, isSelected, isBusy, isOpen, strip, width });
  }

  askForStrips() {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      const here = [...this.body.querySelectorAll(".ml4t-board-row")];
      const unknown = here
        .map((each) => each.dataset.key)
        .filter((key) => (this.asked.get(key) ?? 0) < this.board.version);
      for (let at = 0; at < unknown.length; at += ASK_MOST) {
        const keys = unknown.slice(at, at + ASK_MOST);
        for (const key of keys) this.asked.set(key, this.board.version);
        this.model.send({ what: "strips", keys });
      }
    }, ASK_MS);
  }

  takeStrips(message) {
    for (const [key, [spans, words]] of Object.entries(message?.strips ?? {})) {
      this.strips.set(key, { strip: { spans, words }, version: message.version });
    }
    this.draw();
  }

  setSelected(keys, isOn) {
    for (const key of keys) {
      if (isOn) this.selected.add(key);
      else this.selected.delete(key);
    }
    this.part("said").textContent = `${thousands(this.selected.size)} selected`;
    this.draw();
  }

  // Turn those of the keys that are selected round: all of them, or none.
  turn(keys) {
    this.setSelected(keys, !keys.every((key) => this.selected.has(key)));
  }

  select(line, isRange) {
    this.active = line.key;
    if (line.what === "group") return this.turn(line.group.rows.map((row) => row.key));
    const shown = this.lines.filter((each) => each.what === "row").map((each) => each.key);
    const ends = [shown.indexOf(this.anchor), shown.indexOf(line.key)];
    const [from, to] = ends.toSorted((a, b) => a - b);
    this.anchor = line.key;
    if (isRange && from >= 0) return this.setSelected(shown.slice(from, to + 1), true);
    return this.turn([line.key]);
  }

  fold(line, isFolded) {
    this.look.folds.set(line.group.key, isFolded);
    this.active = line.key;
    this.arrange();
  }

  show(line) {
    this.look.unfolded.add(line.group.key);
    this.active = line.group.rows[SHOWN].key;
    this.arrange();
    this.focusActive();
  }

  enter(line) {
    if (line.what === "row") this.model.send({ what: "open", key: line.key });
    else if (line.what === "group") this.fold(line, !line.isFolded);
    else this.show(line);
  }

  go(at) {
    this.active = this.lines[at]?.key ?? "";
    this.focusActive();
  }

  focusActive() {
    const { lines, scroll } = this;
    const at = lines.findIndex((line) => line.key === this.active);
    if (at < 0) return;
    if (lines.length > WHOLE) {
      const above = this.heightOfAll(lines.slice(0, at));
      const below = above + this.heightOf(lines[at]) + this.part("heads").offsetHeight;
      if (above < scroll.scrollTop) scroll.scrollTop = above;
      const least = below - scroll.clientHeight;
      if (least > scroll.scrollTop) scroll.scrollTop = least;
    }
    this.draw();
    const element = this.elements.get(this.active)?.element;
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }
}
