// A board in a page: what is shown of it, and which lines are drawn.
//
// Filter, order and folds are the page's own. Of more than some hundred lines only those in sight
// are drawn. What a board's rows, groups and buttons are, a class made from this one says.

const WHOLE = 200;
const BEYOND_PX = 400;
const NARROW_PX = 720;

class BoardView {
  // `columns` are names and words, `off` the states that are not shown at first, `nothing` what is
  // said where no line is left.
  constructor(model, { columns, off, nothing, ...parts }) {
    this.model = model;
    this.icons = model.get("icons");
    this.columns = columns;
    [this.top, this.main] = frame({ columns, ...parts });
    this.part = (name) =>
      this.top.querySelector(`.ml4t-board-${name}`) ?? this.main.querySelector(`.ml4t-board-${name}`);
    [this.grid, this.body, this.scroll] = ["grid", "body", "scroll"].map(this.part);
    this.part("none").textContent = nothing;
    this.look = {
      filter: "",
      off: new Set(off), // states that are not shown
      folds: new Map(), // by group, where a person folded or unfolded it
      unfolded: new Set(), // groups all of whose rows are shown
      sort: { by: "state", isDown: false },
    };
    this.elements = new Map(); // by key: the element of a line, and what it was made of
    this.active = "";
    this.width = 0;
  }

  // Of each board: `rowsOf(board)`, `groupsOf(wanted)`, `factsOf(line)`, what a line's element
  // depends on, `made(line, facts)`, the element, and `obey(button)`. What follows may be left out.
  taken() {}
  drawFoot() {}
  drawn() {}
  open() {}
  checked() {}

  drawHeads() {
    drawSort(this);
  }

  changes() {
    return {};
  }

  // The board as the kernel says it is now.
  take() {
    this.board = this.model.get("board");
    this.rows = this.rowsOf(this.board);
    for (const each of [this.top, this.main]) each.style.display = this.rows.length ? "" : "none";
    this.taken();
    drawTotals(this);
    this.arrange();
    this.drawFoot();
  }

  // Whether the table is of another width than before.
  measure() {
    const before = this.width;
    this.width = this.grid.clientWidth;
    return this.width !== before;
  }

  arrange() {
    const words = this.look.filter.split(" ");
    const wanted = this.rows.filter((row) => words.every((word) => row.found.includes(word)));
    this.groups = this.groupsOf(wanted);
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
    this.drawHeads();
    this.drawn();
  }

  elementOf(line, at, isReached) {
    const { key } = line;
    const facts = line.what === "more" ? moreFacts(line) : this.factsOf(line);
    let element = this.elements.get(key)?.element;
    if (!this.elements.get(key)?.facts.every((fact, place) => fact === facts[place])) {
      element = line.what === "more" ? moreElement(line) : this.made(line, facts);
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

  // What the Space key does on a line, and a click on its box.
  select(line) {
    if (line.what === "group") this.fold(line, !line.isFolded);
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
    if (line.what === "row") this.open(line);
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

function moreFacts({ group }) {
  return [group.rows.length, group.rows[SHOWN].key];
}
