// What is around the table of the health board: its frame, selection, question, legend.
//
// Each function draws one of them from a view, see `BoardView`.

const FRAME = {
  columns: COLUMNS,
  off: ["healthy"],
  sought: "name, class, reason",
  label: "Datasets",
  nothing: "No dataset is like that: change the filter, or show more states.",
  controls: '<label class="ml4t-board-grouping">Group: <select></select></label>',
  below: `<div class="ml4t-board-question" role="alertdialog" aria-label="To confirm"></div>
    <div class="ml4t-board-selection" role="region" aria-label="Selected datasets"></div>`,
};

// What the frame has besides: boxes to select by, and what the rows may be grouped by.
function fitOut({ top, main, grid }) {
  grid.setAttribute("aria-multiselectable", "true");
  const grouping = top.querySelector("select");
  for (const [value, words] of Object.entries(GROUPINGS)) grouping.append(new Option(words, value));
  const head = main.querySelector(".ml4t-board-columns");
  const box = check("Select all", false);
  box.tabIndex = 0;
  head.prepend(columnHead(head, "box", box));
  head.querySelector(".ml4t-board-sessions").append(made("span", "ml4t-board-today", "today"));
  columnHead(head, "action", made("span", "ml4t-board-hidden", "Action"));
}

// How far the selection goes.
function drawBox({ part, groups, selected }) {
  const all = groups.flatMap((group) => group.rows);
  const chosen = sum(all, (row) => (selected.has(row.key) ? 1 : 0));
  const box = part("heads").querySelector("input");
  box.checked = chosen > 0 && chosen === all.length;
  box.indeterminate = chosen > 0 && chosen < all.length;
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
  const known = part("foot").querySelector(".ml4t-board-days");
  if (known) {
    // What is being typed stays, however often the board is drawn meanwhile.
    if (known.value === known.defaultValue) known.value = known.defaultValue = staleDays;
    return;
  }
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
  const days = made("input", "ml4t-board-days");
  Object.assign(days, { type: "number", min: "0", step: "1", defaultValue: staleDays });
  days.setAttribute("aria-label", "Calendar days after which bars that are due are stale");
  part("foot").replaceChildren(
    ...samples,
    made("label", "ml4t-board-stale", "stale after ", days, " days"),
    keyHints(KEYS),
  );
}
