// What a board is made of, whatever its rows are: elements, its frame, chips, column heads.

const LINE_PX = { group: 34, narrow: 44, row: 26, more: 28 };
const SHOWN = 5;
const DAY_MS = 86_400_000;
const thousands = (number) => number.toLocaleString("en-US");
const dated = (day) => (day === null ? "-" : new Date(day * DAY_MS).toISOString().slice(0, 10));

function sum(items, of) {
  return items.reduce((total, item) => total + of(item), 0);
}

function made(name, className = "", ...content) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

// One of the signs that the kernel drew.
function sign(icons, name) {
  const holder = made("span", `ml4t-board-sign ml4t-is-${name}`);
  holder.innerHTML = icons[name] ?? "";
  return holder;
}

function press(label, className, data = {}) {
  const button = made("button", `ml4t-board-button ${className}`, label);
  button.type = "button";
  Object.assign(button.dataset, data);
  return button;
}

function cell(className, ...content) {
  const made_ = made("div", `ml4t-board-${className}`, ...content);
  made_.setAttribute("role", "gridcell");
  return made_;
}

function lineElement(className, level) {
  const element = made("div", `ml4t-board-${className}`);
  element.setAttribute("role", "row");
  element.setAttribute("aria-level", String(level));
  return element;
}

// The arrow of a group's line.
function arrow(isFolded) {
  const drawn = made("span", "ml4t-board-arrow", isFolded ? "▸" : "▾");
  drawn.setAttribute("aria-hidden", "true");
  return drawn;
}

function moreElement({ group }) {
  const rest = group.rows.slice(SHOWN);
  const names = rest.slice(0, 5).map((row) => row.symbol).join(", ");
  const show = press(`Show ${thousands(rest.length)} more`, "ml4t-board-link", { does: "more" });
  show.tabIndex = -1;
  const next = made("span", "ml4t-board-next", `${names}${rest.length > 5 ? " …" : ""}`);
  const whole = cell("rest", show, next);
  whole.setAttribute("aria-colspan", "9");
  const element = lineElement("more", 2);
  element.append(whole);
  return element;
}

// Above the table, and the table with what is below it. `columns` are names and words of its
// columns; `controls` and `below` are HTML of the board's own.
function frame({ columns, sought, label, controls, below }) {
  const top = made("div", "ml4t-board-top");
  top.innerHTML = `
    <div class="ml4t-board-line"><span class="ml4t-board-count"></span>
      <span class="ml4t-board-total"></span><span class="ml4t-board-asof"></span>
      <button type="button" class="ml4t-board-button ml4t-board-link ml4t-board-refresh"
        data-does="refresh" title="Read the store again.">Refresh</button></div>
    <div class="ml4t-board-bar" role="img"></div>
    <div class="ml4t-board-controls">
      <input class="ml4t-board-filter" type="text" placeholder="Filter: ${sought} ( / )"
        aria-label="Filter: ${sought}" spellcheck="false">
      <div class="ml4t-board-chips" role="group" aria-label="States shown"></div>
      ${controls}</div>`;
  const main = made("div", "ml4t-board-main");
  main.innerHTML = `
    <div class="ml4t-board-scroll"><div class="ml4t-board-grid" role="treegrid"
      tabindex="-1" aria-label="${label}">
      <div role="rowgroup" class="ml4t-board-heads"></div>
      <div role="rowgroup" class="ml4t-board-body"></div></div></div>
    <div class="ml4t-board-none"></div>
    ${below}
    <div class="ml4t-board-foot"></div>
    <div class="ml4t-board-said" role="status"></div>`;
  const head = made("div", "ml4t-board-columns");
  head.setAttribute("role", "row");
  for (const [name, words] of columns) columnHead(head, name, press(words, "ml4t-board-sort", { by: name }));
  main.querySelector(".ml4t-board-heads").append(head);
  return [top, main];
}

function columnHead(head, name, content) {
  const column = made("div", `ml4t-board-${name}`, content);
  column.setAttribute("role", "columnheader");
  head.append(column);
  return column;
}

function drawTotals(view) {
  const { board, rows, part } = view;
  part("count").textContent = board.title ?? "";
  part("total").textContent = board.total ?? "";
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

// By what the rows are sorted; `wordsOf` gives what a column's head says besides.
function drawSort({ part, look, columns }, wordsOf = () => "") {
  for (const button of part("heads").querySelectorAll("button")) {
    const [name, words] = columns.find(([each]) => each === button.dataset.by);
    const isBy = name === look.sort.by;
    const [sorted_, way] = look.sort.isDown ? [" ▼", "descending"] : [" ▲", "ascending"];
    button.textContent = `${words}${wordsOf(name)}${isBy ? sorted_ : ""}`;
    button.parentElement.setAttribute("aria-sort", isBy ? way : "none");
  }
}

function keyHints(keys) {
  const hints = keys.map(([key, words]) =>
    made("span", "ml4t-board-key", made("kbd", "", key), ` ${words}`),
  );
  return made("span", "ml4t-board-keys", ...hints);
}

// The rows in the order of what is `orderOf` each, those alike by their key.
function sorted(rows, orderOf, isDown) {
  const place = new Map(rows.map((row) => [row, orderOf(row)]));
  const way = isDown ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [place.get(a), place.get(b)];
    if (x === y) return a.key < b.key ? -1 : 1;
    return x < y ? -way : way;
  });
}

// The lines from top to bottom, each with its key.
function linesOf(groups, look) {
  return groups.flatMap((group) => {
    if (group.isPlain) return group.rows.map((row) => ({ what: "row", key: row.key, row }));
    const isFolded = look.folds.get(group.key) ?? (group.state ? look.off.has(group.state) : false);
    const lines = [{ what: "group", key: `group ${group.key}`, group, isFolded }];
    if (isFolded) return lines;
    // One line more than that says no more than the row that it would hide.
    const isWhole = look.unfolded.has(group.key) || group.rows.length <= SHOWN + 1;
    const shown = isWhole ? group.rows : group.rows.slice(0, SHOWN);
    lines.push(...shown.map((row) => ({ what: "row", key: row.key, row, group })));
    if (!isWhole) lines.push({ what: "more", key: `more ${group.key}`, group });
    return lines;
  });
}
