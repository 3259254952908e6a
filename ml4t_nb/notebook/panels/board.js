// The health board: hears what a person does, and sends what is to be done about which datasets.

function sortBy(view, by) {
  const { sort } = view.look;
  view.look.sort = { by, isDown: by === sort.by && !sort.isDown };
  view.arrange();
}

// What a button of the table, of the selection or of a question does.
function obey(view, button) {
  const { model } = view;
  const { does, remedy } = button.dataset;
  const line = view.lineOf(button);
  const send = (keys, more = {}) => model.send({ what: "do", remedy, keys, ...more });
  if (does === "open") model.send({ what: "open", key: line.key });
  else if (does === "do") send([line.key]);
  else if (does === "all") send(line.group.rows.map((row) => row.key));
  else if (does === "more") view.show(line);
  else if (does === "selected") {
    const fit = view.rows.filter((row) => view.selected.has(row.key) && row.can.has(remedy));
    send(fit.map((row) => row.key));
  } else if (does === "clear") {
    view.setSelected([...view.selected], false);
    view.focusActive();
  } else if (does === "keep") {
    model.send({ what: "keep" });
  } else if (does === "sure") {
    const asked = model.get("question");
    model.send({ what: "do", remedy: asked.remedy, keys: asked.keys, is_sure: true });
  }
}

function clicked(view, event) {
  const { target } = event;
  const button = target.closest("button");
  const line = view.lineOf(target);
  if (button?.dataset.by) sortBy(view, button.dataset.by);
  else if (button) obey(view, button);
  else if (target.matches(".ml4t-board-check")) {
    if (line) view.select(line, event.shiftKey);
    else view.turn(view.groups.flatMap((group) => group.rows.map((row) => row.key)));
  } else if (line?.what === "group") view.fold(line, !line.isFolded);
  else if (line?.what === "row") view.go(view.lines.indexOf(line));
}

function clickedAbove(view, event) {
  const button = event.target.closest("button");
  const state = button?.dataset.state;
  if (button === null) return;
  if (state === undefined) {
    view.model.send({ what: "refresh" });
    return;
  }
  if (!view.look.off.delete(state)) view.look.off.add(state);
  for (const group of view.groups) if (group.state === state) view.look.folds.delete(group.key);
  drawTotals(view);
  view.arrange();
}

function filterBy(view, words) {
  view.look.filter = words.trim().toLowerCase().replaceAll(/ +/g, " ");
  view.arrange();
}

function heardInFilter(view, event) {
  const { key, target } = event;
  if (key === "Escape" && target.value) {
    target.value = "";
    filterBy(view, "");
  } else if (key === "Enter" || key === "ArrowDown" || key === "Escape") view.focusActive();
  else return;
  event.preventDefault();
}

function listen(view, signal) {
  const { model, top, main, scroll } = view;
  const on = (target, type, hear) => target.addEventListener(type, hear, { signal });
  on(main, "click", (event) => clicked(view, event));
  on(main, "dblclick", (event) => {
    const line = view.lineOf(event.target);
    if (line?.what === "row" && !event.target.closest("button, input")) view.enter(line);
  });
  on(main, "focusin", ({ target }) => {
    const line = view.lineOf(target);
    if (line === undefined || line.key === view.active) return;
    view.active = line.key;
    view.draw();
  });
  on(top, "click", (event) => clickedAbove(view, event));
  on(view.part("filter"), "input", ({ target }) => filterBy(view, target.value));
  on(view.part("filter"), "keydown", (event) => heardInFilter(view, event));
  on(top.querySelector("select"), "change", ({ target }) => {
    view.look.grouping = target.value;
    view.arrange();
  });
  const judge = ({ target }) => {
    const days = target.valueAsNumber;
    if (Number.isFinite(days)) model.send({ what: "stale", days });
  };
  on(view.part("foot"), "change", judge);
  // Not every page lets Enter end a change.
  on(view.part("foot"), "keydown", (event) => event.key === "Enter" && judge(event));
  // A click on words leaves the focus on the panel that all this is in.
  on(window, "keydown", (event) => {
    const panel = main.closest(".ml4t-panel") ?? main;
    if (!(event.target instanceof Element) || !panel.contains(event.target)) return;
    if (main.checkVisibility() && heard(event, view)) event.preventDefault();
  });
  on(scroll, "scroll", () => {
    cancelAnimationFrame(view.waiting);
    if (view.lines.length > WHOLE) view.waiting = requestAnimationFrame(() => view.draw());
  });
}

// Tells the kernel while the page is there and not hidden: so long it looks whether the store has
// changed.
function tellWhetherSeen(model, signal) {
  const page = `${Date.now()} ${Math.random()}`;
  let isSeen = false;
  const tell = (isThere) => {
    if (isThere === isSeen) return;
    isSeen = isThere;
    model.send({ what: "seen", page, is_seen: isSeen });
  };
  const look = () => tell(!document.hidden);
  document.addEventListener("visibilitychange", look, { signal });
  window.addEventListener("pagehide", () => tell(false), { signal });
  window.addEventListener("pageshow", look, { signal });
  signal.addEventListener("abort", () => tell(false));
  look();
}

export default {
  render({ model, el }) {
    const view = new BoardView(model);
    const stop = new AbortController();
    el.classList.add("ml4t-board");
    // What is between totals and table, the jobs, is the kernel's: all are parts of one column.
    el.style.display = "contents";
    el.append(view.top, view.main);
    const changes = {
      "change:board": () => view.take(),
      "change:busy": () => {
        view.busy = new Set(model.get("busy"));
        view.draw();
      },
      "change:opened": () => view.draw(),
      "change:question": () => drawQuestion(view, model.get("question")),
      "change:stale_days": () => drawFoot(view, model.get("stale_days")),
      "msg:custom": (message) => view.takeStrips(message),
    };
    view.take();
    drawQuestion(view, model.get("question"));
    listen(view, stop.signal);
    tellWhetherSeen(model, stop.signal);
    for (const [name, hear] of Object.entries(changes)) model.on(name, hear);
    const sizes = new ResizeObserver(() => {
      if (view.measure()) view.draw();
    });
    sizes.observe(view.grid);
    return () => {
      stop.abort();
      sizes.disconnect();
      clearTimeout(view.asking);
      cancelAnimationFrame(view.waiting);
      for (const [name, hear] of Object.entries(changes)) model.off(name, hear);
    };
  },
};
