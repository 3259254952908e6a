// What is around the table of the board: totals, chips, column heads, selection, question, legend.
//
// Each function draws one of them from a view, see `BoardView`.

function shell() {
  const top = made("div", "ml4t-board-top");
  top.innerHTML = `
    <div class="ml4t-board-line"><span class="ml4t-board-count"></span>
      <span class="ml4t-board-total"></span><span class="ml4t-board-asof"></span>
      <button type="button" class="ml4t-board-button ml4t-board-link ml4t-board-refresh"
        title="Read the store again.">Refresh</button></div>
    <div class="ml4t-board-bar" role="img"></div>
    <div class="ml4t-board-controls">
      <input class="ml4t-board-filter" type="text" placeholder="Filter: name, class, reason ( / )"
        aria-label="Filter: name, class or reason" spellcheck="false">
      <div class="ml4t-board-chips" role="group" aria-label="States shown"></div>
      <label class="ml4t-board-grouping">Group: <select></select></label></div>`;
  const main = made("div", "ml4t-board-main");
  main.innerHTML = `
    <div class="ml4t-board-scroll"><div class="ml4t-board-grid" role="treegrid"
      tabindex="-1" aria-label="Datasets" aria-multiselectable="true">
      <div role="rowgroup" class="ml4t-board-heads"></div>
      <div role="rowgroup" class="ml4t-board-body"></div></div></div>
    <div class="ml4t-board-none">No dataset is like that: change the filter, or show more states.</div>
    <div class="ml4t-board-question" role="alertdialog" aria-label="To confirm"></div>
    <div class="ml4t-board-selection" role="region" aria-label="Selected datasets"></div>
    <div class="ml4t-board-foot"></div>
    <div class="ml4t-board-said" role="status"></div>`;
  const grouping = top.querySelector("select");
  for (const [value, words] of Object.entries(GROUPINGS)) grouping.append(new Option(words, value));
  drawColumns(main.querySelector(".ml4t-board-heads"));
  return [top, main];
}

function drawTotals(view) {
  const { board, rows, part } = view;
  part("count").textContent = board.title ?? "";
  part("total").textContent = board.bars ?? "";
  part("asof").textContent = board.as_of ?? "";
  const counts = (board.states ?? []).map((state) => [
    state,
    rows.filter((row) => row.state === state).length,
  ]);
  const there = counts.filter(([, number]) => number);
  const said = there.map(([state, number]) => `${thousands(number)} ${state}`).join(", ");
  part("bar").setAttribute("aria-label", said);
  part("bar").replaceChildren(
    ...there.map(([state, number]) => {
      const segment = made("span", `ml4t-board-part ml4t-is-${state}`);
      segment.style.flexGrow = number;
      return segment;
    }),
  );
  drawChips(view, there);
}

function drawChips({ part, icons, look }, counts) {
  const chips = part("chips");
  const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.state : "";
  chips.replaceChildren(
    ...counts.map(([state, number]) => {
      const chip = press("", "ml4t-board-chip", { state });
      chip.append(sign(icons, state), made("b", "", thousands(number)), made("span", "", ` ${state}`));
      chip.setAttribute("aria-pressed", String(!look.off.has(state)));
      return chip;
    }),
  );
  if (focused) chips.querySelector(`[data-state="${focused}"]`)?.focus();
}

function drawColumns(heads) {
  const head = made("div", "ml4t-board-columns");
  head.setAttribute("role", "row");
  const column = (name, content) => {
    const made_ = made("div", `ml4t-board-${name}`, content);
    made_.setAttribute("role", "columnheader");
    head.append(made_);
    return made_;
  };
  const box = check("Select all", false);
  box.tabIndex = 0;
  column("box", box);
  for (const [name, words] of COLUMNS) {
    const made_ = column(name, press(words, "ml4t-board-sort", { by: name }));
    if (name === "sessions") made_.append(made("span", "ml4t-board-today", "today"));
  }
  column("action", made("span", "ml4t-board-hidden", "Action"));
  heads.append(head);
}

// How far the selection goes, and by what the rows are sorted.
function drawHeads({ part, groups, selected, look, board }) {
  const all = groups.flatMap((group) => group.rows);
  const chosen = sum(all, (row) => (selected.has(row.key) ? 1 : 0));
  const box = part("heads").querySelector("input");
  box.checked = chosen > 0 && chosen === all.length;
  box.indeterminate = chosen > 0 && chosen < all.length;
  const year = board.scale ? `, ${dated(board.scale[0]).slice(0, 4)}` : "";
  for (const button of part("heads").querySelectorAll("button")) {
    const [name, words] = COLUMNS.find(([each]) => each === button.dataset.by);
    const isBy = name === look.sort.by;
    const [arrow, way] = look.sort.isDown ? [" ▼", "descending"] : [" ▲", "ascending"];
    button.textContent = `${words}${name === "sessions" ? year : ""}${isBy ? arrow : ""}`;
    button.parentElement.setAttribute("aria-sort", isBy ? way : "none");
  }
}

function drawSelection({ part, rows, selected, busy, board }) {
  const bar = part("selection");
  const chosen = rows.filter((row) => selected.has(row.key));
  bar.style.display = chosen.length ? "" : "none";
  const facts = JSON.stringify([chosen.map((row) => row.key), board.version, [...busy]]);
  if (bar.dataset.facts === facts) return;
  bar.dataset.facts = facts;
  const hadFocus = bar.contains(document.activeElement);
  const free = chosen.filter((row) => !busy.has(row.key));
  const buttons = Object.keys(LABELS).flatMap((remedy) => {
    const fit = free.filter((row) => row.can.has(remedy));
    if (!fit.length) return [];
    const number = remedy === "review" ? sum(fit, (row) => row.suspect) : fit.length;
    const look = remedy === "update" ? "ml4t-board-outlined" : "";
    const words = LABELS[remedy][3].replace("#", thousands(number));
    const button = press(words, `${look} ml4t-once`, { does: "selected", remedy });
    button.title = HINTS[remedy];
    return [button];
  });
  const names = chosen.slice(0, 8).map((row) => row.symbol).join(", ");
  bar.replaceChildren(
    made("b", "", `${thousands(chosen.length)} selected`),
    made("span", "ml4t-board-names", `${names}${chosen.length > 8 ? " …" : ""}`),
    ...buttons,
    press("Clear", "ml4t-board-link", { does: "clear" }),
  );
  if (hadFocus) bar.querySelector("button")?.focus({ preventScroll: true });
}

function drawQuestion(view, { words, keys, remedy }) {
  const { part, icons } = view;
  const asks = part("question");
  const hadFocus = asks.contains(document.activeElement);
  asks.style.display = words ? "" : "none";
  asks.replaceChildren();
  if (!words) {
    if (hadFocus) view.focusActive();
    return;
  }
  const label = labelOf(remedy, keys.length, false).replace("…", "");
  const yes = press(label, "ml4t-board-outlined ml4t-once", { does: "sure" });
  const no = press("Keep as it is", "", { does: "keep" });
  asks.append(sign(icons, "suspect"), made("span", "ml4t-board-words", words), yes, no);
  no.focus({ preventScroll: true });
  asks.scrollIntoView({ block: "nearest" });
}

const SAMPLES = {
  stored: ["stored", []],
  gap: ["open gap", [["gap", [[2, 6]]]]],
  filled: ["filled", [["filled", [[3, 6]]]]],
  suspect: ["suspect", [["suspect", [[1, 8]]]]],
  due: ["due, not stored", []],
};
const KEYS = [["/", "filter"], ["Space", "select"], ["Enter", "open"]];

function drawFoot({ part }, staleDays) {
  const samples = Object.entries(SAMPLES).map(([kind, [words, spans]]) => {
    const row = kind === "due" ? { first: -9, last: -1, behind: 1 } : { first: 0, last: 9, behind: 0 };
    row.toShare = placesOf([0, 10]);
    const picture = drawStrip(row, { spans, words: "" }, 16);
    if (kind !== "stored") {
      for (const each of picture.querySelectorAll(".ml4t-strip-stored")) each.remove();
    }
    for (const name of ["role", "aria-label"]) picture.removeAttribute(name);
    picture.setAttribute("aria-hidden", "true");
    return made("span", "ml4t-board-swatch", picture, words);
  });
  const keys = KEYS.map(([key, words]) =>
    made("span", "ml4t-board-key", made("kbd", "", key), ` ${words}`),
  );
  const days = made("input", "ml4t-board-days");
  Object.assign(days, { type: "number", min: "0", step: "1", value: staleDays });
  days.setAttribute("aria-label", "Calendar days after which bars that are due are stale");
  part("foot").replaceChildren(
    ...samples,
    made("label", "ml4t-board-stale", "stale after ", days, " days"),
    made("span", "ml4t-board-keys", ...keys),
  );
}
