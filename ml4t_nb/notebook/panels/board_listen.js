// What a person does with a board in a page, and what the kernel says: heard for any board.

function sortBy(view, by) {
  const { sort } = view.look;
  view.look.sort = { by, isDown: by === sort.by && !sort.isDown };
  view.arrange();
}

function obey(view, button) {
  const { does, state } = button.dataset;
  if (state !== undefined) turnState(view, state);
  else if (does === "refresh") view.model.send({ what: "refresh" });
  else if (does === "more") view.show(view.lineOf(button));
  else view.obey(button);
}

function clicked(view, event) {
  const { target } = event;
  const button = target.closest("button");
  const line = view.lineOf(target);
  if (button?.dataset.by) sortBy(view, button.dataset.by);
  else if (button) obey(view, button);
  else if (target.matches(".ml4t-board-check")) view.checked(line, event);
  else if (line?.what === "group") view.fold(line, !line.isFolded);
  else if (line?.what === "row") view.go(view.lines.indexOf(line));
}

// Show the rows of a state, or no longer.
function turnState(view, state) {
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
  const { top, main, scroll } = view;
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
  on(top, "click", (event) => {
    const button = event.target.closest("button");
    if (button !== null) obey(view, button);
  });
  on(view.part("filter"), "input", ({ target }) => filterBy(view, target.value));
  on(view.part("filter"), "keydown", (event) => heardInFilter(view, event));
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

// Shows a board in an element; what ends it is given back. `more` hears what else is the board's.
function shown(view, el, more = () => {}) {
  const { model } = view;
  const stop = new AbortController();
  el.classList.add("ml4t-board");
  // What is between totals and table, the jobs, is the kernel's: all are parts of one column.
  el.style.display = "contents";
  el.append(view.top, view.main);
  const changes = { "change:board": () => view.take(), ...view.changes() };
  view.take();
  listen(view, stop.signal);
  more(view, stop.signal);
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
}
