// The health board in a page. The selection is the page's own; what a dataset has of each day is
// asked for when its line comes into sight.

const ASK_MS = 40;
const ASK_MOST = 60;

class HealthView extends BoardView {
  constructor(model) {
    super(model, FRAME);
    fitOut(this);
    this.look.grouping = "cause";
    this.selected = new Set();
    this.strips = new Map(); // by key: the strip, and the version of the board that it is of
    this.asked = new Map(); // by key: the version that its strip was asked for at
    this.busy = new Set(model.get("busy"));
    this.anchor = "";
  }

  rowsOf(board) {
    return decoded(board);
  }

  groupsOf(wanted) {
    return grouped(this.rows, wanted, this.board, this.look);
  }

  changes() {
    const { model } = this;
    return {
      "change:busy": () => {
        this.busy = new Set(model.get("busy"));
        this.draw();
      },
      "change:opened": () => this.draw(),
      "change:question": () => drawQuestion(this, model.get("question")),
      "change:stale_days": () => this.drawFoot(),
      "msg:custom": (message) => this.takeStrips(message),
    };
  }

  taken() {
    const here = new Set(this.rows.map((row) => row.key));
    for (const key of [...this.selected]) if (!here.has(key)) this.selected.delete(key);
    this.grid.classList.toggle("ml4t-has-kinds", this.rows.some((row) => row.more));
    this.measure();
  }

  drawFoot() {
    drawFoot(this, this.model.get("stale_days"));
  }

  drawHeads() {
    drawBox(this);
    const { scale } = this.board;
    const year = scale ? `, ${dated(scale[0]).slice(0, 4)}` : "";
    drawSort(this, (name) => (name === "sessions" ? year : ""));
  }

  drawn() {
    drawSelection(this);
    this.askForStrips();
  }

  // Whether the strips are of another width than before.
  measure() {
    const width = Math.floor(this.part("heads").querySelector(".ml4t-board-sessions").clientWidth);
    const before = this.width;
    this.width = width;
    return width !== before;
  }

  factsOf({ what, key, row, group, isFolded }) {
    if (what === "row") {
      const strip = this.strips.get(key)?.strip ?? null;
      const isOpen = this.model.get("opened") === key;
      return [row, this.selected.has(key), this.busy.has(key), isOpen, strip, this.width];
    }
    const chosen = sum(group.rows, (each) => (this.selected.has(each.key) ? 1 : 0));
    return [chosen, group.rows.length, isFolded, this.board.version];
  }

  made(line, facts) {
    const { icons, width } = this;
    if (line.what === "group") return groupElement(line, { icons, chosen: facts[0] });
    const [row, isSelected, isBusy, isOpen, strip] = facts;
    return rowElement(row, { icons, isSelected, isBusy, isOpen, strip, width });
  }

  // What a button of the table, of the selection or of a question does.
  obey(button) {
    const { model, selected } = this;
    const { does, remedy } = button.dataset;
    const line = this.lineOf(button);
    const send = (keys, more = {}) => model.send({ what: "do", remedy, keys, ...more });
    if (does === "open") this.open(line);
    else if (does === "do") send([line.key]);
    else if (does === "all") send(line.group.rows.map((row) => row.key));
    else if (does === "selected") {
      const fit = this.rows.filter((row) => selected.has(row.key) && row.can.has(remedy));
      send(fit.map((row) => row.key));
    } else if (does === "clear") {
      this.setSelected([...selected], false);
      this.focusActive();
    } else if (does === "keep") {
      model.send({ what: "keep" });
    } else if (does === "sure") {
      const asked = model.get("question");
      model.send({ what: "do", remedy: asked.remedy, keys: asked.keys, is_sure: true });
    }
  }

  open(line) {
    this.model.send({ what: "open", key: line.key });
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

  // A click on a box: of a line, or of the head, which is about all.
  checked(line, event) {
    if (line) this.select(line, event.shiftKey);
    else this.turn(this.groups.flatMap((group) => group.rows.map((row) => row.key)));
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
}
