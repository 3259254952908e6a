// The universes in a page: a group for each, a row for each symbol, and what is in none.
//
// Rows and groups are lists, see `universe_json`; Plan and Sync are the kernel's.

const FRAME = {
  columns: [
    ["state", "State"],
    ["dataset", "Symbol"],
    ["why", "Why"],
    ["first", "First"],
    ["last", "Last"],
    ["bars", "Bars"],
    ["due", "Next due"],
    ["cost", "Requests"],
  ],
  off: [],
  sought: "symbol, universe, reason",
  label: "Universes",
  nothing: "No symbol is like that: change the filter, or show more states.",
  controls: '<span class="ml4t-universe-all"></span>',
  below: '<div class="ml4t-universe-line"></div>',
};
const KEYS = [["/", "filter"], ["Enter", "fold"]];
const ORDER = {
  state: (row, states) => states.indexOf(row.state),
  dataset: (row) => row.symbol,
  why: (row) => row.reason,
  first: (row) => row.first ?? Infinity,
  last: (row) => row.last ?? -Infinity,
  bars: (row) => row.bars,
  due: (row) => row.dueIn ?? Infinity,
  cost: (row) => -row.requests,
};
const HINTS = {
  plan: "What a sync would request and store; nothing is requested or written.",
  sync: "Load what is missing, and update the rest, in the background.",
};

function actions(group, { isPrimary, isRunning }) {
  const plan = press("Plan", "ml4t-once", { does: "plan" });
  plan.setAttribute("aria-label", `Plan ${group.title}`);
  plan.title = HINTS.plan;
  if (isRunning) return [plan];
  const sync = press("Sync", `ml4t-once ${isPrimary ? "ml4t-board-primary" : ""}`, { does: "sync" });
  sync.setAttribute("aria-label", `Sync ${group.title}`);
  sync.title = HINTS.sync;
  return [plan, sync];
}

function groupElement({ group, isFolded }, { icons, running, isPrimary }) {
  const element = lineElement("group ml4t-universe-group", 1);
  element.setAttribute("aria-expanded", String(!isFolded));
  const [number, all] = [group.rows.length, group.all.length];
  const shown_ = number < all ? `${thousands(number)} of ${thousands(all)} shown` : group.facts;
  const facts = made("span", "ml4t-universe-facts", shown_);
  const about = made("div", "ml4t-universe-about", made("div", "", made("b", "", group.title), facts));
  about.append(made("div", "ml4t-universe-words", group.words));
  if (group.cost) about.append(made("div", "ml4t-universe-cost", `Plan: ${group.cost}`));
  if (running) {
    about.append(made("div", "ml4t-universe-running", sign(icons, "running"), ` ${running}`));
  }
  const head = cell("head", arrow(isFolded), about);
  head.setAttribute("aria-colspan", group.name ? "6" : "8");
  element.append(head);
  if (group.name) element.append(cell("all", ...actions(group, { isPrimary, isRunning: running })));
  return element;
}

function rowElement(row, icons) {
  const element = lineElement("row", 2);
  const dataset = cell("dataset", made("span", "ml4t-board-name", row.symbol));
  if (row.more) dataset.append(made("span", "ml4t-board-kind", ` ${row.more}`));
  dataset.title = row.dataset;
  const why = cell("why", row.reason);
  element.title = row.reason;
  element.append(
    cell("state", sign(icons, row.state), made("span", "", row.state)),
    dataset,
    why,
    cell("first", dated(row.first)),
    cell("last", dated(row.last)),
    cell("bars", thousands(row.bars)),
    cell("due", row.due),
    cell("cost", row.cost),
  );
  return element;
}

class UniverseView extends BoardView {
  constructor(model) {
    super(model, FRAME);
    this.running = model.get("running");
    this.all = this.top.querySelector(".ml4t-universe-all");
    this.place = this.main.querySelector(".ml4t-universe-line");
  }

  rowsOf({ rows = [], groups = [], reasons, dues, costs }) {
    return rows.map((row) => {
      const [symbol, more, key, group, state, reason, bars, first, last] = row;
      const [due, dueIn, cost, requests] = row.slice(9);
      const words = reasons[reason];
      return {
        key,
        symbol,
        more,
        group,
        state,
        reason: words,
        bars,
        first,
        last,
        due: dues[due],
        dueIn,
        cost: costs[cost],
        requests,
        dataset: key.split(" ").at(-1),
        found: `${groups[group][1]} ${key} ${state} ${words}`.toLowerCase(),
      };
    });
  }

  groupsOf(wanted) {
    const { board, look } = this;
    const order = (row) => ORDER[look.sort.by](row, board.states);
    return (board.groups ?? [])
      .map(([name, title, facts, words, cost, hasToDo, line], at) => ({
        ...{ key: title, name, title, facts, words, cost, hasToDo, line },
        all: this.rows.filter((row) => row.group === at),
        rows: sorted(
          wanted.filter((row) => row.group === at && !look.off.has(row.state)),
          order,
          look.sort.isDown,
        ),
      }))
      // A universe all of whose states are off can still be synced.
      .filter((group) => group.rows.length || (group.name && !look.filter));
  }

  changes() {
    const hear = () => {
      this.running = this.model.get("running");
      this.drawAll();
      this.draw();
    };
    return { "change:running": hear };
  }

  taken() {
    this.grid.classList.toggle("ml4t-has-kinds", this.rows.some((row) => row.more));
    this.measure();
    this.drawAll();
  }

  // Those with a name are universes; several are synced by one button.
  get named() {
    return (this.board.groups ?? []).filter(([name]) => name);
  }

  drawAll() {
    const hadFocus = this.all.contains(document.activeElement)
      ? document.activeElement.dataset.does
      : "";
    this.all.replaceChildren();
    if (this.named.length < 2) return;
    const plan = press("Plan all", "ml4t-once", { does: "plan-all" });
    plan.title = HINTS.plan;
    this.all.append(plan);
    if (!Object.keys(this.running).length) {
      const look = this.named.some((each) => each[5]) ? "ml4t-board-primary" : "";
      const sync = press("Sync all", `ml4t-once ${look}`, { does: "sync-all" });
      sync.title = HINTS.sync;
      this.all.append(sync);
    }
    if (hadFocus) (this.all.querySelector(`[data-does="${hadFocus}"]`) ?? plan).focus();
  }

  // Of groups as they are drawn: their words take as many lines as there is room for.
  heightOf(line) {
    const drawn = line.what === "group" ? this.elements.get(line.key)?.element.offsetHeight : 0;
    return drawn || super.heightOf(line);
  }

  factsOf({ what, row, group, isFolded }) {
    if (what === "row") return [row];
    return [group.rows.length, isFolded, this.board.version, this.running[group.name] ?? ""];
  }

  made(line) {
    const { icons } = this;
    if (line.what === "row") return rowElement(line.row, icons);
    const isPrimary = this.named.length === 1 && line.group.hasToDo;
    const running = this.running[line.group.name] ?? "";
    return groupElement(line, { icons, running, isPrimary });
  }

  // The line that does what the buttons of the group in focus do.
  drawn() {
    const active = this.lines.find((line) => line.key === this.active);
    const line = active?.group?.line ?? "";
    const place = this.place;
    if (place.dataset.line === line) return;
    place.dataset.line = line;
    place.replaceChildren();
    if (!line) return;
    const copy = press("Copy", "ml4t-board-link", { ml4tCopy: line });
    place.append(made("code", "", line), copy, made("span", "", "does what Sync does; with --plan, what Plan does"));
  }

  drawFoot() {
    this.part("foot").replaceChildren(
      made("span", "ml4t-universe-file", `declared in ${this.board.file ?? ""}`),
      keyHints(KEYS),
    );
  }

  obey(button) {
    const { does } = button.dataset;
    const what = does?.replace("-all", "");
    if (what !== "plan" && what !== "sync") return;
    const universes = does === what ? [this.lineOf(button).group.name] : [];
    if (what === "plan") button.textContent = "Planning…";
    this.model.send({ what, universes });
  }
}

export default {
  render({ model, el }) {
    return shown(new UniverseView(model), el);
  },
};
